/** Sessions of `purser run` that come to rest and go on: by Ctrl-C, at the cap, and after the process was killed. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { readJournal } from '../../action/money/journal.ts'
import { keptSpends } from '../../cli/run/kept-runs.ts'
import { planRun } from '../../cli/run/planned-run.ts'
import { readSavedSession } from '../../cli/run/session-folder.ts'
import { formatAtMostUsd, formatUsd } from '../../core/money/money.ts'
import { sessionEventSchema } from '../../core/session/session-event.ts'
import { JobWorld, sumProject } from '../action/job-world.ts'
import { bubblewrap } from '../action/sandboxed.ts'
import { startModel } from '../world/model.ts'
import type { ChatRequest, ModelReply } from '../world/model-contract.ts'
import { start as startProcess } from '../world/start.ts'
import { purserHere } from './here.ts'

const CLI = fileURLToPath(new URL('../../cli/purser.js', import.meta.url))
const KEY = 'sk-canary-0123456789'
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Two agents' steps, so that there is a checkpoint between them. */
const workflow = `name: mend
summary: Mend the code, then say so
value: quality
on: [push]
steps:
  - { id: mend, agent: fixer, prompt: mend.md }
  - { id: check, agent: fixer, prompt: check.md, until: { run: grep -q a sum.js } }
deliver: pull-request
cap: { usd: 0.50 }
`

const edit = { toolCalls: [{ name: 'edit', arguments: { path: 'sum.js', old: 'a - b', new: 'a + b' } }] }
const look = (path: string) => ({ toolCalls: [{ name: 'read', arguments: { path } }] })

/** `replies` by how many requests came before, over all runs, but for those that ask to wrap up. `asked` resolves when that request is there. */
async function setUp(replies: readonly ModelReply[]) {
  const requests: ChatRequest[] = []
  const waiting = new Map<number, () => void>()
  const model = await startModel({
    scripts: [
      (request) => {
        const isWrapUp = JSON.stringify(request.messages.at(-1)).includes('budget for this work is used up')
        if (isWrapUp) return { text: 'That was dear', usage: { input: 900, output: 20 } }
        requests.push(request)
        waiting.get(requests.length)?.()
        return replies[requests.length - 1]
      },
    ],
  })
  const files = { ...sumProject, '.github/purser/catalog/mend/check.md': 'Check it.\n${{ steps.mend.output }}\n' }
  const world = new JobWorld({ files, workflow, prompt: 'Mend the sum.\n' })
  closing.push(
    () => model.close(),
    () => world.close(),
  )
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
    OPENAI_API_KEY: KEY,
    OPENAI_BASE_URL: model.url,
  }
  const unconfined = bubblewrap ? [] : ['--no-sandbox']
  const start = (dir: string, ...args: string[]) => {
    const child = startProcess(process.execPath, [CLI, 'run', ...args, '--dir', dir, ...unconfined], { env })
    const ended = child.ended.then(({ code, stdout, stderr }) => ({
      exitCode: code,
      stdout: `${stdout}`,
      stderr: `${stderr}`,
    }))
    return { child, ended }
  }
  /** In this process, where it is not the point that one ends and another goes on. */
  const runHere = async (dir: string, ...args: string[]) => {
    const { code, ...said } = await purserHere(['run', ...args, '--dir', dir, ...unconfined], { env })
    return { exitCode: code, ...said }
  }
  const asked = (count: number) => new Promise<void>((resolve) => waiting.set(count, resolve))
  return { requests, world, start, runHere, asked }
}

function sessionsOf(root: string): string[] {
  return readdirSync(join(root, '.purser/sessions')).map((id) => join(root, '.purser/sessions', id))
}

