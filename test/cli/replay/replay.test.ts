/** A run recorded once with a scripted model, and played again: as it was, and with one thing changed at a time. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { withEarlier as told } from '../../../action/agent/earlier.ts'
import { openDatabase } from '../../../app/database/open.ts'
import { openLedger } from '../../../app/ledger/ledger.ts'
import { takeEvents } from '../../../app/ledger/session-log.ts'
import { recordingIn } from '../../../cli/replay/app-recording.ts'
import { readRecording } from '../../../cli/replay/recorded-run.ts'
import { sameMasked } from '../../../core/masked-text.ts'
import { type SessionEvent, sessionEventSchema } from '../../../core/session/session-event.ts'
import { JobWorld, sumProject } from '../../action/job-world.ts'
import { bubblewrap } from '../../action/sandboxed.ts'
import { onDisk } from '../../app/database/embedded-beginning.ts'
import { CENT, newRepository, portfolioAccount, requestFor, reservedRun } from '../../app/ledger/scene.ts'
import { startModel } from '../../world/model.ts'
import type { ModelReply } from '../../world/model-contract.ts'
import { purserHere } from '../here.ts'
import { purser } from '../purser.ts'

const unconfined = bubblewrap ? [] : ['--no-sandbox']
const PATH = `${dirname(process.execPath)}:${process.env.PATH ?? ''}`
const MEND = '.github/purser/catalog/mend'

/** The first attempt breaks it otherwise, so that the recording has a check that failed. */
const replies: readonly ModelReply[] = [
  { toolCalls: [{ name: 'edit', arguments: { path: 'sum.js', old: 'a - b', new: 'a * b' } }] },
  { text: 'Multiplied' },
  { toolCalls: [{ name: 'edit', arguments: { path: 'sum.js', old: 'a * b', new: 'a + b' } }] },
  { text: 'Added' },
]

let world: JobWorld
let log = ''
let declared: ReadonlyMap<string, string>

beforeAll(async () => {
  // Its test prints how long it took, as most do.
  const test = `console.log(\`begun after \${performance.now()} ms\`)\n${sumProject['sum.test.js']}`
  world = new JobWorld({ files: { ...sumProject, 'sum.test.js': test } })
  const script = (request: { messages: { role: string }[] }) =>
    replies[request.messages.filter(({ role }) => role === 'assistant').length]
  const model = await startModel({ scripts: [script] })
  const env = { PATH, OPENAI_API_KEY: 'sk-scripted', OPENAI_BASE_URL: model.url }
  const ran = await purser(['run', 'mend', 'goal=Add', '--dir', world.workspace, ...unconfined], { env })
  await model.close()
  if (ran.code !== 0) throw new Error(ran.stdout + ran.stderr)
  const sessions = join(world.workspace, '.purser/sessions')
  log = join(sessions, readdirSync(sessions)[0] ?? '', 'events.jsonl')
  const paths = [`${MEND}/workflow.yml`, `${MEND}/mend.md`, '.github/purser/portfolios.yml']
  declared = new Map(paths.map((path) => [path, readFileSync(join(world.workspace, path), 'utf8')]))
})
afterAll(() => world.close())

/** `change` of one declared file, for this replay alone. */
async function replayed(file = log, path = '', change = (text: string) => text) {
  const before = declared.get(path)
  if (before !== undefined) writeFileSync(join(world.workspace, path), change(before))
  const args = ['replay', file, '--dir', world.workspace, '--json', ...unconfined]
  const { code, stdout, stderr } = await purserHere(args, { env: { PATH } })
  if (before !== undefined) writeFileSync(join(world.workspace, path), before)
  return { code, stderr, document: JSON.parse(stdout || '{}') }
}

describe('purser replay', () => {
  it('finds a run the same, without a key and though its commands take another time', async () => {
    const { code, document } = await replayed()
    expect(document).toEqual({
      same: true,
      workflow: 'mend',
      variant: null,
      modelCalls: { recorded: 4, same: 4 },
      recordedConclusion: 'completed',
      departure: null,
      redacted: false,
    })
    expect(code).toBe(0)
  })

  it.each([
    ['a prompt', `${MEND}/mend.md`, 'Goal: ', 'The goal: ', 1, 'the agent’s task', ['- Goal: Add', '+ The goal: Add']],
    ['an effort', `${MEND}/workflow.yml`, 'inputs:', 'effort: low\ninputs:', 1, 'the effort', ['- ', '+ low']],
    [
      'a check',
      `${MEND}/workflow.yml`,
      'until: { run: "${{ inputs.test }}"',
      'until: { run: "true"',
      3,
      /^the run ends before it \(completed/,
      [],
    ],
    [
      'a guard',
      `${MEND}/workflow.yml`,
      'lines: 40',
      'lines: 1',
      4,
      'how the run ends',
      ['- completed', '+ withheld (guard-diff)'],
    ],
  ])('names where %s that was changed makes it depart', async (_, path, from, to, call, what, difference) => {
    const { code, document } = await replayed(log, path, (text) => text.replace(from, to))
    expect({ code, same: document.same }).toEqual({ code: 1, same: false })
    const says = typeof what === 'string' ? what : expect.stringMatching(what)
    expect(document.departure).toMatchObject({ call, what: says })
    expect(document.departure.difference).toEqual(expect.arrayContaining(difference))
  })

  it('says of a departure that it may come from a secret which the recording lacks', async () => {
    const masked = join(world.dir, 'masked.jsonl')
    const written = JSON.stringify(JSON.stringify({ path: 'sum.js', old: 'a - b', new: 'a * b' })).slice(1, -1)
    const text = readFileSync(log, 'utf8')
    expect(text).toContain(written)
    writeFileSync(masked, text.replaceAll(written, written.replace('a * b', '***')))
    expect(await purser(['replay', masked, '--dir', world.workspace, ...unconfined], { env: { PATH } })).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('may come from that alone.\n'),
    })
  })

  it('takes the recording of a run that was killed as far as it goes', async () => {
    const torn = join(world.dir, 'torn.jsonl')
    const lines = readFileSync(log, 'utf8').split('\n')
    const second = lines.findIndex((line) => line.includes('Multiplied'))
    writeFileSync(torn, `${lines.slice(0, second + 1).join('\n')}\n{"sequence":`)
    const { code, document } = await replayed(torn)
    expect({ code, document }).toMatchObject({
      code: 0,
      document: { same: true, modelCalls: { recorded: 2, same: 2 } },
    })
    rmSync(torn)
  })

  it.each([
    ['is not there', undefined, 'There is no recorded run'],
    ['is no log', () => '{}\n', 'no event'],
    ['lacks an event', (text: string) => text.replace(/\n.*"kind":"usage".*/, ''), 'lacks the event'],
    ['lacks its beginning', (text: string) => text.slice(text.indexOf('\n') + 1), 'does not begin with the beginning'],
    [
      'lacks a part of a text',
      (text: string) => text.replace('"atMs":', '"cut":true,"atMs":'),
      'too long to be recorded',
    ],
  ])('refuses a recording that %s', (_, change, says) => {
    const file = join(world.dir, 'changed.jsonl')
    rmSync(file, { force: true })
    if (change !== undefined) writeFileSync(file, change(readFileSync(log, 'utf8')))
    expect(readRecording(file)).toEqual({ problem: expect.stringContaining(says) })
  })
})

