/** What a repository declares, how that changes, and the accounts that a run of its touches. */

import type { Experiment, PortfoliosFile } from '../core/config/portfolios.ts'
import { type AccountSpec, accountsFor, experimentAccount } from '../core/money/account.ts'
import { portfolioPayer } from '../core/money/payer.ts'
import type { Random } from './random.ts'

const MINUTE_MS = 60_000
const QUARTER_MS = 15 * MINUTE_MS
const DAY_MS = 96 * QUARTER_MS
/** As many as configuration takes. */
const NAMES_BEFORE = 20
const USD = 1_000_000n
const SPECS_KEPT = 500

/** Half-hour and quarter-hour offsets, clocks that change at midnight, a day that was left out. */
const TIME_ZONES = [
  'UTC',
  'Europe/Berlin',
  'Asia/Kathmandu',
  'Pacific/Chatham',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'Pacific/Apia',
] as const

/** One declared budget through all its names; what is asked of it is that it is never there twice for one day. */
export interface Purse {
  readonly lineage: string
  readonly kind: AccountSpec['kind']
}

export interface Payment {
  readonly lineage: string
  readonly spec: AccountSpec
}

type Portfolios = PortfoliosFile['portfolios']
type Exploration = NonNullable<PortfoliosFile['exploration']>

export class Declared {
  readonly repositoryId: number
  readonly #random: Random
  readonly #mayRename: boolean
  #nextChangeMs: number
  readonly #names = new Map<string, string>()
  /** As they were before the last change. */
  #namesBefore: ReadonlyMap<string, string> = new Map()
  #renames = 0
  #file: PortfoliosFile
  #before: PortfoliosFile
  /** Kept while they last, since time zones are slow. What a squad has for a while ends at a midnight, anywhere. */
  readonly #specs = new Map<string, AccountSpec>()

  /**
   * `random`: of its own, so that every process of a simulation has the same configurations at the same time. Renames only
   * where there is one process: the others would not have heard of them for hours.
   */
  constructor(
    repositoryId: number,
    random: Random,
    options: { readonly originMs: number; readonly mayRename: boolean },
  ) {
    const nowMs = options.originMs
    this.repositoryId = repositoryId
    this.#random = random
    this.#mayRename = options.mayRename
    this.#nextChangeMs = nowMs + this.#untilChangeMs()
    this.#file = {
      version: 1,
      inherit: 'none',
      'time-zone': random.pick(TIME_ZONES),
      'without-app': 'caps',
      values: {},
      models: { prices: {} },
      portfolios: this.#portfolios(),
      exploration: this.#exploration(nowMs),
      experiments: { split: this.#experiment(nowMs) },
      checks: { apps: [] },
      outcomes: [],
    }
    this.#before = this.#file
    for (const name of ['refactoring', 'incidents', 'payments', 'web', 'split']) this.#names.set(name, name)
  }

