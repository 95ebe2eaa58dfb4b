import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { promotionSchema } from '../../../core/config/promotion.ts'
import {
  CHECKPOINTS_MAX,
  decideFamily,
  type FamilyEvidence,
  type VariantEvidence,
} from '../../../core/promotion/evidence.ts'
import { wilsonInterval } from '../../../core/promotion/interval.ts'
import type { RunRecord } from '../../../core/run/run-record.ts'

const FAMILY = 'refactor+tests'
const NOW = new Date('2026-11-20T12:00:00Z')
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const rules = promotionSchema.parse({})
const few = promotionSchema.parse({ promote: { runs: 2, subjects: 1 }, sunset: { runs: 2 } })

let runs = 0

function record(changes: Partial<RunRecord> = {}): RunRecord {
  runs += 1
  return {
    run: `run-${String(runs).padStart(6, '0')}`,
    family: FAMILY,
    variant: 'tests-first',
    portfolio: 'refactoring',
    squad: 'payments',
    subject: `pull-request:${runs}`,
    endedAt: NOW,
    conclusion: 'completed',
    spendMicroUsd: 500_000n,
    outcome: 'accepted',
    reverted: false,
    assigned: false,
    ...changes,
  }
}

/** Records that end an hour apart, the last at `until`; a letter each: `a`ccepted, re`w`orked, `r`ejected, `u`nknown, `p`ending. */
function history(outcomes: string, changes: Partial<RunRecord> = {}, until = NOW): RunRecord[] {
  const letters = { a: 'accepted', w: 'reworked', r: 'rejected', u: 'unknown', p: 'pending' } as const
  return [...outcomes].map((letter, index) =>
    record({
      endedAt: new Date(until.getTime() - (outcomes.length - 1 - index) * HOUR_MS),
      outcome: letters[letter as keyof typeof letters],
      ...changes,
    }),
  )
}

/** As many accepted runs of the baseline, before all others. */
function baseline(count: number): RunRecord[] {
  return history('a'.repeat(count), { variant: null }, new Date(NOW.getTime() - 10 * DAY_MS))
}

function only({ variants }: FamilyEvidence): VariantEvidence {
  const [variant] = variants
  if (variant === undefined || variants.length > 1) throw new Error(`${variants.length} variants`)
  return variant
}

function decide(records: readonly RunRecord[], promotion = few, now = NOW): VariantEvidence {
  return only(decideFamily(FAMILY, records, promotion, now))
}

describe('checkpoints', () => {
  test('are each `runs`-th settled run, and look at nothing after it', () => {
    const { checkpoints } = decide([...baseline(2), ...history('auparwpr')])
    expect(checkpoints.map(({ settled, variant }) => [settled, variant.accepted, variant.unknown])).toEqual([
      [2, 2, 1],
      [4, 2, 1],
    ])
  })

  test('the baseline weighs in with what ended no later', () => {
    const late = record({ variant: null, endedAt: NOW })
    const { checkpoints, decision, reasons } = decide([
      ...history('aa', { variant: null }, new Date(NOW.getTime() - 2 * HOUR_MS)),
      late,
      ...history('aaaa'),
    ])
    expect(checkpoints.map((checkpoint) => checkpoint.baseline.settled)).toEqual([2, 3])
    expect({ decision, reasons }).toEqual({ decision: 'promote', reasons: ['held-twice'] })
  })

  test('a baseline that came after the first of them is missing there', () => {
    const { decision, reasons } = decide([...history('aa', { variant: null }), ...history('aaaa')])
    expect({ decision, reasons }).toEqual({
      decision: 'not-yet',
      reasons: ['checkpoints-differ', 'baseline-too-few-runs', 'no-data'],
    })
  })

  test('runs that ended at one moment are taken in the order of their ids', () => {
    const at = { endedAt: NOW, variant: 'tests-first' }
    const settled = ['rejected', 'accepted', 'accepted', 'accepted'] as const
    const same = settled.map((outcome, index) => record({ ...at, run: `run-${index}`, outcome }))
    const { checkpoints } = decide([...baseline(2), ...same.toReversed()])
    expect(checkpoints.map(({ run, variant }) => [run, variant.accepted])).toEqual([
      ['run-1', 1],
      ['run-3', 3],
    ])
  })

  test('an outcome that is decided late is seen by every one it belongs to', () => {
    const good = history('aaaa')
    expect(decide([...baseline(2), ...good]).decision).toBe('promote')
    const reverted = good.map((run, index) =>
      index === 0 ? { ...run, outcome: 'rejected' as const, reverted: true } : run,
    )
    const { decision, checkpoints } = decide([...baseline(2), ...reverted])
    expect(checkpoints.map(({ variant }) => variant.reverted)).toEqual([1, 1])
    expect(decision).toBe('reject')
  })

  test('of many the newest are told', () => {
    const { checkpoints, decision } = decide([...baseline(2), ...history('a'.repeat(100))])
    expect(checkpoints).toHaveLength(CHECKPOINTS_MAX)
    expect(checkpoints.at(-1)?.settled).toBe(100)
    expect(decision).toBe('promote')
  })
})

