import fc from 'fast-check'
import { expect, test } from 'vitest'
import { capUnder, leftUnder } from '../../../core/money/session-ceiling.ts'
import { isRefusal } from '../../../core/reason.ts'

const standing = (ceilingMicroUsd: bigint, spentMicroUsd: bigint, heldMicroUsd = 0n) => ({
  ceilingMicroUsd,
  spentMicroUsd,
  heldMicroUsd,
})
const asked = { capMicroUsd: 1_000_000n, floorMicroUsd: 100_000n, mostMicroUsd: 2_000_000n, workflow: 'review' }

test.each([
  ['nothing spent', standing(1_000_000n, 0n), 1_000_000n],
  ['a higher ceiling than the cap', standing(3_000_000n, 0n), 1_000_000n],
  ['some spent', standing(1_000_000n, 300_000n), 700_000n],
  ['some spent and some held', standing(1_000_000n, 300_000n, 600_000n), 100_000n],
  ['less than the floor', standing(1_000_000n, 900_001n), 'session-used-up'],
  ['an overage beyond it', standing(1_000_000n, 1_500_000n), 'session-used-up'],
])('with %s', (_what, under, expected) => {
  const answer = capUnder(under, asked)
  expect(isRefusal(answer) ? answer.reason : answer).toBe(expected)
})

test('a run that costs nothing needs something left all the same', () => {
  expect(capUnder(standing(0n, 0n), { ...asked, floorMicroUsd: 0n })).toMatchObject({ reason: 'session-used-up' })
})

test('where the ceiling can’t be raised, a refusal says so, and who can allow more', () => {
  const answer = capUnder(standing(2_000_000n, 2_000_000n), asked)
  expect(answer).toHaveProperty('todo', expect.stringContaining('no higher ceiling than $2.00'))
  expect(answer).toHaveProperty('todo', expect.not.stringContaining('cap=<usd>'))
})

test('a refusal never says that there is what is needed', () => {
  const answer = capUnder(standing(2_500_000n, 2_004_000n), {
    ...asked,
    capMicroUsd: 2_500_000n,
    floorMicroUsd: 500_000n,
  })
  expect(answer).toHaveProperty(
    'message',
    'This session has $0.49 left under its ceiling of $2.50 ($2.01 spent, its forks included); to go on it needs at least $0.50.',
  )
})

test('whatever follows whatever, the ceiling is never passed', () => {
  const amount = fc.bigInt({ min: 0n, max: 5_000_000n })
  fc.assert(
    fc.property(
      amount,
      fc.array(fc.record({ cap: amount, floor: amount, part: fc.integer({ min: 0, max: 100 }) })),
      (ceiling, runs) => {
        let spent = 0n
        for (const { cap, floor, part } of runs) {
          const under = standing(ceiling, spent)
          const held = capUnder(under, { ...asked, capMicroUsd: cap, floorMicroUsd: floor })
          if (isRefusal(held)) continue
          expect(held).toBeLessThanOrEqual(leftUnder(under))
          spent += (held * BigInt(part)) / 100n
        }
        expect(spent).toBeLessThanOrEqual(ceiling)
      },
    ),
  )
})