function eventsOf(session: string) {
  return readFileSync(join(session, 'events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => sessionEventSchema.parse(JSON.parse(line)))
}

/** A copy of the repository that has its commits and nothing of its `.purser`. */
function cloneOf(world: JobWorld): string {
  const dir = mkdtempSync(join(tmpdir(), 'purser-clone-'))
  closing.push(() => rmSync(dir, { recursive: true, force: true }))
  execFileSync('git', ['clone', '--quiet', world.workspace, dir])
  return dir
}

/** Fails at once where the process ends without having asked. */
async function untilAsked(asked: Promise<void>, ended: Promise<{ stdout: string; stderr: string }>) {
  await Promise.race([asked, ended.then(({ stdout, stderr }) => Promise.reject(new Error(stdout + stderr)))])
}

describe('a run that is paused by Ctrl-C', () => {
  it('goes on in another folder with the same conversation, byte for byte', async () => {
    const { world, start, asked, requests } = await setUp([
      edit,
      { ...look('sum.js'), delayMs: 300 },
      { text: 'Added' },
      { text: 'Checked' },
    ])
    const { child, ended } = start(world.workspace, 'mend')
    await untilAsked(asked(2), ended)
    child.kill('SIGINT')
    const paused = await ended
    expect(paused.exitCode).toBe(130)
    expect(paused.stdout).toContain('paused: The run was told to rest')
    expect(readFileSync(join(world.workspace, 'sum.js'), 'utf8')).toContain('a - b')
    const [session = ''] = sessionsOf(world.workspace)
    expect(paused.stdout).toContain(`purser run --resume ${session.slice(-8)}\n`)

    const clone = cloneOf(world)
    const file = join(clone, 'paused.json')
    const saved = readFileSync(join(session, 'checkpoint.json'), 'utf8')
    expect(saved).toMatch(/"inputTokens":\s*\d+/)
    // Whoever made the file may have written down less than the conversation has.
    writeFileSync(file, saved.replace(/"inputTokens":\s*\d+/, '"inputTokens": 1'))
    const resumed = await start(clone, '--resume', file).ended
    expect(resumed).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('completed: ') })
    expect(resumed.stderr).toContain('from a checkpoint: 0 steps are finished, `mend` goes on after turn 2')
    expect(resumed.stderr).toContain('this checkpoint comes from elsewhere: what its session has spent there since')
    expect(readFileSync(join(clone, 'sum.js'), 'utf8')).toContain('a + b')

    const [, second, third] = requests
    const [resumedSession = ''] = sessionsOf(clone)
    const [call] = readJournal(join(resumedSession, 'journal.jsonl')) ?? []
    const boundInput = Number(call?.reservedMicroUsd) - 4 * Number(third?.max_completion_tokens)
    expect(boundInput).toBeGreaterThan(JSON.stringify(third?.messages).length)
    const before = JSON.stringify(second?.messages).slice(0, -1)
    expect(JSON.stringify(third?.messages).startsWith(before)).toBe(true)
    expect(third?.messages.slice(second?.messages.length).map(({ role }) => role)).toEqual(['assistant', 'tool'])
    expect(JSON.stringify({ ...third, messages: [] })).toBe(
      JSON.stringify({ ...second, messages: [], max_completion_tokens: third?.max_completion_tokens }),
    )
    expect(paused.stdout + paused.stderr + readFileSync(file, 'utf8')).not.toContain('canary')
  })

  it('writes a log without gaps that ends with its checkpoint, and counts among such runs when it has ended, and then whole', async () => {
    const { world, start, runHere, asked } = await setUp([
      { ...edit, delayMs: 300, usage: { input: 1000, output: 100 } },
      { text: 'Added', usage: { input: 1000, output: 100 } },
      { text: 'Checked', usage: { input: 1000, output: 100 } },
    ])
    const { child, ended } = start(world.workspace, 'mend')
    await untilAsked(asked(1), ended)
    child.kill('SIGINT')
    await ended
    const [session = ''] = sessionsOf(world.workspace)
    const events = eventsOf(session)
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index))
    expect(events.map(({ kind }) => kind)).toEqual([
      ...['run-started', 'step-started', 'told', 'told', 'usage', 'turn', 'tool-result'],
      ...['step-ended', 'paused', 'checkpoint', 'ended'],
    ])
    expect(events.at(-1)).toMatchObject({ conclusion: 'cancelled', reason: 'paused' })
    const spends = () => keptSpends(world.workspace, 'mend', undefined, 20)
    expect(spends()).toEqual([])
    const { stdout } = await runHere(world.workspace, '--resume', session.slice(-8))
    expect(stdout).toContain('completed: ')
    expect(spends()).toEqual([BigInt(3 * (1000 + 4 * 100))])
  })
})

describe('a run that was killed', () => {
  it('goes on from its last checkpoint: what is finished is not asked for again', async () => {
    const { world, start, asked, requests } = await setUp([
      edit,
      { text: 'Added' },
      { silent: true },
      { text: 'Checked' },
    ])
    const { child, ended } = start(world.workspace, 'mend')
    await untilAsked(asked(3), ended)
    child.kill('SIGKILL')
    await ended
    const [session = ''] = sessionsOf(world.workspace)
    expect(eventsOf(session).at(-1)?.kind).toBe('told')
    const calls = readJournal(join(session, 'journal.jsonl')) ?? []
    expect(calls.map(({ usage }) => usage)).toEqual(['reported', 'reported', 'unknown'])
    const spent = calls.reduce((sum, { spentMicroUsd }) => sum + spentMicroUsd, 0n)
    const resumed = await start(world.workspace, '--resume', session.slice(-8)).ended
    expect(resumed).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('The work is in your working tree') })
    // The call that was under way is counted at its reservation, and all of it taken off the ceiling.
    expect(resumed.stderr).toContain(`never more than ${formatAtMostUsd(500_000n - spent)}\n`)
    expect(resumed.stderr).toContain(`${formatUsd(spent)} is spent already`)
    expect(resumed.stderr).not.toContain('from elsewhere')
    expect(spent).toBeGreaterThan(30_000n)
    const [wentOn] = sessionsOf(world.workspace).filter((folder) => folder !== session)
    expect(readFileSync(join(session, 'went-on'), 'utf8')).toBe(`${wentOn?.slice(-8)}\n`)
    expect(requests).toHaveLength(4)
    expect(JSON.stringify(requests[3]?.messages)).toBe(JSON.stringify(requests[2]?.messages))
    expect(JSON.stringify(requests[3]?.messages)).toContain('Added')
    expect(readFileSync(join(world.workspace, 'sum.js'), 'utf8')).toContain('a + b')
  })
})