describe('a run of the App', () => {
  it('is played again from its ledger, with what earlier runs came to, and refused where the log is not kept', async () => {
    const dataDir = join(world.dir, 'ledger')
    const database = await openDatabase({ dataDir: onDisk(dataDir) })
    const ledger = openLedger(database)
    const events = readFileSync(log, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => z.decode(sessionEventSchema, JSON.parse(line)))
    const reserved = async () =>
      (await reservedRun(ledger, requestFor(await newRepository(ledger.prisma), CENT, [portfolioAccount(9n * CENT)])))
        .run
    const [kept, forgotten] = [await reserved(), await reserved()]
    await takeEvents(ledger.prisma, kept, withEarlier(events))
    const problem = async (id: string) => (await recordingIn(database, id)) as { problem?: string }
    expect((await problem(forgotten.id)).problem).toContain('is not kept')
    expect((await problem('nobody')).problem).toContain('no session or run nobody')
    await database.close()

    const session = ['--session', kept.sessionId, '--dir', world.workspace, ...unconfined]
    expect(await purser(['replay', ...session], { env: { PATH, PURSER_DATA: dataDir } })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^same: 4 model calls/),
    })
  })

  /** The same run, as if something had been done on its subject before. */
  function withEarlier(events: readonly SessionEvent[]): SessionEvent[] {
    const earlier = [{ workflow: 'triage', conclusion: 'completed', title: 'Found', body: 'Found in `sum.js:1`.' }]
    const task = events.findIndex((event) => event.kind === 'told' && event.role === 'user')
    return events.map((event, index) => {
      if (event.kind === 'run-started') return { ...event, earlier }
      return event.kind === 'told' && index === task ? { ...event, text: told(event.text, earlier) } : event
    })
  }
})

it('calls a replay of what is no recording wrong usage', async () => {
  expect(await purserHere(['replay', 'nowhere.jsonl', '--dir', world.workspace])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('There is no recorded run'),
  })
})

describe('what is not compared', () => {
  it.each([
    ['✔ adds (0.44ms)', '✔ adds (12.1ms)'],
    ['ℹ duration_ms 45.1', 'ℹ duration_ms 9'],
    ['# duration_ms 45', '# duration_ms 45.123'],
    ['Ran in 2 s at 2026-11-20T12:00:00.123Z', 'Ran in 3 s at 2026-11-21T13:10:00Z'],
    ['[12:01:02] done in 1m', '[13:01:02] done in 2m'],
    ['(node:123) Warning', '(node:4) Warning'],
    ['cd /tmp/purser-a1B2c3/work && ls', 'cd /tmp/repo && ls'],
    [
      'one\ntw\n[... 5000 bytes in all; read it ...]\nree\nfour',
      'one\ntwo\n[... 5001 bytes in all; read it ...]\nee\nfour',
    ],
    [
      'one\ntwo\nthree (1ms)\nfo\n[... 5000 bytes in all; read it ...]\nx\nnine\nten',
      'one\ntwo\nthree (100ms)\n[... 5002 bytes in all; read it ...]\nnine\nten',
    ],
  ])('%j beside %j', (a, b) => expect([sameMasked(a, b), sameMasked(b, a)]).toEqual([true, true]))

  it.each([
    ['ℹ pass 3', 'ℹ pass 2'],
    ['[exit 0]', '[exit 1]'],
    ['-1 == 5', '6 == 5'],
    ['src/a.js:4', 'src/a.js:5'],
    ['one\ntwo\nx\n[... 50 bytes in all ...]\nx\nten', 'one\n2\nx\n[... 50 bytes in all ...]\nx\nten'],
    ['one\ntwo\n[... 50 bytes in all ...]\nx\nten', 'one\ntwo\n[... 50 bytes in all ...]\nx\neleven'],
    ['one\n[... 50 bytes in all ...]\nten', 'one\nten'],
  ])('but %j beside %j', (a, b) => expect(sameMasked(a, b)).toBe(false))
})