  /** The accounts that a run touches which is paid by `purses`; undefined where an experiment has ended. */
  paymentsOf(purses: readonly Purse[], now: Date): readonly Payment[] | undefined {
    const payments = purses.map(({ lineage, kind }) => ({ lineage, spec: this.#spec(this.#file, lineage, kind, now) }))
    return payments.some(({ spec }) => spec.kind === 'experiment' && spec.periodEnd <= now) ? undefined : payments
  }

  /** As an App reads it that has not heard of the last change. */
  stalePaymentsOf(purses: readonly Purse[], now: Date): readonly Payment[] | undefined {
    const stale = purses.map(({ lineage, kind }) => ({ lineage, spec: this.#spec(this.#before, lineage, kind, now) }))
    return stale.some(({ spec }) => spec.kind === 'experiment' && spec.periodEnd <= now) ? undefined : stale
  }

  /** Which budgets pay for the next run. */
  pickPurses(random: Random): readonly Purse[] {
    const portfolio = { lineage: random.pick(['refactoring', 'incidents']), kind: 'portfolio' } as const
    const squad = { lineage: random.pick(['payments', 'web']), kind: 'squad' } as const
    const experiment = { lineage: 'split', kind: 'experiment' } as const
    const which = random.between(1, 100)
    if (which <= 50) return [portfolio]
    if (which <= 75) return [squad]
    if (which <= 82) return [experiment]
    // Ordered as the ledger locks them, by kind.
    return which <= 91 ? [portfolio, squad] : [experiment, portfolio]
  }

  get nextChangeMs(): number {
    return this.#nextChangeMs
  }

  /** Changes what is next to be changed, and says what that was. */
  change(): string {
    this.#before = this.#file
    this.#namesBefore = new Map(this.#names)
    const said = this.#change(this.#nextChangeMs)
    this.#nextChangeMs += this.#untilChangeMs()
    this.#specs.clear()
    return said
  }

  #change(nowMs: number): string {
    const random = this.#random
    const lineage = random.pick(['refactoring', 'incidents'])
    const which = random.between(1, 100)
    if (which <= 30) return this.#budget(lineage, random.between(2, 30))
    if (which <= 40) return this.#budget(lineage, random.between(1, 6), 'The grant ended early')
    if (which <= 50) return this.#period(lineage)
    if (which <= 60) return this.#enforce(lineage)
    if (which <= 72) return this.#mayRename ? this.#rename(lineage) : 'nothing'
    if (which <= 78) return this.#mayRename ? this.#renameSquad(random.pick(['payments', 'web'])) : 'nothing'
    if (which <= 84) return this.#timeZone()
    if (which <= 94) return this.#sprint(nowMs)
    return this.#extend()
  }

  #untilChangeMs(): number {
    return this.#random.between(MINUTE_MS, DAY_MS)
  }

  #spec(file: PortfoliosFile, lineage: string, kind: Purse['kind'], now: Date): AccountSpec {
    const names = file === this.#file ? this.#names : this.#namesBefore
    const name = names.get(lineage) ?? lineage
    const extra = kind === 'squad' && (file.exploration?.squads[name]?.extra ?? []).length > 0
    const key = `${file === this.#file}/${kind}/${name}${extra ? `/${Math.floor(now.getTime() / QUARTER_MS)}` : ''}`
    const known = this.#specs.get(key)
    if (known !== undefined && (kind === 'experiment' || lasts(known, now))) return known
    if (this.#specs.size > SPECS_KEPT) this.#specs.clear()
    const spec = specOf(file, name, kind, now)
    this.#specs.set(key, spec)
    return spec
  }

  #budget(lineage: string, usd: number, reason?: string): string {
    const name = this.#nameOf(lineage)
    const { budget } = this.#portfolio(name)
    const changed = { usd: BigInt(usd) * USD, per: budget.per, ...(reason === undefined ? {} : { now: reason }) }
    this.#putPortfolio(name, { budget: changed })
    return `budget ${name} ${usd} USD${reason === undefined ? '' : ' now'}`
  }

  #period(lineage: string): string {
    const name = this.#nameOf(lineage)
    const { budget } = this.#portfolio(name)
    const per = budget.per === 'week' ? 'month' : 'week'
    this.#putPortfolio(name, { budget: { ...budget, per } })
    return `period ${name} ${per}`
  }

  #enforce(lineage: string): string {
    const name = this.#nameOf(lineage)
    // A month that only records comes now and then; enforcement comes back with the next change of this kind.
    const enforce = this.#portfolio(name).enforce === 'cap' && this.#random.chance(300) ? 'record' : 'cap'
    this.#putPortfolio(name, { enforce })
    return `enforce ${name} ${enforce}`
  }

  #rename(lineage: string): string {
    const name = this.#nameOf(lineage)
    const next = this.#newName(lineage)
    const { [name]: portfolio, ...others } = this.#file.portfolios
    if (portfolio === undefined) return 'nothing'
    this.#file = { ...this.#file, portfolios: { ...others, [next]: { ...portfolio, was: before(name, portfolio) } } }
    return `rename ${name} ${next}`
  }

