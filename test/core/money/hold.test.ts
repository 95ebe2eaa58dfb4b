import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CAP_TOKENS_DEFAULT, firstTranche, type HoldAccount, holdAmount } from '../../../core/money/hold.ts'
import { isRefusal } from '../../../core/reason.ts'

const USD = 1_000_000n

describe('holdAmount', () => {
  /** With so much room; without a ceiling where that is undefined. */
  const account = (room: bigint | undefined, changes: Partial<HoldAccount> = {}): HoldAccount => ({
    kind: 'portfolio',
    name: 'refactoring',
    unit: 'usd',
    periodEnd: new Date('2026-12-01T00:00:00Z'),
    budget: 40n * USD,
    ceiling: room === undefined ? null : 40n * USD,
    spent: 38n * USD,
    held: 2n * USD - (room ?? 0n),
    overage: 0n,
    frozen: false,
    ...changes,
  })
  const squad = (room: bigint) => account(room, { kind: 'squad', name: 'web', unit: 'tokens' })
  const asked = { capMicroUsd: 250n, floorMicroUsd: 25n }

  it.each([
    ['the cap where there is room', [account(1000n)], { heldMicroUsd: 250n }],
    ['the room where it is less', [account(100n)], { heldMicroUsd: 100n }],
    ['the floor at the least', [account(25n)], { heldMicroUsd: 25n }],
    ['the cap where nothing is enforced', [account(undefined)], { heldMicroUsd: 250n }],
    ['the least of several rooms', [account(100n), account(undefined), account(80n)], { heldMicroUsd: 80n }],
    ['tokens too where they pay', [squad(2_000_000n)], { heldMicroUsd: 250n, heldTokens: CAP_TOKENS_DEFAULT }],
    ['the tokens there are', [squad(60_000n)], { heldMicroUsd: 250n, heldTokens: 60_000n }],
    ['a frozen account that only keeps the books', [account(undefined, { frozen: true })], { heldMicroUsd: 250n }],
  ])('%s', (_what, rooms, expected) => {
    expect(holdAmount(asked, rooms)).toEqual(expected)
  })

  it.each([
    ['less than the floor', [account(24n)], 'no-room'],
    ['one of several without room', [account(1000n), account(24n)], 'no-room'],
    ['fewer tokens than their share of the floor', [squad(49_999n)], 'no-room'],
    ['a frozen account', [account(1000n, { frozen: true })], 'account-frozen'],
  ])('refuses %s', (_what, rooms, reason) => {
    expect(holdAmount(asked, rooms)).toMatchObject({ refused: true, reason })
  })

  it('refuses nothing at all to hold, even with a floor of zero', () => {
    expect(holdAmount({ capMicroUsd: 250n, floorMicroUsd: 0n }, [account(0n)])).toMatchObject({ reason: 'no-room' })
  })

  it('takes the cap for the floor where a floor is above it', () => {
    expect(holdAmount({ capMicroUsd: 250n, floorMicroUsd: 999n }, [account(250n)])).toEqual({ heldMicroUsd: 250n })
    const tokens = { capMicroUsd: 250n, floorMicroUsd: 999n, capTokens: 1000n }
    expect(holdAmount(tokens, [squad(1000n)])).toEqual({ heldMicroUsd: 250n, heldTokens: 1000n })
  })

  it('says the numbers, when there is room again and who can change it', () => {
    const refusal = holdAmount({ capMicroUsd: 250n * 10_000n, floorMicroUsd: 1_000_000n }, [account(400_000n)])
    expect(refusal).toEqual({
      refused: true,
      reason: 'no-room',
      message:
        'The portfolio `refactoring` has $0.40 left of $40.00 ($38.00 spent, $1.60 held by running work); this workflow needs at least $1.00.',
      todo:
        'Running work holds $1.60 and gives back what it does not use, so try again once it has ended. ' +
        'A maintainer can raise `portfolios.refactoring.budget` in `.github/purser/portfolios.yml` on the default branch. ' +
        'By itself the budget starts afresh on 2026-12-01 00:00 UTC.',
    })
  })

  it('never says that there is what is needed where there is not', () => {
    const asked = { capMicroUsd: 2_500_000n, floorMicroUsd: 500_000n }
    expect(holdAmount(asked, [account(497_000n, { held: 0n, spent: 39_503_000n })])).toMatchObject({
      message:
        'The portfolio `refactoring` has $0.49 left of $40.00 ($39.51 spent); this workflow needs at least $0.50.',
    })
  })

  it.each([
    [500_000n, 'a provider billed $0.50 more than was held'],
    // The bound of a call was broken, and the run stayed within its hold.
    [0n, 'a provider billed more for a model call than was reserved for it'],
  ])('says why an account is frozen, with an overage of %d', (overage, why) => {
    expect(holdAmount(asked, [account(1000n, { frozen: true, overage })])).toMatchObject({
      message: `The portfolio \`refactoring\` is frozen, because ${why}, which no price in use allows.`,
    })
  })

  it('holds at least the floor and never more than cap and rooms', () => {
    const amount = fc.bigInt({ min: 0n, max: 1000n })
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 1000n }),
        amount,
        fc.array(amount, { maxLength: 3 }),
        (cap, floor, rooms) => {
          const result = holdAmount(
            { capMicroUsd: cap, floorMicroUsd: floor },
            rooms.map((room) => account(room)),
          )
          if (isRefusal(result)) return
          expect(result.heldMicroUsd <= cap && rooms.every((room) => result.heldMicroUsd <= room)).toBe(true)
          expect(result.heldMicroUsd >= (floor < cap ? floor : cap)).toBe(true)
        },
      ),
    )
  })
})

describe('firstTranche', () => {
  it.each([
    ['usd', 0n, 0n],
    ['usd', 300_000n, 300_000n],
    ['usd', 500_000n, 500_000n],
    ['usd', 2_000_000n, 500_000n],
    ['usd', 2_000_001n, 500_001n],
    ['usd', 10_000_000n, 2_500_000n],
    ['tokens', 80_000n, 80_000n],
    ['tokens', 200_000n, 100_000n],
    ['tokens', 2_000_000n, 500_000n],
  ] as const)('%s %i', (unit, held, drawn) => {
    expect(firstTranche(unit, held)).toBe(drawn)
  })
})
