import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Portfolio, type PortfoliosFile, portfoliosSchema } from '../../core/config/portfolios.ts'
import {
  type AccountSpec,
  type AccountState,
  accountsFor,
  adjustBudget,
  CAP_TOKENS_DEFAULT,
  firstTranche,
  holdAmount,
  type Room,
  settlement,
  spendOf,
} from '../../core/ledger.ts'
import { isRefusal } from '../../core/reason.ts'

const NOW = new Date('2026-11-20T12:00:00Z')
const USD = 1_000_000n

function declared(changes: object = {}): PortfoliosFile {
  return portfoliosSchema.parse({
    version: 1,
    'time-zone': 'Europe/Berlin',
    values: { quality: { measure: 'rework-and-reverts' } },
    portfolios: {
      refactoring: {
        purpose: 'Safer refactors',
        value: 'quality',
        workflows: ['refactor+tests'],
        budget: { usd: 40, per: 'month' },
        cap: { usd: 2.5 },
      },
    },
    exploration: {
      sprint: { days: 14, from: '2026-11-02' },
      'every-squad': { tokens: 2_000_000 },
      squads: {
        payments: {
          paths: ['services/payments/**'],
          extra: [
            { tokens: 1_000_000, reason: 'PSP migration', until: '2026-11-20' },
            { tokens: 500_000, reason: 'It is over', until: '2026-11-19' },
          ],
        },
        web: { paths: ['web/**'] },
      },
    },
    ...changes,
  })
}

function specs(file: PortfoliosFile, variant: string | undefined, squad: string | undefined, now = NOW) {
  const portfolio = file.portfolios.refactoring
  if (portfolio === undefined) throw new Error('no portfolio')
  const plan = variant === undefined ? {} : { variant }
  return accountsFor({ portfolios: file }, { portfolioName: 'refactoring', portfolio, plan }, squad, now)
}

describe('accountsFor', () => {
  const portfolio = {
    kind: 'portfolio',
    name: 'refactoring',
    unit: 'usd',
    periodStart: new Date('2026-10-31T23:00:00Z'),
    periodEnd: new Date('2026-11-30T23:00:00Z'),
    budget: 40n * USD,
    enforced: true,
    now: undefined,
  }
  const sprint = {
    kind: 'squad',
    unit: 'tokens',
    periodStart: new Date('2026-11-15T23:00:00Z'),
    periodEnd: new Date('2026-11-29T23:00:00Z'),
    enforced: true,
  }

  it.each([
    ['a baseline', undefined, undefined, portfolio],
    ['a baseline on a squad’s paths', undefined, 'payments', portfolio],
    ['a variant on nobody’s paths', 'tests-first', undefined, portfolio],
    ['a variant on a squad’s paths', 'tests-first', 'web', { ...sprint, name: 'web', budget: 2_000_000n }],
    [
      'a variant on a squad’s paths with an extra that ends today',
      'tests-first',
      'payments',
      { ...sprint, name: 'payments', budget: 3_000_000n },
    ],
  ])('%s', (_what, variant, squad, expected) => {
    expect(specs(declared(), variant, squad)).toEqual([expected])
  })

  it('lets an extra end with its day in the declared time zone', () => {
    const afterMidnightInBerlin = new Date('2026-11-20T23:00:00Z')
    expect(specs(declared(), 'tests-first', 'payments', afterMidnightInBerlin)).toMatchObject([{ budget: 2_000_000n }])
  })

  it('counts a squad’s floor in dollars where that is declared', () => {
    const exploration = {
      sprint: { days: 14, from: '2026-11-02' },
      'every-squad': { usd: 20 },
      squads: { web: { paths: ['web/**'], extra: [{ usd: '1.50', reason: 'A spike', until: '2026-12-01' }] } },
    }
    const file = declared({ exploration })
    expect(specs(file, 'tests-first', 'web')).toMatchObject([{ unit: 'usd', budget: 21_500_000n }])
  })

  it('pays from the portfolio where no exploration is declared', () => {
    expect(specs(declared({ exploration: undefined }), 'tests-first', 'web')).toEqual([portfolio])
  })

  it.each(['record', 'quote'] as const)('does not enforce under %s', (enforce) => {
    const file = declared()
    const observing = { ...(file.portfolios.refactoring as Portfolio), enforce }
    const plan = {}
    const [spec] = accountsFor(
      { portfolios: file },
      { portfolioName: 'refactoring', portfolio: observing, plan },
      undefined,
      NOW,
    )
    expect(spec).toMatchObject({ enforced: false, budget: 40n * USD })
  })
})

