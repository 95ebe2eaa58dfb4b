/** The demo's quarter, played as a person plays it, and its decisions recomputed from the runs that it leaves behind. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type RunRecord, runRecordSchema } from '../../core/run/run-record.ts'
import { purserHere } from '../cli/here.ts'
import { purser } from '../cli/purser.ts'

const FAMILY = 'refactor+tests'
const DAY_MS = 86_400_000
/** As demo/quarter/shop declares them. */
const CHECKPOINT_RUNS = 3
const WINDOW_DAYS = 60
const PROMOTION = new URL('../../demo/quarter/shop/.github/purser/promotion.yml', import.meta.url).pathname

const reportSchema = z.object({
  ok: z.literal(true),
  story: z.array(z.object({ step: z.string(), ok: z.literal(true) })),
  runs: z.array(z.object({ id: z.string(), spentMicroUsd: z.string() })),
  promotions: z.array(
    z.object({ variant: z.string(), decision: z.string(), state: z.string(), isClosed: z.boolean(), body: z.string() }),
  ),
})
const evidenceSchema = z.object({
  variants: z.array(
    z.object({
      variant: z.string(),
      decision: z.string(),
      checkpoints: z.array(
        z.object({
          settled: z.number(),
          measures: z.array(z.object({ threshold: z.string(), measured: z.string().nullable(), holds: z.boolean() })),
        }),
      ),
    }),
  ),
})

let report: z.output<typeof reportSchema>
let records: readonly RunRecord[]
let runsFile: string
let cwd: string

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'purser-quarter-'))
  const dir = join(cwd, 'quarter')
  const played = await purser(['demo', '--story', 'quarter', '--once', '--json', '--dir', dir], { cwd })
  expect(played.code, played.stderr).toBe(0)
  report = reportSchema.parse(JSON.parse(played.stdout))
  runsFile = join(cwd, 'runs.jsonl')
  const ask = ['evidence', '--family', FAMILY, '--promotion', PROMOTION, '--save', runsFile]
  const saved = await purser(ask, { cwd, env: { PURSER_DATA: join(dir, 'ledger') } })
  expect(saved.code, saved.stderr).toBe(0)
  const lines = readFileSync(runsFile, 'utf8').trimEnd().split('\n')
  records = lines.map((line) => runRecordSchema.parse(JSON.parse(line)))
}, 900_000)
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

test('every proposal was decided as the story says, and each has one issue', () => {
  const decided = report.promotions.map(({ variant, decision, state, isClosed }) => [
    variant,
    decision,
    state,
    isClosed,
  ])
  expect(decided.toSorted()).toEqual([
    ['boundaries', 'promote', 'merged', true],
    // What was rolled back counts as turned down.
    ['brief', 'promote', 'rejected', true],
    ['brief', 'rollback', 'merged', true],
    // What was asked for by hand, again and again.
    ['effort-low', 'adopt', 'merged', true],
    ['from-scratch', 'sunset', 'merged', true],
  ])
})

test('the runs of the ledger are those of the report', () => {
  expect(records.map(({ run }) => run).toSorted()).toEqual(report.runs.map(({ id }) => id).toSorted())
  expect(records.length).toBeGreaterThan(30)
})

/** By hand: the variant's settled runs in the order in which they ended, and both sides at each checkpoint. */
function countedByHand(variant: string, since: Date) {
  const inOrder = records
    .filter(({ endedAt }) => endedAt > since)
    .toSorted((one, other) => one.endedAt.getTime() - other.endedAt.getTime() || (one.run < other.run ? -1 : 1))
  const settled = inOrder.filter((record) => record.variant === variant && isSettled(record))
  return [1, 2].map((number) => {
    const last = settled[number * CHECKPOINT_RUNS - 1]
    if (last === undefined) throw new Error(`${variant} has no checkpoint ${number}`)
    const from = last.endedAt.getTime() - WINDOW_DAYS * DAY_MS
    const within = inOrder.slice(0, inOrder.indexOf(last) + 1).filter(({ endedAt }) => endedAt.getTime() > from)
    return { at: last.endedAt, variant: sideOf(within, variant), baseline: sideOf(within, null) }
  })
}

function isSettled({ outcome }: RunRecord): boolean {
  return outcome === 'accepted' || outcome === 'reworked' || outcome === 'rejected'
}