describe('a run that was killed in the middle of a step', () => {
  const dear = { usage: { input: 1_000, output: 13_500 } }
  const looks = Array.from({ length: 20 }, (_, at) => look(at % 2 === 0 ? 'sum.js' : 'sum.test.js'))

  /** Killed at its last request; answers its session. */
  async function killed(before: readonly ModelReply[]) {
    const { world, start, runHere, asked, requests } = await setUp([...before, { text: 'Added' }, { text: 'Checked' }])
    const { child, ended } = start(world.workspace, 'mend')
    await untilAsked(asked(before.length), ended)
    child.kill('SIGKILL')
    await ended
    const [session = ''] = sessionsOf(world.workspace)
    const checkpoints = eventsOf(session).filter(({ kind }) => kind === 'checkpoint')
    expect(checkpoints).toEqual([expect.objectContaining({ step: 'mend', stepsFinished: 0, files: 1 })])
    return { world, runHere, requests, session }
  }

  it('goes on within it from a checkpoint that is made every twenty turns', async () => {
    const before = [edit, ...looks, { silent: true as const }]
    const { world, runHere, requests, session } = await killed(before)
    const resumed = await runHere(world.workspace, '--resume', session.slice(-8))
    expect(resumed).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('The work is in your working tree') })
    const [atKill, after] = [requests[before.length - 1], requests[before.length]]
    expect(atKill?.messages).toHaveLength(2 + 2 * (before.length - 1))
    expect(JSON.stringify(after?.messages)).toBe(JSON.stringify(atKill?.messages.slice(0, 2 + 2 * 20)))
    expect(readFileSync(join(world.workspace, 'sum.js'), 'utf8')).toContain('a + b')
  })

  it('has one as often as a tenth of the cap is spent', async () => {
    const { session } = await killed([{ ...edit, ...dear }, look('sum.js'), { silent: true as const }])
    const saved = readSavedSession(join(session, 'checkpoint.json'))
    expect(saved).toMatchObject({ checkpoint: { conversation: { step: 'mend', turns: 1 } } })
  })
})

describe('a session', () => {
  it('is gone on with by one run at a time, and by none while its first is under way', async () => {
    const silences = [{ silent: true as const }, { silent: true as const }]
    const { world, start, runHere, asked } = await setUp([
      { ...edit, usage: { input: 1_000, output: 13_500 } },
      ...silences,
    ])
    const first = start(world.workspace, 'mend')
    await untilAsked(asked(2), first.ended)
    const [session = ''] = sessionsOf(world.workspace)
    const id = session.slice(-8)
    const refused = { exitCode: 1, stderr: expect.stringContaining('Another run of this session is under way') }
    while (!existsSync(join(session, 'checkpoint.json'))) await sleep(20)
    expect(await runHere(world.workspace, '--resume', id)).toMatchObject(refused)
    first.child.kill('SIGKILL')
    await first.ended

    const second = start(world.workspace, '--resume', id)
    await untilAsked(asked(3), second.ended)
    const [wentOn = ''] = sessionsOf(world.workspace).filter((folder) => folder !== session)
    expect(await runHere(world.workspace, '--resume', id)).toMatchObject(refused)
    expect(readFileSync(join(session, 'went-on'), 'utf8')).toBe(`${wentOn.slice(-8)}\n`)
    second.child.kill('SIGKILL')
    await second.ended
  })
})