describe('the window', () => {
  const WINDOW_MS = 60 * DAY_MS

  test.each<[at: number, settled: number]>([
    [NOW.getTime() - WINDOW_MS - 1, 0],
    [NOW.getTime() - WINDOW_MS, 1],
    [NOW.getTime(), 1],
    [NOW.getTime() + 1, 0],
  ])('that ends now, of a run that ended at %i', (at, settled) => {
    expect(decide([record({ endedAt: new Date(at) })]).now.variant.settled).toBe(settled)
  })

  test('of a checkpoint ends with its run: what ended before or after it weighs in nowhere', () => {
    const records = [...baseline(10), ...history('a'.repeat(20))]
    const before = history('r'.repeat(10), {}, new Date(NOW.getTime() - 61 * DAY_MS - HOUR_MS))
    const after = history('rrrr', {}, new Date(NOW.getTime() + DAY_MS))
    const [alone, among] = [decide(records, rules), decide([...before, ...records, ...after], rules)]
    const tallies = (evidence: VariantEvidence) =>
      evidence.checkpoints.map(({ variant, baseline }) => [variant, baseline])
    expect(among).toMatchObject({ decision: 'promote', now: alone.now })
    expect(tallies(among)).toEqual(tallies(alone))
  })

  test('a checkpoint looks at the same runs whenever it is asked for', () => {
    const records = [...baseline(10), ...history('a'.repeat(25))]
    const now = new Date(NOW.getTime() + 45 * DAY_MS)
    expect(decide(records, rules, now).checkpoints).toEqual(decide(records, rules).checkpoints)
  })

  test('where runs are rare, each checkpoint has those of its own window', () => {
    const rare = (outcome: RunRecord['outcome'], variant: string | null) =>
      Array.from({ length: 40 }, (_, index) =>
        record({ outcome, variant, endedAt: new Date(NOW.getTime() - index * 5 * DAY_MS) }),
      )
    const { decision, checkpoints } = decide([...rare('accepted', null), ...rare('accepted', 'tests-first')], rules)
    expect(checkpoints.map(({ settled, variant }) => [settled, variant.settled])).toEqual([
      [30, 13],
      [40, 13],
    ])
    expect(decision).toBe('promote')
  })

  test('a checkpoint that was reached longer ago decides nothing any more', () => {
    const records = [...baseline(10), ...history('a'.repeat(20))]
    const at = (days: number) => decide(records, rules, new Date(NOW.getTime() + days * DAY_MS))
    expect([at(0), at(59), at(60), at(61)].map(({ decision }) => decision)).toEqual([
      'promote',
      'promote',
      'not-yet',
      'not-yet',
    ])
    expect(at(60)).toMatchObject({ reasons: ['first-checkpoint'] })
    expect(at(61)).toMatchObject({ reasons: ['too-few-runs'], checkpoints: [], now: { variant: { settled: 0 } } })
  })
})

test('a trial whose side was declared anew begins then, for both sides; the others go on', () => {
  const records = [...baseline(10), ...history('aaaa', { variant: 'a' }), ...history('aaaa', { variant: 'b' })]
  const since = new Date(NOW.getTime() - 3 * HOUR_MS)
  const { variants } = decideFamily(FAMILY, records, few, NOW, new Map([['b', since]]))
  expect(
    variants.map(({ variant, from, decision, now }) => [
      variant,
      from,
      decision,
      now.variant.settled,
      now.baseline.settled,
    ]),
  ).toEqual([
    ['a', new Date(NOW.getTime() - 60 * DAY_MS), 'promote', 4, 10],
    ['b', since, 'not-yet', 4, 0],
  ])
})

