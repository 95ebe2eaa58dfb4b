/**
 * Reads the rows in memory and adds them up by itself: entries as they come, holds as they were last seen. Nothing of
 * this is shared with the ledger, whose columns are what is being checked.
 */
import type { AccountFacts, Amounts, Books, EntryFacts, Look, RunFacts, Touched } from './ledger.ts'
import type { PureAccount, PureEntry, PureRows, PureRun } from './pure-rows.ts'

/** How many rows a full recount hands out at a time. */
const BATCH = 1_000

interface Sums {
  budget: bigint
  held: bigint
  spent: bigint
  overage: bigint
  openHolds: bigint
  lastEntry: number
}

export class PureBooks implements Books {
  readonly #rows: PureRows
  #sums = new Map<string, Sums>()
  #entriesOf = new Map<string, EntryFacts[]>()
  /** What each run was last seen to hold, by account. */
  #holding = new Map<string, Map<string, bigint>>()
  #stretches = new Map<string, Map<string, { readonly startMs: number; readonly endMs: number }>>()
  #nameOf = new Map<string, string>()
  #read = 0

  constructor(rows: PureRows) {
    this.#rows = rows
  }

  async look({ runIds, named, accountIds = [] }: Touched): Promise<Look> {
    const touched = this.#readEntries(new Set(accountIds))
    const runs = runIds.flatMap((id) => this.#rows.runs.get(id) ?? [])
    for (const run of runs) {
      this.#readHolds(run)
      for (const { accountId } of run.holds) touched.add(accountId)
    }
    for (const spec of named?.specs ?? []) {
      for (const { id } of this.#rows.accountsEverNamed(named?.repositoryId ?? 0, spec.kind, spec.name)) touched.add(id)
    }
    const accounts = [...touched].map((id) => this.#rows.account(id))
    for (const account of accounts) this.#readStretch(account)
    return {
      accounts: accounts.map((account) => this.#accountFacts(account)),
      runs: runs.map((run) => this.#runFacts(run)),
    }
  }

  async *everything(): AsyncIterable<Look> {
    this.#sums = new Map()
    this.#entriesOf = new Map()
    this.#holding = new Map()
    this.#stretches = new Map()
    this.#nameOf = new Map()
    this.#read = 0
    this.#readEntries(new Set())
    for (const run of this.#rows.runs.values()) this.#readHolds(run)
    for (const account of this.#rows.accounts.values()) this.#readStretch(account)
    yield { accounts: [...this.#rows.accounts.values()].map((account) => this.#accountFacts(account)), runs: [] }
    let runs: RunFacts[] = []
    for (const run of this.#rows.runs.values()) {
      runs.push(this.#runFacts(run))
      if (runs.length < BATCH) continue
      yield { accounts: [], runs }
      runs = []
    }
    yield { accounts: [], runs }
  }

  #readEntries(touched: Set<string>): Set<string> {
    for (; this.#read < this.#rows.entries.length; this.#read += 1) {
      const entry = this.#rows.entries[this.#read]
      if (entry === undefined) break
      touched.add(entry.accountId)
      this.#addEntry(entry, this.#read + 1)
    }
    return touched
  }

  #addEntry(entry: PureEntry, number: number): void {
    const sums = this.#sumsOf(entry.accountId)
    sums.budget += entry.budgetChange
    sums.held += entry.heldChange
    sums.spent += entry.spentChange
    sums.overage += entry.overageChange
    sums.lastEntry = number
    if (entry.runId === null) return
    const { accountId, kind, heldChange: held, spentChange: spent, overageChange: overage } = entry
    const ofRun = this.#entriesOf.get(entry.runId) ?? []
    ofRun.push({ accountId, kind, held, spent, overage })
    this.#entriesOf.set(entry.runId, ofRun)
  }

  #readHolds(run: PureRun): void {
    const seen = this.#holding.get(run.id) ?? new Map<string, bigint>()
    this.#holding.set(run.id, seen)
    for (const { accountId, amount, open } of run.holds) {
      const holds = open ? amount : 0n
      this.#sumsOf(accountId).openHolds += holds - (seen.get(accountId) ?? 0n)
      seen.set(accountId, holds)
    }
  }

  #readStretch(account: PureAccount): void {
    const key = `${account.repositoryId}/${account.kind}/${account.name}`
    const before = this.#nameOf.get(account.id)
    if (before !== undefined && before !== key) this.#stretches.get(before)?.delete(account.id)
    this.#nameOf.set(account.id, key)
    const stretches = this.#stretches.get(key) ?? new Map()
    this.#stretches.set(key, stretches)
    stretches.set(account.id, { startMs: account.periodStart.getTime(), endMs: account.periodEnd.getTime() })
  }

  #twinsOf(account: PureAccount): number {
    const [startMs, endMs] = [account.periodStart.getTime(), account.periodEnd.getTime()]
    let twins = 0
    const stretches = this.#stretches.get(`${account.repositoryId}/${account.kind}/${account.name}`) ?? new Map()
    for (const [id, stretch] of stretches) {
      if (id !== account.id && stretch.startMs < endMs && startMs < stretch.endMs) twins += 1
    }
    return twins
  }

  #sumsOf(accountId: string): Sums {
    const known = this.#sums.get(accountId)
    if (known !== undefined) return known
    const sums = { budget: 0n, held: 0n, spent: 0n, overage: 0n, openHolds: 0n, lastEntry: 0 }
    this.#sums.set(accountId, sums)
    return sums
  }

  #accountFacts(account: PureAccount): AccountFacts {
    const { openHolds, lastEntry, budget, held, spent, overage } = this.#sumsOf(account.id)
    const entered: Amounts = { budget, held, spent, overage }
    return {
      ...account,
      periodStartMs: account.periodStart.getTime(),
      periodEndMs: account.periodEnd.getTime(),
      entered,
      openHolds,
      twins: this.#twinsOf(account),
      lastEntry,
    }
  }

  #runFacts(run: PureRun): RunFacts {
    return { ...run, entries: this.#entriesOf.get(run.id) ?? [] }
  }
}
