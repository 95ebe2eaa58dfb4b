import { describe, expect, it } from 'vitest'
import { type Portfolio, type PortfoliosFile, portfoliosSchema } from '../../../core/config/portfolios.ts'
import {
  type AccountRow,
  type AccountSpec,
  accountMeant,
  accountsFor,
  experimentAccount,
  termsOf,
} from '../../../core/money/account.ts'
import { payerOf, portfolioPayer } from '../../../core/money/payer.ts'

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
  return accountsFor({ portfolios: file }, { payer: portfolioPayer('refactoring', portfolio), plan }, squad, now)
}

describe('accountsFor', () => {
  const portfolio = {
    kind: 'portfolio',
    name: 'refactoring',
    was: undefined,
    unit: 'usd',
    periodStart: new Date('2026-10-31T23:00:00Z'),
    periodEnd: new Date('2026-11-30T23:00:00Z'),
    budget: 40n * USD,
    enforced: true,
    now: undefined,
  }
  const sprint = {
    kind: 'squad',
    was: undefined,
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

  it('pays from an experiment to the end of its last day, for variants on a squad’s paths too', () => {
    const split = {
      project: 'Split it',
      workflows: ['split-module'],
      scope: { paths: ['billing/**'] },
      ends: '2026-11-30',
      budget: { usd: 120 },
    }
    const file = declared({ experiments: { split } })
    const payer = payerOf({ portfolios: file }, 'split-module')
    if (payer === undefined) throw new Error('nothing pays')
    expect(accountsFor({ portfolios: file }, { payer, plan: { variant: 'bolder' } }, 'web', NOW)).toEqual([
      {
        kind: 'experiment',
        name: 'split',
        was: undefined,
        unit: 'usd',
        periodStart: new Date(0),
        periodEnd: new Date('2026-11-30T23:00:00Z'),
        budget: 120n * USD,
        enforced: true,
      },
    ])
  })

  it.each(['record', 'quote'] as const)('does not enforce under %s', (enforce) => {
    const file = declared()
    const observing = { ...(file.portfolios.refactoring as Portfolio), enforce }
    const plan = {}
    const [spec] = accountsFor(
      { portfolios: file },
      { payer: portfolioPayer('refactoring', observing), plan },
      undefined,
      NOW,
    )
    expect(spec).toMatchObject({ enforced: false, budget: 40n * USD })
  })
})

const day = (text: string) => new Date(`${text}T00:00:00Z`)

const NOVEMBER: AccountSpec = {
  kind: 'portfolio',
  name: 'refactoring',
  unit: 'usd',
  periodStart: day('2026-11-01'),
  periodEnd: day('2026-12-01'),
  budget: 100n,
  enforced: true,
}

function row(changes: Partial<AccountRow> = {}): AccountRow {
  const { kind, name, unit, periodStart, periodEnd, budget } = NOVEMBER
  const amounts = { budget, ceiling: budget, spent: 0n, held: 0n, overage: 0n, frozen: false }
  return { kind, name, formerNames: [], unit, periodStart, periodEnd, ...amounts, ...changes }
}

describe('experimentAccount', () => {
  const experiment = (changes: object = {}) => {
    const split = {
      project: 'Split the monolith',
      scope: { paths: ['billing/**'] },
      ends: '2026-12-31',
      budget: { usd: 120 },
      ...changes,
    }
    const [[name, declaredOne] = []] = Object.entries(declared({ experiments: { split } }).experiments)
    if (name === undefined || declaredOne === undefined) throw new Error('no experiment')
    return experimentAccount(declaredOne, name, 'Europe/Berlin')
  }

  it('lasts to the end of its last day in the declared time zone', () => {
    expect(experiment()).toMatchObject({
      kind: 'experiment',
      name: 'split',
      budget: 120n * USD,
      periodEnd: new Date('2026-12-31T23:00:00Z'),
    })
  })

  it('lasts longer where it was extended, as the same account', () => {
    const extended = experiment({ extended: { until: '2027-01-31', reason: 'Nearly there' } })
    expect(extended.periodEnd).toEqual(new Date('2027-01-31T23:00:00Z'))
    expect(extended.periodStart).toEqual(experiment().periodStart)
  })
})

describe('accountMeant', () => {
  const week = (from: string, to: string, changes: Partial<AccountRow> = {}) =>
    row({ periodStart: day(from), periodEnd: day(to), ...changes })

  it.each<[string, AccountRow[]]>([
    ['its own', [row()]],
    ['one whose stretch was meant to be another', [week('2026-11-16', '2026-11-23')]],
    ['one in another unit', [row({ unit: 'tokens' })]],
    ['one by its name before', [row({ name: 'cleanup' })]],
    ['its own before one by its name before', [row(), row({ name: 'cleanup' })]],
    ['one that was renamed since', [row({ name: 'tidy', formerNames: ['cleanup', 'refactoring'] })]],
    ['one that was renamed twice since its name before', [row({ name: 'tidy', formerNames: ['cleanup'] })]],
    [
      'one by its name before one that had its name',
      [row({ name: 'cleanup' }), row({ name: 'tidy', formerNames: ['refactoring'] })],
    ],
  ])('is %s where that runs', (_what, rows) => {
    expect(accountMeant({ ...NOVEMBER, was: ['cleanup'] }, rows, NOW)).toEqual({ account: rows[0] })
  })

  it.each<[string, AccountRow[], string, string]>([
    ['its whole period where nothing is there', [], '2026-11-01', '2026-12-01'],
    ['from where the last stretch ends', [week('2026-11-09', '2026-11-16')], '2026-11-16', '2026-12-01'],
    [
      'from where the last of several ends',
      [week('2026-11-02', '2026-11-09'), week('2026-11-09', '2026-11-16', { name: 'cleanup' })],
      '2026-11-16',
      '2026-12-01',
    ],
    ['up to one that a fast clock has opened', [week('2026-11-30', '2026-12-07')], '2026-11-01', '2026-11-30'],
    [
      'from where one that was renamed ends',
      [week('2026-11-09', '2026-11-16', { name: 'tidy', formerNames: ['refactoring'] })],
      '2026-11-16',
      '2026-12-01',
    ],
    ['between two', [week('2026-11-09', '2026-11-16'), week('2026-11-23', '2026-11-30')], '2026-11-16', '2026-11-23'],
  ])('is to be opened for %s', (_what, rows, start, end) => {
    expect(accountMeant({ ...NOVEMBER, was: ['cleanup'] }, rows, NOW)).toEqual({
      period: { start: day(start), end: day(end) },
    })
  })

  it('is the last of its period where that ended before it was asked for', () => {
    const after = day('2026-12-01')
    expect(accountMeant(NOVEMBER, [row()], after)).toEqual({ account: row() })
    expect(accountMeant(NOVEMBER, [week('2026-11-09', '2026-11-16')], after)).toEqual({
      period: { start: day('2026-11-16'), end: day('2026-12-01') },
    })
  })

  it('is never an experiment that was renamed and is over', () => {
    const ended = row({ kind: 'experiment', name: 'tidy', formerNames: ['refactoring'], periodEnd: day('2026-11-10') })
    expect(accountMeant({ ...NOVEMBER, kind: 'experiment' }, [ended], NOW)).toEqual({
      period: { start: day('2026-11-10'), end: day('2026-12-01') },
    })
  })

  it('is the experiment’s one account, also when it is extended after its end', () => {
    const ended = row({ kind: 'experiment', periodStart: new Date(0), periodEnd: day('2026-11-10') })
    const extended = { ...NOVEMBER, kind: 'experiment' as const, periodStart: new Date(0) }
    expect(accountMeant(extended, [ended], NOW)).toEqual({ account: ended })
  })

  it('never opens days twice, whatever the stretches are changed to', () => {
    const opened: AccountRow[] = []
    const stretches = [7, 30, 3, 14, 30, 1, 7]
    for (let hour = 0; hour < 24 * 120; hour += 5) {
      const now = new Date(day('2026-09-01').getTime() + hour * 3_600_000)
      const length = (stretches[Math.floor(hour / 400) % stretches.length] ?? 7) * 86_400_000
      const periodStart = new Date(Math.floor(now.getTime() / length) * length)
      const periodEnd = new Date(periodStart.getTime() + length)
      const overlapping = opened.filter((one) => one.periodEnd > periodStart && one.periodStart < periodEnd)
      const meant = accountMeant({ ...NOVEMBER, periodStart, periodEnd }, overlapping, now)
      if ('period' in meant) {
        const { start, end } = meant.period
        expect(start <= now && now < end).toBe(true)
        expect(opened.filter((one) => one.periodEnd > start && one.periodStart < end)).toEqual([])
        opened.push(row({ periodStart: start, periodEnd: end }))
      }
    }
    expect(opened.length).toBeGreaterThan(10)
  })
})

describe('termsOf', () => {
  const used = (budget: bigint, ceiling: bigint | null, amount: bigint): AccountRow =>
    row({ budget, ceiling, spent: amount / 2n, held: amount - amount / 2n })
  const spec = (budget: bigint, changes: Partial<AccountSpec> = {}): AccountSpec => ({
    ...NOVEMBER,
    budget,
    ...changes,
  })
  const now = 'A cut'
  const another = { periodEnd: day('2026-11-23') }

  it.each([
    ['unchanged', used(100n, 100n, 30n), spec(100n), 100n, 100n],
    ['raised', used(100n, 100n, 30n), spec(150n), 150n, 150n],
    ['lowered: next period', used(100n, 100n, 30n), spec(50n), 100n, 100n],
    ['lowered now, above what is used', used(100n, 100n, 30n), spec(50n, { now }), 50n, 50n],
    ['lowered now, below what is used', used(100n, 100n, 80n), spec(50n, { now }), 50n, 80n],
    ['raised while the ceiling still covers more', used(50n, 80n, 80n), spec(60n), 60n, 80n],
    ['raised above such a ceiling', used(50n, 80n, 80n), spec(90n), 90n, 90n],
    ['no longer enforced', used(100n, 100n, 80n), spec(100n, { enforced: false }), 100n, null],
    ['enforced from now on', used(100n, null, 30n), spec(100n), 100n, 100n],
    ['enforced from now on, with more used than there is', used(100n, null, 300n), spec(100n), 100n, 300n],
    ['raised with another stretch: next period', used(100n, 100n, 30n), spec(150n, another), 100n, 100n],
    ['lowered now with another stretch', used(100n, 100n, 30n), spec(50n, { ...another, now }), 50n, 50n],
    ['in another unit: next sprint', used(100n, 100n, 30n), spec(50n, { unit: 'tokens', now }), 100n, 100n],
  ])('%s', (_what, account, wanted, budget, ceiling) => {
    const { name, formerNames, periodEnd } = account
    expect(termsOf(account, wanted)).toEqual({ name, formerNames, periodEnd, budget, ceiling })
  })

  it('gives the account its new name, and back again', () => {
    const names = { name: 'cleanup', formerNames: ['refactoring', 'chores'] }
    const terms = termsOf(row(names), { ...NOVEMBER, was: ['cleanup'] })
    expect(terms).toMatchObject({ name: 'refactoring', formerNames: ['chores', 'cleanup'] })
  })

  it('decides nothing of an account by a name that it no longer has', () => {
    const renamed = row({ name: 'tidy', formerNames: ['refactoring'] })
    const { name, formerNames, periodEnd, budget, ceiling } = renamed
    const outdated = spec(500n, { now, enforced: false, was: ['cleanup'] })
    expect(termsOf(renamed, outdated)).toEqual({ name, formerNames, periodEnd, budget, ceiling })
    expect(termsOf(renamed, { ...outdated, was: ['tidy'] })).toMatchObject({ name: 'refactoring', budget: 500n })
  })

  it('moves the end of an experiment, with what it has', () => {
    const experiment = spec(150n, { kind: 'experiment', periodEnd: day('2027-02-01') })
    expect(termsOf(row({ kind: 'experiment' }), experiment)).toMatchObject({
      periodEnd: day('2027-02-01'),
      budget: 150n,
    })
  })
})
