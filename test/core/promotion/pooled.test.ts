/** One trial over many repositories: the counts added up, the same thresholds, the same two checkpoints. */
import { expect, test } from 'vitest'
import { promotionSchema } from '../../../core/config/promotion.ts'
import { evaluatePool, lookAtPool, pool, type Share } from '../../../core/promotion/pooled.ts'
import { type Checkpoint, decideTrial } from '../../../core/promotion/promotion.ts'
import { type Tally, tallyRuns } from '../../../core/promotion/tally.ts'

const RULES = promotionSchema.parse({})
const noted = (checkpoint: Checkpoint) => checkpoint

function tally(accepted: number, rejected: number): Tally {
  const run = { reverted: false, spendMicroUsd: 1_000_000n }
  return tallyRuns([
    ...Array.from({ length: accepted }, (_, at) => ({ ...run, outcome: 'accepted' as const, subject: `#${at}` })),
    ...Array.from({ length: rejected }, (_, at) => ({ ...run, outcome: 'rejected' as const, subject: `#x${at}` })),
  ])
}
const share = (accepted: number, rejected: number, baseline?: Tally): Share => ({
  variant: tally(accepted, rejected),
  ...(baseline ? { baseline } : {}),
  settledInAll: accepted + rejected,
})

test('what no repository reaches alone they reach together', () => {
  const shares = [share(5, 0, tally(4, 1)), share(4, 1, tally(4, 1))]
  for (const one of shares) expect(evaluatePool(RULES, one).allHold).toBe(false)
  const together = pool(shares)
  expect(together).toMatchObject({ settledInAll: 10, variant: { settled: 10, accepted: 9, subjects: 10 } })
  expect(together.variant.spendMicroUsd).toBe(10_000_000n)
  expect(evaluatePool(RULES, together).allHold).toBe(true)
})

test('one good repository does not carry a bad one', () => {
  const bad = share(1, 9, tally(9, 1))
  expect(evaluatePool(RULES, pool([share(10, 0, tally(9, 1)), bad])).allHold).toBe(false)
})

test('a checkpoint is looked at once, and two in a row decide', () => {
  const first = lookAtPool([], RULES, share(10, 0, tally(10, 0)), noted)
  expect(first.map(({ settled }) => settled)).toEqual([10])
  expect(lookAtPool(first, RULES, share(9, 9, tally(10, 0)), noted)).toBe(first)
  expect(decideTrial(first)).toMatchObject({ decision: 'not-yet', reasons: ['first-checkpoint'] })
  const second = lookAtPool(first, RULES, share(20, 0, tally(10, 0)), noted)
  expect(decideTrial(second)).toEqual({ decision: 'promote', reasons: ['held-twice'] })
  const third = lookAtPool(second, RULES, share(20, 10, tally(10, 0)), noted)
  expect(third.map(({ settled }) => settled)).toEqual([20, 30])
  expect(decideTrial(third)).toMatchObject({ decision: 'not-yet' })
  expect(lookAtPool([], RULES, share(9, 0), noted)).toEqual([])
})

test('a new workflow has no standard, so nothing is asked of one', () => {
  const { measures, allHold } = evaluatePool(RULES, pool([share(9, 1)]))
  expect(allHold).toBe(true)
  expect(measures.map(({ threshold }) => threshold)).toEqual(['runs', 'subjects', 'accepted', 'unknown', 'reverted'])
  expect(evaluatePool(RULES, pool([])).allHold).toBe(false)
})