  #renameSquad(lineage: string): string {
    const name = this.#nameOf(lineage)
    const exploration = this.#explored()
    const { [name]: squad, ...others } = exploration.squads
    if (squad === undefined) return 'nothing'
    const next = this.#newName(lineage)
    this.#file = {
      ...this.#file,
      exploration: { ...exploration, squads: { ...others, [next]: { ...squad, was: before(name, squad) } } },
    }
    return `rename squad ${name} ${next}`
  }

  #timeZone(): string {
    const zone = this.#random.pick(TIME_ZONES)
    this.#file = { ...this.#file, 'time-zone': zone }
    return `time zone ${zone}`
  }

  #sprint(nowMs: number): string {
    this.#file = {
      ...this.#file,
      exploration: { ...this.#exploration(nowMs), squads: this.#extras(nowMs) },
    }
    return 'sprint'
  }

  /** One extension, before its end or after. */
  #extend(): string {
    const { split } = this.#file.experiments
    if (split === undefined || split.extended !== undefined) return 'nothing'
    const extended = { until: dayAfter(Date.parse(split.ends), this.#random.between(5, 60)), reason: 'Not done' }
    this.#file = { ...this.#file, experiments: { split: { ...split, extended } } }
    return `extend ${extended.until}`
  }

  #portfolios(): Portfolios {
    const random = this.#random
    const portfolio = (usd: number): Portfolios[string] => ({
      purpose: 'Simulated',
      value: 'quality',
      workflows: ['simulated'],
      budget: { usd: BigInt(usd) * USD, per: random.pick(['week', 'month']) },
      overrides: {},
      enforce: 'cap',
    })
    return { refactoring: portfolio(random.between(3, 25)), incidents: portfolio(random.between(5, 60)) }
  }

  #exploration(nowMs: number): Exploration {
    const random = this.#random
    const inTokens = random.chance(700)
    return {
      sprint: { days: random.between(3, 21), from: dayAfter(nowMs, -random.between(0, 30)) },
      'every-squad': inTokens
        ? { tokens: random.between(5, 40) * 100_000 }
        : { usd: BigInt(random.between(2, 15)) * USD },
      squads: { payments: { paths: ['payments/**'], extra: [] }, web: { paths: ['web/**'], extra: [] } },
    }
  }

  /** The squads as they are, with what they have for a while. */
  #extras(nowMs: number): Exploration['squads'] {
    const grant = { tokens: this.#random.between(1, 10) * 100_000, reason: 'A migration', until: dayAfter(nowMs, 10) }
    return Object.fromEntries(
      Object.entries(this.#explored().squads).map(([name, squad]) => [
        name,
        this.#random.chance(400) ? { ...squad, extra: [grant] } : squad,
      ]),
    )
  }

  #experiment(nowMs: number): Experiment {
    const random = this.#random
    return {
      project: 'Simulated',
      workflows: [],
      scope: { paths: ['**'] },
      ends: dayAfter(nowMs, random.between(20, 120)),
      budget: { usd: BigInt(random.between(10, 100)) * USD },
      metering: 'metered',
    }
  }

  #newName(lineage: string): string {
    this.#renames += 1
    const next = `${lineage}-${this.#renames}`
    this.#names.set(lineage, next)
    return next
  }

  #nameOf(lineage: string): string {
    return this.#names.get(lineage) ?? lineage
  }

  #portfolio(name: string): Portfolios[string] {
    const portfolio = this.#file.portfolios[name]
    if (portfolio === undefined) throw new Error(`no portfolio ${name} is declared`)
    return portfolio
  }

  #putPortfolio(name: string, changes: Partial<Portfolios[string]>): void {
    const portfolio = { ...this.#portfolio(name), ...changes }
    this.#file = { ...this.#file, portfolios: { ...this.#file.portfolios, [name]: portfolio } }
  }

  #explored(): Exploration {
    const { exploration } = this.#file
    if (exploration === undefined) throw new Error('no exploration is declared')
    return exploration
  }
}

/** All its names in these days, so that it may be renamed before anybody has reserved under the name in between. */
function before(name: string, { was = [] }: { readonly was?: readonly string[] | undefined }): readonly string[] {
  return [name, ...was].slice(0, NAMES_BEFORE)
}

function lasts({ periodStart, periodEnd }: AccountSpec, now: Date): boolean {
  return periodStart <= now && now < periodEnd
}

function specOf(file: PortfoliosFile, name: string, kind: Purse['kind'], now: Date): AccountSpec {
  if (kind === 'experiment') {
    const experiment = file.experiments[name]
    if (experiment === undefined) throw new Error(`no experiment ${name} is declared`)
    return experimentAccount(experiment, name, file['time-zone'])
  }
  const [somePortfolio = ''] = Object.keys(file.portfolios)
  const portfolioName = kind === 'portfolio' ? name : somePortfolio
  const portfolio = file.portfolios[portfolioName]
  if (portfolio === undefined) throw new Error(`no portfolio ${portfolioName} is declared`)
  const plan = { variant: kind === 'squad' ? 'bolder' : undefined }
  const payingSquad = kind === 'squad' ? name : undefined
  const [spec] = accountsFor(
    { portfolios: file },
    { payer: portfolioPayer(portfolioName, portfolio), plan },
    payingSquad,
    now,
  )
  if (spec === undefined) throw new Error(`nothing pays for ${kind} ${name}`)
  return spec
}

function dayAfter(fromMs: number, days: number): string {
  return new Date(fromMs + days * DAY_MS).toISOString().slice(0, 10)
}