function sideOf(within: readonly RunRecord[], variant: string | null) {
  const runs = within.filter((record) => record.variant === variant)
  const settled = runs.filter(isSettled)
  const accepted = settled.filter(({ outcome }) => outcome === 'accepted').length
  const cost = runs.reduce((sum, { outcome, spendMicroUsd }) => sum + (outcome === 'pending' ? 0n : spendMicroUsd), 0n)
  return { settled: settled.length, accepted, share: accepted / settled.length, each: Number(cost) / accepted }
}

async function evidenceAt(now: Date, since: readonly string[]) {
  const ask = ['evidence', '--family', FAMILY, '--records', runsFile, '--promotion', PROMOTION, '--json']
  const answer = await purserHere([...ask, '--now', now.toISOString(), ...since], { cwd })
  expect(answer.code, answer.stderr).toBe(0)
  return evidenceSchema.parse(JSON.parse(answer.stdout)).variants
}

function bodyOf(variant: string, decision: string): string {
  return report.promotions.find((one) => one.variant === variant && one.decision === decision)?.body ?? ''
}

test.each([
  { variant: 'boundaries', decision: 'promote', after: undefined, holds: true },
  { variant: 'from-scratch', decision: 'sunset', after: undefined, holds: false },
  // Held against the standard that boundaries had become, so from the last run of boundaries on.
  { variant: 'brief', decision: 'promote', after: 'boundaries', holds: true },
])(
  '$variant: $decision, by hand, by purser evidence and in its issue alike',
  async ({ variant, decision, after, holds }) => {
    const before = records.filter((record) => record.variant === after).map(({ endedAt }) => endedAt.getTime())
    const since = new Date(after === undefined ? 0 : Math.max(...before) + 1)
    const looks = countedByHand(variant, since)
    const [, last] = looks
    if (last === undefined) throw new Error('no second checkpoint')
    for (const { variant: own, baseline } of looks) {
      const isBetter = own.share >= 0.8 && own.share >= baseline.share && own.each <= 1.25 * baseline.each
      expect(isBetter).toBe(holds)
      expect(own.share < 0.4).toBe(!holds)
      expect(baseline.settled).toBeGreaterThanOrEqual(CHECKPOINT_RUNS)
    }
    const said = await evidenceAt(last.at, after === undefined ? [] : ['--since', `${variant}=${since.toISOString()}`])
    const own = said.find((one) => one.variant === variant)
    expect(own).toMatchObject({ decision })
    const body = bodyOf(variant, decision)
    for (const [index, look] of looks.entries()) {
      const measures = own?.checkpoints[index]?.measures ?? []
      const accepted = measures.find(({ threshold }) => threshold === 'accepted')
      expect(accepted?.measured).toContain(`(${look.variant.accepted} of ${look.variant.settled})`)
      for (const measure of measures) {
        expect(body).toContain(`${measure.measured ?? 'no data'} ${measure.holds ? '✓' : '✗'}`)
      }
    }
  },
)

test('the way back is proposed since the new standard did worse at two checkpoints, counted by hand', () => {
  const brief = records.filter(({ variant }) => variant === 'brief').map(({ endedAt }) => endedAt.getTime())
  const settled = records
    .filter((record) => record.variant === null && record.endedAt.getTime() > Math.max(...brief) && isSettled(record))
    .toSorted((one, other) => one.endedAt.getTime() - other.endedAt.getTime())
  const [, last] = countedByHand('brief', new Date(Math.max(...endsOf('boundaries')) + 1))
  const body = bodyOf('brief', 'rollback')
  for (const count of [CHECKPOINT_RUNS, 2 * CHECKPOINT_RUNS]) {
    const side = sideOf(settled.slice(0, count), null)
    expect(side.share).toBeLessThan(last?.baseline.share ?? 0)
    expect(body).toContain(`${Math.round(side.share * 1000) / 10}% (${side.accepted} of ${count}) ✗`)
  }
  expect(body).toContain(`(${last?.baseline.accepted} of ${last?.baseline.settled})`)
  expect(body).toContain('**Overdue:**')
})

test('what was asked for by hand is proposed on the runs that asked for it', () => {
  const asked = records.slice(-3)
  const cents = asked.reduce((sum, { spendMicroUsd }) => sum + spendMicroUsd, 0n) / 3n / 10_000n
  const body = bodyOf('effort-low', 'adopt')
  expect(body).toContain('| runs with an outcome | at least 3 | 3 |')
  expect(body).toContain('| accepted | at least 80% | 100% (3 of 3) |')
  expect(body).toContain(`$0.${cents} for each of 3 accepted runs`)
})

function endsOf(variant: string): number[] {
  return records.filter((record) => record.variant === variant).map(({ endedAt }) => endedAt.getTime())
}
