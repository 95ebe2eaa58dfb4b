/**
 * Every workflow that comes with Purser, played on a small repository with a recorded script. Its log is compared with the kept
 * one, so a changed prompt, step, tool or guard is noticed here; where the change is meant, `npm run record` keeps it anew.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readRecording } from '../../cli/replay/recorded-run.ts'
import { checkGuards } from '../../core/changes/guard.ts'
import { workflowSchema } from '../../core/config/workflow.ts'
import { sameMasked } from '../../core/masked-text.ts'
import { git } from '../cli/purser.ts'
import type { Script } from '../world/model-contract.ts'
import { type Played, pathsOf, play, type Stage, testsPass, till } from './play.ts'
import { changelog, refactor, review, tests } from './recorded/first-three.ts'
import { bendsTheTest, blamesTheTest, diagnosis, fixCi, mendDiagnosed } from './recorded/fix-ci.ts'
import { quickTriage, triage } from './recorded/incident-triage.ts'
import { keepWhereAsked, keptLog, logIn } from './recorded/keep.ts'
import { meddling, postmortem } from './recorded/postmortem.ts'

const BUILT_IN = fileURLToPath(new URL('../../catalog/', import.meta.url))

interface Recorded {
  readonly target: string
  readonly inputs?: readonly string[]
  readonly scripts: Script[]
  readonly stage: Stage
  /** What the run hands over: paths of files, or words alone. */
  readonly hands: readonly RegExp[] | 'words'
  readonly says: RegExp
}

/** The till's tests in one process, where it is not the point that a repository's own command is run. */
const quickly = 'test=node --test --test-isolation=none'
const symptom = 'symptom=Receipts for three are a cent short since yesterday'

