/** The rows of the ledger in memory. */
import type { AccountKind, AccountRow } from '../core/money/account.ts'
import type { EntryKind } from '../core/money/posting.ts'
import type { ReasonCode } from '../core/reason.ts'
import type { Report } from '../core/run/report.ts'
import type { RunState } from '../core/run/run-life.ts'

export interface PureAccount extends AccountRow {
  readonly id: string
  readonly repositoryId: number
}

export interface PureHold {
  readonly accountId: string
  readonly amount: bigint
  readonly open: boolean
}

export interface PureRun {
  readonly id: string
  readonly repositoryId: number
  readonly subjectKey: string
  readonly state: RunState
  readonly reason: ReasonCode | null
  readonly report: Report | null
  readonly epoch: number
  readonly jobKey: string | null
  readonly heardAt: Date | null
  /** On the ledger's clock. */
  readonly leaseUntilMs: number
  readonly reservedMs: number
  readonly capMicroUsd: bigint
  readonly heldMicroUsd: bigint
  readonly heldTokens: bigint | null
  readonly drawnMicroUsd: bigint
  readonly drawnTokens: bigint | null
  readonly spentMicroUsd: bigint
  readonly stopRequested: boolean
  readonly holds: readonly PureHold[]
}

export interface PureEntry {
  readonly accountId: string
  readonly runId: string | null
  readonly kind: EntryKind
  readonly budgetChange: bigint
  readonly heldChange: bigint
  readonly spentChange: bigint
  readonly overageChange: bigint
}

export class PureRows {
  readonly accounts = new Map<string, PureAccount>()
  readonly runs = new Map<string, PureRun>()
  readonly entries: PureEntry[] = []
  /** By the names that they have or had. */
  readonly #named = new Map<string, string[]>()
  readonly #byCommand = new Map<string, string>()
  readonly #openOnSubject = new Map<string, string>()
  readonly #open = new Set<string>()

  putAccount(account: PureAccount): void {
    this.accounts.set(account.id, account)
    for (const name of [account.name, ...account.formerNames]) {
      const key = nameKey(account.repositoryId, account.kind, name)
      const ids = this.#named.get(key) ?? []
      if (!ids.includes(account.id)) this.#named.set(key, [...ids, account.id])
    }
  }

  account(id: string): PureAccount {
    const account = this.accounts.get(id)
    if (account === undefined) throw new Error(`there is no account ${id}`)
    return account
  }

  /** Now, or before it was renamed. */
  accountsEverNamed(repositoryId: number, kind: AccountKind, name: string): readonly PureAccount[] {
    return (this.#named.get(nameKey(repositoryId, kind, name)) ?? []).map((id) => this.account(id))
  }

  putRun(run: PureRun): void {
    this.runs.set(run.id, run)
    const subject = `${run.repositoryId}/${run.subjectKey}`
    if (run.state !== 'ended') {
      this.#open.add(run.id)
      this.#openOnSubject.set(subject, run.id)
    } else if (this.#open.delete(run.id)) {
      this.#openOnSubject.delete(subject)
    }
  }

  putCommand(repositoryId: number, commandKey: string, runId: string): void {
    this.#byCommand.set(`${repositoryId}/${commandKey}`, runId)
  }

  byCommand(repositoryId: number, commandKey: string): PureRun | undefined {
    return this.runs.get(this.#byCommand.get(`${repositoryId}/${commandKey}`) ?? '')
  }

  isOpenOn(repositoryId: number, subjectKey: string): boolean {
    return this.#openOnSubject.has(`${repositoryId}/${subjectKey}`)
  }

  openRuns(): readonly PureRun[] {
    return [...this.#open].flatMap((id) => this.runs.get(id) ?? [])
  }
}

function nameKey(repositoryId: number, kind: AccountKind, name: string): string {
  return `${repositoryId}/${kind}/${name}`
}