test('as of a moment before a trial began anew, its runs of before count', () => {
  const records = [...baseline(2), ...history('aaaa')]
  const later = new Map([['tests-first', new Date(NOW.getTime() + HOUR_MS)]])
  expect(only(decideFamily(FAMILY, records, few, NOW, later))).toEqual(only(decideFamily(FAMILY, records, few, NOW)))
  expect(only(decideFamily(FAMILY, records, few, NOW, later)).decision).toBe('promote')
})

test('runs that never started and runs of other families count nowhere', () => {
  const others = [record({ conclusion: 'refused' }), record({ family: 'review' })]
  expect(decide([...others, record()]).now.variant.settled).toBe(1)
})

test('any number of variants, by name, each beside the same baseline', () => {
  const { variants } = decideFamily(
    FAMILY,
    [
      ...baseline(2),
      ...history('aaaa', { variant: 'b' }),
      ...history('rrrr', { variant: 'c' }),
      ...history('p', { variant: 'a' }),
    ],
    few,
    NOW,
  )
  expect(variants.map(({ variant, decision }) => [variant, decision])).toEqual([
    ['a', 'not-yet'],
    ['b', 'promote'],
    ['c', 'sunset'],
  ])
  expect(new Set(variants.map(({ now }) => now.baseline.settled))).toEqual(new Set([2]))
})

test('intervals that overlap hold nothing back, and those that don’t help nobody', () => {
  const better = [...baseline(2), ...history('ra', { variant: null }), ...history('aaaa')]
  const { now, decision } = decide(better)
  const [own, standard] = [now.variant, now.baseline].map(({ accepted, settled }) => wilsonInterval(accepted, settled))
  expect(own?.lowPercent).toBeLessThan(standard?.highPercent ?? 0)
  expect(decision).toBe('promote')
  const worse = decide([...baseline(200), ...history('r'.repeat(60) + 'a'.repeat(140))], {
    ...few,
    sunset: { ...few.sunset, 'accepted-below': 1_000 },
  })
  const [low, high] = [worse.now.variant, worse.now.baseline].map((side) => wilsonInterval(side.accepted, side.settled))
  expect(low?.highPercent).toBeLessThan(high?.lowPercent ?? 0)
  expect(worse).toMatchObject({ decision: 'reject', reasons: ['accepted-below', 'below-baseline', 'too-dear'] })
})

test('a promotion waits for the baseline’s runs; a sunset rests on the variant’s alone', () => {
  expect(decide([...baseline(1), ...history('aaaa')])).toMatchObject({
    decision: 'not-yet',
    reasons: ['baseline-too-few-runs'],
  })
  expect(decide(history('rrrr'))).toMatchObject({ decision: 'sunset', reasons: ['sunset-accepted-below'] })
})

test('chosen and assigned runs stand apart and count alike', () => {
  const { now, decision } = decide([...baseline(2), ...history('aa'), ...history('aaa', { assigned: true })])
  expect([now.chosen.settled, now.assigned.settled, now.variant.settled]).toEqual([2, 3, 5])
  expect(decision).toBe('promote')
})

test('the order in which records come says nothing', () => {
  const anyRecord = fc
    .record({
      variant: fc.constantFrom(null, 'a', 'b'),
      outcome: fc.constantFrom('accepted', 'accepted', 'reworked', 'rejected', 'pending', 'unknown'),
      hours: fc.integer({ min: 0, max: 12 }),
      reverted: fc.boolean(),
      assigned: fc.boolean(),
    })
    .map(({ hours, ...changes }) => record({ endedAt: new Date(NOW.getTime() - hours * HOUR_MS), ...changes }))
  const shuffled = fc
    .array(anyRecord, { maxLength: 40 })
    .chain((records) => fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })))
  fc.assert(
    fc.property(shuffled, ([records, other]) => {
      expect(decideFamily(FAMILY, other, few, NOW)).toEqual(decideFamily(FAMILY, records, few, NOW))
    }),
  )
})
