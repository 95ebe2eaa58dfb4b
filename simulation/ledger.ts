/** The ledger as the world sees it: its operations, and its raw rows for whoever checks them. */
import type { AccountKind, AccountSpec, Unit } from '../core/money/account.ts'
import type { Refusal } from '../core/reason.ts'
import type { Report } from '../core/run/report.ts'
import type { RunState } from '../core/run/run-life.ts'

export interface ReserveAsk {
  readonly repositoryId: number
  readonly subjectKey: string
  readonly commandKey: string
  readonly capMicroUsd: bigint
  /** Counts where a token account pays, which may be one of a stretch that began before its unit was changed. */
  readonly capTokens: bigint
  readonly floorMicroUsd: bigint
  readonly accounts: readonly AccountSpec[]
  /** By the App's clock, which may be a day off. */
  readonly now: Date
}

export interface Reserved {
  readonly runId: string
  readonly state: RunState
  readonly heldMicroUsd: bigint
  readonly heldTokens: bigint | null
  readonly repeated: boolean
}

export interface Claimed {
  readonly epoch: number
  readonly drawnMicroUsd: bigint
  readonly drawnTokens: bigint | null
}

export interface Drawn {
  readonly drawnMicroUsd: bigint
  readonly drawnTokens: bigint | null
  readonly stopRequested: boolean
}

export interface Settled {
  readonly repeated: boolean
  readonly late: boolean
}

/** Every method is one operation: it happens as a whole or not at all. Leases run on the ledger's own clock. */
export interface Ledger {
  /** Brings accounts into line with what a repository declares. */
  configure(repositoryId: number, specs: readonly AccountSpec[], now: Date): Promise<void>
  reserve(ask: ReserveAsk): Promise<Reserved | Refusal>
  /** Notes that GitHub was asked for the run's job. */
  dispatch(runId: string, now: Date): Promise<void>
  claim(ask: {
    readonly runId: string
    readonly repositoryId: number
    readonly jobKey: string
    readonly now: Date
  }): Promise<Claimed | Refusal>
  /** A heartbeat, which also draws. */
  draw(ask: {
    readonly runId: string
    readonly epoch: number
    readonly wantMicroUsd: bigint
    readonly wantTokens?: bigint | undefined
  }): Promise<Drawn | Refusal>
  settle(ask: {
    readonly runId: string
    readonly epoch: number
    readonly report: Report
    readonly now: Date
  }): Promise<Settled | Refusal>
  /** GitHub says that the run's job is over. */
  vanish(runId: string, now: Date): Promise<boolean>
  /** GitHub refused to start its job. */
  release(runId: string, now: Date): Promise<boolean>
  stop(runId: string, now: Date): Promise<'ended' | 'told' | 'over'>
  /** Ends runs whose lease is over, and those that were reserved so long ago and not claimed or dispatched; returns their ids. */
  sweep(times: Sweep): Promise<readonly string[]>
  thaw(accountId: string, now: Date): Promise<boolean>
  readonly books: Books
}

export interface Sweep {
  readonly now: Date
  /** How long a hold may wait for its claim, and for its dispatch: on the ledger's own clock. */
  readonly unstartedMs: number
  readonly undispatchedMs: number
}

/** An account's row, and what its entries and holds add up to. */
export interface AccountFacts {
  readonly id: string
  readonly repositoryId: number
  readonly kind: AccountKind
  readonly name: string
  readonly formerNames: readonly string[]
  readonly unit: Unit
  readonly periodStartMs: number
  readonly periodEndMs: number
  readonly budget: bigint
  readonly ceiling: bigint | null
  readonly spent: bigint
  readonly held: bigint
  readonly overage: bigint
  readonly frozen: boolean
  readonly entered: Amounts
  readonly openHolds: bigint
  /** How many other accounts of the same repository, kind and name there are for some of the same days. */
  readonly twins: number
  /** Rises with every entry, so that equal figures mean that nothing moved in between. */
  readonly lastEntry: number
}

export interface Amounts {
  readonly budget: bigint
  readonly held: bigint
  readonly spent: bigint
  readonly overage: bigint
}

/** A run's row, its holds, and its entries in the order in which they were made. */
export interface RunFacts {
  readonly id: string
  readonly state: RunState
  readonly epoch: number
  readonly capMicroUsd: bigint
  readonly heldMicroUsd: bigint
  readonly heldTokens: bigint | null
  readonly drawnMicroUsd: bigint
  readonly drawnTokens: bigint | null
  readonly holds: readonly HoldFacts[]
  readonly entries: readonly EntryFacts[]
}

export interface HoldFacts {
  readonly accountId: string
  readonly amount: bigint
  readonly open: boolean
}

export interface EntryFacts {
  readonly accountId: string
  readonly kind: string
  readonly held: bigint
  readonly spent: bigint
  readonly overage: bigint
}

export interface Look {
  readonly accounts: readonly AccountFacts[]
  readonly runs: readonly RunFacts[]
}

/** Which rows an operation may have touched. */
export interface Touched {
  readonly runIds: readonly string[]
  /** The accounts that carry these names or did before they were renamed, whatever their period. */
  readonly named?: { readonly repositoryId: number; readonly specs: readonly AccountSpec[] } | undefined
  readonly accountIds?: readonly string[] | undefined
}

/** Reads the raw rows by other means than the ledger's own. */
export interface Books {
  /** The touched runs and accounts, as of one moment. */
  look(touched: Touched): Promise<Look>
  /** All that there is, added up from nothing. */
  everything(): AsyncIterable<Look>
}