describe('a run that reached its cap', () => {
  it('goes on under a higher one, less what it has spent, and its work takes the place of what is in the tree', async () => {
    const dear = { usage: { input: 1_000, output: 13_500 } }
    const { world, runHere, requests } = await setUp([
      { ...edit, ...dear },
      { toolCalls: [{ name: 'write', arguments: { path: 'more.js', content: 'export {}\n' } }] },
      { text: 'Added more' },
      { text: 'Checked' },
    ])
    const capped = await runHere(world.workspace, 'mend', '--cap', '0.066')
    expect(capped.stdout).toContain('capped: ')
    expect(capped.stdout).toMatch(/purser run --resume [0-9a-f]{8} --cap 2x\n/)
    expect(readFileSync(join(world.workspace, 'sum.js'), 'utf8')).toContain('a + b')
    const [session = ''] = sessionsOf(world.workspace)
    const id = session.slice(-8)
    const same = await runHere(world.workspace, '--resume', id)
    expect(same.stdout).toContain('capped: ')
    const { exitCode, stdout, stderr } = await runHere(world.workspace, '--resume', id, '--cap', '0.50')
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringContaining('completed: ') })
    expect(stderr).toMatch(/never more than \$0\.4\d\n/)
    expect(existsSync(join(world.workspace, 'more.js'))).toBe(true)
    expect(world.git('status', '--porcelain')).toBe(' M sum.js\n?? more.js\n')
    expect(requests).toHaveLength(4)
  })
})

describe('a checkpoint is refused', () => {
  it.each([
    ['that is not there', () => undefined, 'usage', 'There is no checkpoint'],
    ['that is no JSON', () => '{"version":1', 'usage', 'is no checkpoint: it is not JSON'],
    ['that lacks what it needs', () => '{"version":1}', 'usage', 'is no checkpoint: '],
    [
      'of a commit that is not here',
      (text: string, sha: string) => text.replaceAll(sha, 'b'.repeat(40)),
      'refusal',
      'is not in',
    ],
    [
      'whose work was made on another commit',
      (text: string, sha: string) => text.replace(`"baseSha":"${sha}"`, `"baseSha":"${'b'.repeat(40)}"`),
      'refusal',
      'does not apply to',
    ],
    [
      'of another workflow',
      (text: string) => text.replace('"workflow":"mend"', '"workflow":"bend"'),
      'refusal',
      'no workflow `bend`',
    ],
    [
      'whose work leads out of the repository',
      (text: string) => text.replace('"path":"sum.js"', '"path":"../sum.js"'),
      'refusal',
      'can’t be applied',
    ],
    [
      'that has spent its ceiling',
      (text: string) => text.replace(/"spentMicroUsd":"\d+"}}/, '"spentMicroUsd":"500000"}}'),
      'refusal',
      'nothing is left to go on with',
    ],
  ])('%s', async (_, change, kind, says) => {
    const { world } = await paused()
    const [session = ''] = sessionsOf(world.workspace)
    const text = change(readFileSync(join(session, 'checkpoint.json'), 'utf8'), world.sha)
    const file = join(world.dir, 'changed.json')
    if (text !== undefined) writeFileSync(file, text)
    const options = { dir: world.workspace, resume: file, sandbox: true, dryRun: false, json: false }
    const planned = await planRun(undefined, [], options)
    expect({ ...planned }).toMatchObject(
      kind === 'usage'
        ? { usage: expect.stringContaining(says) }
        : {
            refused: true,
            message: expect.stringContaining(says),
            ...(says.includes('nothing is left') && { reason: 'session-used-up' }),
          },
    )
  })

  it('counts what those spent that went on from it before, and from them', async () => {
    const { world } = await paused()
    const [session = ''] = sessionsOf(world.workspace)
    const spent = () => {
      const saved = readSavedSession(join(session, 'checkpoint.json'))
      if ('problem' in saved) throw new Error(saved.problem)
      return saved.checkpoint.spentMicroUsd
    }
    const own = spent()
    expect(own).toBeGreaterThan(0n)
    const later = ['0000000a', '0000000b'].map((id) => join(dirname(session), id))
    for (const folder of later) cpSync(session, folder, { recursive: true })
    writeFileSync(join(session, 'went-on'), '0000000a\n')
    writeFileSync(join(later[0] ?? '', 'went-on'), '0000000b\nffffffff\n../evil\n')
    expect(spent()).toBe(3n * own)
    writeFileSync(join(later[1] ?? '', 'went-on'), `0000000b\n0000000a\n${basename(session)}\n`)
    expect(spent(), 'each counts once, also where they lead in a circle').toBe(3n * own)
    for (const path of [...later, join(session, 'went-on')]) rmSync(path, { recursive: true })
  })

  let shared: Awaited<ReturnType<typeof setUp>> | undefined
  const kept: (() => unknown)[] = []
  afterAll(async () => {
    for (const close of kept) await close()
  })
  /** One paused run for all of them. */
  async function paused() {
    if (shared !== undefined) return shared
    shared = await setUp([edit, { ...look('sum.js'), delayMs: 200 }])
    kept.push(...closing.splice(0))
    const { child, ended } = shared.start(shared.world.workspace, 'mend')
    await untilAsked(shared.asked(2), ended)
    child.kill('SIGINT')
    await ended
    return shared
  }
})
