/**
 * Recomputes an account from its entries, one run after the other, so that memory stays bounded however many there are.
 * What doesn't add up is traced to one row where everything else agrees on which it is.
 */
import { faultsOf } from './faults.ts'
import { accountName, type Difference, entryName, type Finding, type RowName, valueWords } from './finding.ts'
import { type Repair, repairsOf } from './repairs.ts'
import {
  type Amounts,
  type AuditedAccount,
  type AuditedEntry,
  type AuditedRun,
  amountColumns,
  isZero,
  minus,
  plus,
  type RunInAccount,
  sumOf,
  ZERO,
} from './rows.ts'

/** Runs, and other entries, of an account that don't add up and are looked into; of the rest only the number is told. */
const SHOWN_MAX = 100
/** Entries that nothing but the account's own row confirms, kept to be named. */
const UNCONFIRMED_KEPT_MAX = 100
/** Ways in which the repairs of several runs are put together. */
const COMBINATIONS_MAX = 10_000

const KINDS_OF_NO_RUN: ReadonlySet<string> = new Set(['budget', 'thaw', 'renamed'])

type Column = (typeof amountColumns)[number]
type Found = Omit<Finding, 'account'>

interface Faulty {
  readonly group: RunInAccount
  readonly repairs: readonly Repair[]
}

/** Give it everything of the account by `addRun` and `addOther`, in any order, then ask for the `findings`. */
export class AccountAudit {
  readonly #account: AuditedAccount
  readonly #faulty: Faulty[] = []
  readonly #otherFindings: Found[] = []
  readonly #unconfirmed: Record<Column, AuditedEntry[]> = { budget: [], held: [], spent: [], overage: [] }
  readonly #strangers: AuditedEntry[] = []
  #sums = ZERO
  #entries = 0
  #notShown = 0
  #overageId = 0n
  #thawId = 0n

  constructor(account: AuditedAccount) {
    this.#account = account
  }

  get entries(): number {
    return this.#entries
  }