const recorded: readonly Recorded[] = [
  {
    target: 'refactor+tests',
    scripts: [refactor, tests],
    stage: 'broken',
    hands: [/^src\//, /^test\//],
    says: /Cover/,
  },
  { target: 'review', scripts: [review], stage: 'broken', hands: 'words', says: /src\/split\.js:4/ },
  { target: 'changelog', scripts: [changelog], stage: 'mended', hands: [/^CHANGELOG\.md$/], says: /shares/ },
  { target: 'fix-ci', scripts: [fixCi], stage: 'broken', hands: [/^src\/split\.js$/], says: /Deal out/ },
  {
    target: 'fix-ci/diagnose-first',
    scripts: [diagnosis, mendDiagnosed],
    stage: 'broken',
    hands: [/^src\/split\.js$/],
    says: /Deal out/,
  },
  {
    target: 'incident-triage',
    inputs: [symptom],
    scripts: [triage],
    stage: 'broken',
    hands: 'words',
    says: /Simplify split/,
  },
  {
    target: 'incident-triage/quick',
    inputs: [symptom],
    scripts: [quickTriage],
    stage: 'broken',
    hands: 'words',
    says: /Simplify split/,
  },
  { target: 'postmortem', scripts: [postmortem], stage: 'mended', hands: [/^docs\/postmortems\//], says: /Cents lost/ },
]

const dir = mkdtempSync(join(tmpdir(), 'purser-play-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const plays = new Map<string, Promise<Played & { readonly root: string }>>()

/** One of those above, played once for every test that looks at what came of it. */
function playedOnce(target: string): Promise<Played & { readonly root: string }> {
  const known = plays.get(target)
  if (known !== undefined) return known
  const one = recorded.find((each) => each.target === target)
  if (one === undefined) throw new Error(`${target} is not recorded`)
  const root = till(one.stage, mkdtempSync(join(dir, 'till-')))
  const playing = play(root, target, one.inputs ?? [], one.scripts).then((played) => ({ ...played, root }))
  plays.set(target, playing)
  return playing
}

/** All that was asked and answered in a run, and how it ended. */
function textsOf(log: string): string[] {
  const run = readRecording(log)
  if ('problem' in run) throw new Error(run.problem)
  const calls = run.calls.flatMap(({ agent, messages, turn: { text, toolCalls, wrapUp } }) => [
    JSON.stringify({ agent, text, toolCalls, wrapUp }),
    ...messages.map((message) => (message.role === 'assistant' ? JSON.stringify(message) : message.content)),
  ])
  const all = [...calls, ...run.toolResults.map(({ text }) => text), `${run.end?.conclusion} ${run.end?.reason}`]
  // It is called after its folder, which has another name each time.
  return all.map((text) => text.replaceAll(run.start.subject.repository, 'till'))
}

it('plays on tests that fail where the till is broken, and only there', async () => {
  const stages = ['sound', 'broken', 'mended'] as const
  expect(await Promise.all(stages.map((stage) => testsPass(till(stage))))).toEqual([true, false, true])
})

describe('every built-in workflow, played', () => {
  it.each(recorded)('$target', async ({ target, hands, says }) => {
    const played = await playedOnce(target)
    const { root } = played
    expect(played).toMatchObject({ code: 0, report: { conclusion: 'completed' } })
    keepWhereAsked(root, target, played)
    expect(`${played.report.delivery?.title}\n${played.report.delivery?.body}`).toMatch(says)
    expectWithinCap(played)
    if (hands === 'words') {
      expect(['comment', 'review']).toContain(played.declared.deliver)
      expect(pathsOf(played)).toEqual([])
      expect(git(root, 'status', '--porcelain')).toBe('')
    } else {
      expect(['commit', 'pull-request']).toContain(played.declared.deliver)
      const paths = pathsOf(played)
      expect(paths).toHaveLength(hands.length)
      for (const [index, path] of paths.entries()) expect(path).toMatch(hands[index] ?? /^$/)
      expect(await testsPass(root)).toBe(true)
    }
    const [asked, kept] = [textsOf(logIn(root)), textsOf(keptLog(target))]
    expect(asked).toHaveLength(kept.length)
    for (const [index, text] of asked.entries())
      if (!sameMasked(text, kept[index] ?? '')) expect(text).toBe(kept[index])
  })

  it('leaves none out', () => {
    const families = readdirSync(BUILT_IN, { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && entry.name !== 'agents',
    )
    const playedFamilies = recorded.map(({ target }) => target).filter((target) => !target.includes('/'))
    expect(playedFamilies.sort()).toEqual(families.map(({ name }) => name).sort())
  })
})

function expectWithinCap({ report, declared, requests }: Played): void {
  expect(report.spentMicroUsd).toBeGreaterThan(0n)
  expect(report.spentMicroUsd).toBeLessThan(declared.cap.usd)
  expect(report.inputTokens + report.outputTokens).toBeGreaterThan(0)
  expect(report.calls).toHaveLength(requests.length)
}

describe('fix-ci', () => {
  it('shows the agent what failed, and its own wrong attempt', async () => {
    const { requests, report } = await playedOnce('fix-ci')
    const told = JSON.stringify(requests.map(({ messages }) => messages.filter(({ role }) => role === 'user')))
    expect(told).toContain('loses no cent')
    expect(told).toContain('`npm test` did not pass (exit 1)')
    expect(report.steps.find(({ id }) => id === 'mend')).toMatchObject({ ok: true, attempts: 2 })
  })

  it('ends before it has cost anything where nothing fails', async () => {
    const { report, requests, code } = await play(till('sound'), 'fix-ci', [], [fixCi])
    expect(report).toMatchObject({ conclusion: 'completed', reason: 'nothing-to-do', spentMicroUsd: 0n })
    expect(report.message).toContain('There was nothing to do: `! (eval npm test)` says so')
    expect({ code, requests }).toEqual({ code: 0, requests: [] })
  })

  it('ends without work where the agent finds the test to be wrong, and keeps what it says', async () => {
    const { code, report } = await play(till('broken'), 'fix-ci', [quickly], [blamesTheTest])
    expect({ code, report }).toMatchObject({ code: 1, report: { conclusion: 'failed', reason: 'attempts-exhausted' } })
    expect(report.delivery?.changeset).toBeUndefined()
    expect(report.delivery?.body).toContain('asks for a cent that nobody pays')
  })

  it.each([
    ['src/split.js', 0],
    ['src/latest.js', 0],
    ['docs/testing.md', 0],
    ['test/split.test.js', 1],
    ['packages/till/src/__snapshots__/receipt.snap', 1],
    ['src/split_test.go', 1],
    ['tests.py', 0],
    ['till/test_split.py', 1],
    ['package.json', 1],
    ['apps/web/vitest.config.ts', 1],
    ['.eslintrc.json', 1],
    ['tsconfig.build.json', 1],
    ['Makefile', 1],
    ['pnpm-lock.yaml', 1],
  ])('may touch %s with %i violations', (path, violations) => {
    const { guards } = workflowSchema.parse(parse(readFileSync(join(BUILT_IN, 'fix-ci/workflow.yml'), 'utf8')))
    const file = { path, mode: '100644' as const, contentBase64: '', addedLines: 1, deletedLines: 0 }
    const work = { baseSha: '0'.repeat(40), files: [file] }
    expect(checkGuards(guards, work)).toHaveLength(violations)
  })

  it('withholds work that bends the tests instead', async () => {
    const root = till('broken')
    const { report, work } = await play(root, 'fix-ci', [quickly], [bendsTheTest])
    expect(report).toMatchObject({ conclusion: 'withheld', reason: 'guard-paths' })
    expect(report.message).toContain('test/split.test.js')
    expect(work.applied).toBe(false)
    expect(await testsPass(root)).toBe(false)
  })
})

describe('incident-triage', () => {
  it('has no tool that could change anything', async () => {
    const { requests, root } = await playedOnce('incident-triage')
    const answered = JSON.stringify(requests.at(-1)?.messages.filter(({ role }) => role === 'tool'))
    for (const tool of ['write', 'run']) expect(answered).toContain(`there is no tool \\"${tool}\\"; use one of read`)
    expect(readFileSync(join(root, 'src/split.js'), 'utf8')).not.toBe('')
  })
})

describe('postmortem', () => {
  it('is sent back for the section that it lacks', async () => {
    const { requests, root } = await playedOnce('postmortem')
    expect(JSON.stringify(requests.at(-1)?.messages)).toContain('lacks the line: ## Follow-ups')
    const folder = join(root, 'docs/postmortems')
    expect(readdirSync(folder)).toEqual(['2026-11-20-cents-lost-in-bills.md'])
  })

  it('withholds a document that comes with changes to the code', async () => {
    const { report, work } = await play(till('mended'), 'postmortem', [], [meddling])
    expect(report).toMatchObject({ conclusion: 'withheld', reason: 'guard-paths' })
    expect(work.applied).toBe(false)
  })
})