describe('adjustBudget', () => {
  const state = (budget: bigint, ceiling: bigint | null, used: bigint): AccountState => ({
    budget,
    ceiling,
    spent: used / 2n,
    held: used - used / 2n,
  })
  const spec = (budget: bigint, enforced = true, now?: string): AccountSpec => ({
    kind: 'portfolio',
    name: 'refactoring',
    unit: 'usd',
    periodStart: NOW,
    periodEnd: NOW,
    budget,
    enforced,
    now,
  })

  it.each([
    ['unchanged', state(100n, 100n, 30n), spec(100n), 100n, 100n],
    ['raised', state(100n, 100n, 30n), spec(150n), 150n, 150n],
    ['lowered: next period', state(100n, 100n, 30n), spec(50n), 100n, 100n],
    ['lowered now, above what is used', state(100n, 100n, 30n), spec(50n, true, 'A cut'), 50n, 50n],
    ['lowered now, below what is used', state(100n, 100n, 80n), spec(50n, true, 'A cut'), 50n, 80n],
    ['raised while the ceiling still covers more', state(50n, 80n, 80n), spec(60n), 60n, 80n],
    ['raised above such a ceiling', state(50n, 80n, 80n), spec(90n), 90n, 90n],
    ['no longer enforced', state(100n, 100n, 80n), spec(100n, false), 100n, null],
    ['enforced from now on', state(100n, null, 30n), spec(100n), 100n, 100n],
    ['enforced from now on, with more used than there is', state(100n, null, 300n), spec(100n), 100n, 300n],
  ])('%s', (_what, account, wanted, budget, ceiling) => {
    expect(adjustBudget(account, wanted)).toEqual({ budget, ceiling })
  })
})

describe('holdAmount', () => {
  const account = (room: bigint | undefined, changes: Partial<Room> = {}): Room => ({
    kind: 'portfolio',
    name: 'refactoring',
    unit: 'usd',
    periodEnd: new Date('2026-12-01T00:00:00Z'),
    budget: 40n * USD,
    spent: 38n * USD,
    held: 2n * USD - (room ?? 0n),
    room,
    overage: 0n,
    frozen: false,
    ...changes,
  })
  const squad = (room: bigint) => account(room, { kind: 'squad', name: 'web', unit: 'tokens', budget: 2_000_000n })
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

describe('settlement', () => {
  it.each([
    [100n, 0n, { charged: 0n, overage: 0n, released: 100n }],
    [100n, 40n, { charged: 40n, overage: 0n, released: 60n }],
    [100n, 100n, { charged: 100n, overage: 0n, released: 0n }],
    [100n, 130n, { charged: 100n, overage: 30n, released: 0n }],
  ])('a hold of %i with %i spent', (held, spent, expected) => {
    expect(settlement(held, spent)).toEqual(expected)
  })
})

describe('spendOf', () => {
  const call = (spentMicroUsd: bigint, inputTokens: number, outputTokens: number) => ({
    id: 0,
    step: 'refactor',
    model: 'gpt-5.2-mini',
    reservedMicroUsd: spentMicroUsd,
    spentMicroUsd,
    inputTokens,
    cachedTokens: 0,
    outputTokens,
    reasoningTokens: 0,
    usage: 'reported' as const,
  })
  it.each([
    ['the totals', { spentMicroUsd: 50n, inputTokens: 10, outputTokens: 5, calls: [] }, 50n, 15n],
    [
      'the calls where they are more',
      { spentMicroUsd: 50n, inputTokens: 1, outputTokens: 1, calls: [call(30n, 10, 1), call(30n, 10, 1)] },
      60n,
      22n,
    ],
    [
      'the totals where they are more',
      { spentMicroUsd: 70n, inputTokens: 30, outputTokens: 1, calls: [call(30n, 10, 1)] },
      70n,
      31n,
    ],
  ])('%s', (_what, report, microUsd, tokens) => {
    expect(spendOf(report)).toEqual({ microUsd, tokens })
  })
})