  /** What one run left in this account. */
  addRun(group: RunInAccount): void {
    this.#entries += group.entries.length
    this.#sums = plus(this.#sums, sumOf(group.entries))
    for (const entry of group.entries) {
      if (entry.kind === 'overage') this.#overageId = later(this.#overageId, entry)
      // Of tokens a run's row tells the use, not what was posted.
      if (group.unit === 'tokens' && entry.kind === 'overage') this.#keep('overage', entry)
      if (group.unit === 'tokens' && entry.kind === 'refund') this.#keep('spent', entry)
    }
    if (faultsOf(group).length === 0) return
    if (this.#faulty.length < SHOWN_MAX) this.#faulty.push({ group, repairs: repairsOf(group) })
    else this.#notShown += 1
  }

  /** An entry of no run: a budget, or a decision. */
  addOther(entry: AuditedEntry): void {
    this.#entries += 1
    if (entry.kind === 'thaw') this.#thawId = later(this.#thawId, entry)
    if (!KINDS_OF_NO_RUN.has(entry.kind)) {
      const why = `it stands at account ${this.#account.id} and at no run`
      this.#find({ problem: 'added', rows: [entryName(entry)], differences: [], why })
      return
    }
    const right = { ...ZERO, budget: entry.kind === 'budget' ? entry.budget : 0n }
    this.#sums = plus(this.#sums, right)
    const differences = amountColumns
      .map((column) => ({ column: `${column}_change`, is: entry[column], expected: right[column] }))
      .filter((difference) => difference.is !== difference.expected)
    if (differences.length > 0) {
      this.#find({ problem: 'changed', rows: [entryName(entry)], differences })
    }
    if (!entry.key.startsWith(this.#prefix) && this.#strangers.length < SHOWN_MAX) this.#strangers.push(entry)
    else if (entry.kind === 'budget') this.#keep('budget', entry)
  }

  findings(): readonly Finding[] {
    this.#judgeStrangers()
    const off = minus(this.#account, this.#sums)
    const { found, change, isWhole } = traced(this.#faulty, off)
    // What a run leaves open may well be what the account's row is off by.
    const columns = isWhole && this.#notShown === 0 ? this.#columns(plus(this.#sums, change)) : []
    const all = [...this.#otherFindings, ...found, ...columns, ...this.#twins(), ...this.#untold()]
    const account = accountName(this.#account)
    return (all.length > 0 ? all : this.#frozen()).map((finding) => ({ account, ...finding }))
  }

  /** Entries whose keys name another account: they came from there where this one adds up without them. */
  #judgeStrangers(): void {
    const { budget } = sumOf(this.#strangers)
    const isForeign = budget !== 0n && this.#account.budget === this.#sums.budget - budget
    if (isForeign) this.#sums = { ...this.#sums, budget: this.#account.budget }
    const expected = `${this.#prefix}...`
    for (const entry of this.#strangers) {
      const rows = [entryName(entry)]
      const own = { problem: 'changed', rows, differences: [{ column: 'key', is: entry.key, expected }] } as const
      const why = `it stands at account ${this.#account.id}`
      this.#find(isForeign ? { problem: 'added', rows, differences: [], why } : own)
    }
    this.#strangers.length = 0
  }

  get #prefix(): string {
    return `account:${this.#account.id}:`
  }

  /** Compares the account's row with what its entries add up to. */
  #columns(right: Amounts): readonly Found[] {
    const { ceiling } = this.#account
    const used = right.spent + right.held
    const budgets = [right.budget, this.#account.budget]
    // A ceiling tells which of two budgets is the true one, unless more than either is spent and held.
    const byCeiling = [...new Set(budgets)].filter((budget) => ceiling === most(budget, used))
    const [told] = byCeiling.length === 1 ? byCeiling : []
    const columns = amountColumns
      .filter((column) => this.#account[column] !== right[column])
      .map((column) => this.#column(column, right, column === 'budget' ? told : undefined))
    if (ceiling === null || byCeiling.length > 0) return columns
    const expected = most(right.budget, used)
    return [...columns, this.#own([{ column: 'ceiling', is: ceiling, expected }])]
  }

  #column(column: Column, right: Amounts, budget: bigint | undefined): Found {
    const is = this.#account[column]
    const expected = right[column]
    const kept = this.#unconfirmed[column]
    const own = this.#own([{ column, is, expected }])
    if (budget === expected || (kept.length === 0 && column !== 'budget')) return own
    if (kept.length === 0) {
      const rows = [{ table: 'entry' as const, id: '', key: `${this.#prefix}...` }]
      return { problem: 'missing', rows, differences: [{ column: 'budget_change', expected: is - expected }] }
    }
    const { unit } = this.#account
    const why = `the account’s ${column} is ${valueWords(unit, is)}, its entries add up to ${valueWords(unit, expected)}`
    // The likeliest first: an entry without which it would add up, then the row that its ceiling doesn't confirm.
    const spare = kept.filter((entry) => entry[column] === expected - is).map(entryName)
    const others = kept.filter((entry) => entry[column] !== expected - is).map(entryName)
    const rows = budget === is ? [...spare, ...others, ...own.rows] : [...own.rows, ...spare, ...others]
    return { problem: 'disagrees', rows, differences: own.differences, why }
  }

  /** Whoever was billed more than was held looks at it before anything more is spent. */
  #frozen(): readonly Found[] {
    const expected = this.#overageId > this.#thawId
    if (this.#account.frozen === expected) return []
    return [this.#own([{ column: 'frozen', is: String(this.#account.frozen), expected: String(expected) }])]
  }

  /** No constraint of the database says that no day may be paid for twice. */
  #twins(): readonly Found[] {
    const rows = [{ table: 'account' as const, id: this.#account.id }]
    return this.#account.twins.map((twin) => {
      return { problem: 'disagrees', rows, differences: [], why: `account ${twin} has a budget for the same days` }
    })
  }

  #untold(): readonly Found[] {
    if (this.#notShown === 0) return []
    const why = `${this.#notShown} more rows and runs of this account don’t add up`
    return [{ problem: 'disagrees', rows: [{ table: 'account', id: this.#account.id }], differences: [], why }]
  }

  #own(differences: readonly Difference[]): Found {
    return { problem: 'changed', rows: [{ table: 'account', id: this.#account.id }], differences }
  }

  #find(found: Found): void {
    if (this.#otherFindings.length < SHOWN_MAX) this.#otherFindings.push(found)
    else this.#notShown += 1
  }

  #keep(column: Column, entry: AuditedEntry): void {
    const kept = this.#unconfirmed[column]
    if (kept.length < UNCONFIRMED_KEPT_MAX) kept.push(entry)
  }
}

/**
 * Chooses the repair of each run so that, together, they also account for what the account's columns are `off` by; says
 * what they change, and whether every run has one. Where none do, a run's only repair stands, and the account's row is
 * off besides.
 */
function traced(
  faulty: readonly Faulty[],
  off: Amounts,
): { readonly found: readonly Found[]; readonly change: Amounts; readonly isWhole: boolean } {
  const repairable = faulty.filter(({ repairs }) => repairs.length > 0)
  const chosen = combinations(repairable, off)
  const certain = repairable.map(({ repairs }, index): Repair | undefined => {
    const choices = new Set(chosen.length > 0 ? chosen.map((combination) => combination[index]) : repairs)
    return choices.size === 1 ? [...choices][0] : undefined
  })
  const found = faulty.map((one): Found => {
    const repair = certain[repairable.indexOf(one)]
    return repair?.finding ?? untraced(one)
  })
  const isWhole = repairable.length === faulty.length && !certain.includes(undefined)
  return { found, change: sumOf(certain.map((repair) => repair?.change ?? ZERO)), isWhole }
}

/** Every way to choose one repair for each run such that nothing is off any more; one at the most of each, within bounds. */
function combinations(repairable: readonly Faulty[], off: Amounts): readonly (readonly Repair[])[] {
  let partial: readonly { readonly repairs: readonly Repair[]; readonly left: Amounts }[] = [{ repairs: [], left: off }]
  for (const { repairs } of repairable) {
    if (partial.length * repairs.length > COMBINATIONS_MAX) return []
    partial = partial.flatMap(({ repairs: before, left }) =>
      repairs.map((repair) => ({ repairs: [...before, repair], left: minus(left, repair.change) })),
    )
  }
  return partial.filter(({ left }) => isZero(left)).map(({ repairs }) => repairs)
}

function untraced({ group, repairs }: Faulty): Found {
  const { runId, entries, hold, run } = group
  const suspects = repairs.flatMap(({ finding }) => finding.rows)
  const present: RowName[] = [
    ...entries.map(entryName),
    ...(hold === undefined ? [] : [{ table: 'hold' as const, id: runId }]),
    ...(run === undefined ? [] : [{ table: 'run' as const, id: runId }]),
  ]
  const rows = suspects.length > 0 ? suspects : present
  return { problem: 'disagrees', rows, differences: [], why: faultsOf(group).join('; ') }
}

/** A run that owns no hold can neither hold nor have spent; undefined where all is well. */
export function auditHoldless(runId: string, run: AuditedRun): Finding | undefined {
  const differences: Difference[] = [
    ...(run.heldMicroUsd > 0n ? [{ column: 'held_micro_usd', is: run.heldMicroUsd, expected: 0n }] : []),
    ...(run.spentMicroUsd > 0n ? [{ column: 'spent_micro_usd', is: run.spentMicroUsd, expected: 0n }] : []),
    ...(run.state === 'waiting' || run.state === 'ended'
      ? []
      : [{ column: 'state', is: run.state, expected: 'waiting or ended' }]),
  ]
  if (differences.length === 0) return undefined
  const why = 'it has no hold on any account'
  return { account: undefined, problem: 'changed', rows: [{ table: 'run', id: runId }], differences, why }
}

function later(id: bigint, entry: AuditedEntry): bigint {
  const own = BigInt(entry.id)
  return own > id ? own : id
}

function most(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
