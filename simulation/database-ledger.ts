/** The ledger as the App carries it out on a real database, behind the operations of the simulated world. */

import type { Database } from '../app/database/open.ts'
import { transactSql } from '../app/database/transact.ts'
import { claim, draw, markDispatched } from '../app/ledger/claim.ts'
import { ensureAccounts } from '../app/ledger/ensure-accounts.ts'
import { type Ledger as AppLedger, openLedger } from '../app/ledger/ledger.ts'
import { reserve } from '../app/ledger/reserve.ts'
import { expire, release, settle, stopRun } from '../app/ledger/settle.ts'
import { abandonUndispatched, abandonUnstarted, expireLost } from '../app/ledger/sweep.ts'
import { thawAccount } from '../app/ledger/thaw.ts'
import type { AccountSpec } from '../core/account.ts'
import { LEASE_SECONDS } from '../core/protocol.ts'
import { isRefusal, type Refusal } from '../core/reason.ts'
import type { Report } from '../core/report.ts'
import type { DatabaseBooks } from './database-books.ts'
import type { Claimed, Drawn, Ledger, ReserveAsk, Reserved, Settled, Sweep } from './ledger.ts'
import { planOf, SHA } from './plan.ts'

const LEASE_MS = LEASE_SECONDS * 1000

export class DatabaseLedger implements Ledger {
  readonly books: DatabaseBooks
  readonly #database: Database
  readonly #ledger: AppLedger
  readonly #clockMs: () => number
  /** When the lease of each run that was claimed here ends in the world's time; the database knows only its own. */
  readonly #leases = new Map<string, number>()
  /** When the holds of these runs were taken, on the simulated clock. */
  readonly #reserved = new Map<string, number>()

  constructor(database: Database, books: DatabaseBooks, clockMs: () => number) {
    this.#database = database
    this.#ledger = openLedger(database)
    this.books = books
    this.#clockMs = clockMs
  }

  async configure(repositoryId: number, specs: readonly AccountSpec[], now: Date): Promise<void> {
    await transactSql(this.#database, (sql) => ensureAccounts(sql, BigInt(repositoryId), specs, now))
  }

  async reserve(ask: ReserveAsk): Promise<Reserved | Refusal> {
    const answer = await reserve(this.#ledger, {
      session: {
        repositoryId: BigInt(ask.repositoryId),
        subjectKind: 'pull-request',
        subjectKey: ask.subjectKey,
        trigger: 'comment',
        commandKey: ask.commandKey,
      },
      run: {
        family: 'simulated',
        variant: null,
        assignment: 'baseline',
        portfolio: 'simulated',
        headSha: SHA,
        configSha: SHA,
        plan: planOf(ask.capMicroUsd, ask.capTokens),
        floorMicroUsd: ask.floorMicroUsd,
        recentSpendsMicroUsd: [],
      },
      accounts: ask.accounts,
      now: ask.now,
    })
    if (isRefusal(answer)) return answer
    const { run, heldMicroUsd, heldTokens, repeated } = answer
    if (!repeated) this.#reserved.set(run.id, this.#clockMs())
    return { runId: run.id, state: run.state, heldMicroUsd, heldTokens, repeated }
  }

  async dispatch(runId: string, now: Date): Promise<void> {
    await markDispatched(this.#database.prisma, runId, undefined, now)
  }

  async claim(ask: { runId: string; repositoryId: number; jobKey: string; now: Date }): Promise<Claimed | Refusal> {
    const claimed = await claim(this.#database.prisma, { ...ask, repositoryId: BigInt(ask.repositoryId) })
    if (!isRefusal(claimed)) this.#leases.set(ask.runId, this.#clockMs() + LEASE_MS)
    if (!isRefusal(claimed)) this.#reserved.delete(ask.runId)
    return claimed
  }

  async draw(ask: {
    runId: string
    epoch: number
    wantMicroUsd: bigint
    wantTokens?: bigint | undefined
  }): Promise<Drawn | Refusal> {
    const drawn = await draw(this.#database.prisma, ask)
    if (!isRefusal(drawn)) this.#leases.set(ask.runId, this.#clockMs() + LEASE_MS)
    return drawn
  }

  async settle(ask: { runId: string; epoch: number; report: Report; now: Date }): Promise<Settled | Refusal> {
    return settle(this.#ledger, ask)
  }

  async vanish(runId: string, now: Date): Promise<boolean> {
    return expire(this.#ledger, runId, now)
  }

  async release(runId: string, now: Date): Promise<boolean> {
    return release(this.#ledger, runId, 'dispatch-failed', now)
  }

  async stop(runId: string, now: Date): Promise<'ended' | 'told' | 'over'> {
    return stopRun(this.#ledger, runId, now)
  }

  async sweep({ now, unstartedMs, undispatchedMs }: Sweep): Promise<readonly string[]> {
    const over = [...this.#leases].flatMap(([runId, untilMs]) => (untilMs < this.#clockMs() ? [runId] : []))
    await this.#database.prisma.$executeRaw`
      UPDATE run SET lease_until = clock_timestamp() - interval '1 second' WHERE id = ANY(${over}) AND state = 'claimed'`
    await this.#ageHolds()
    const swept = [
      await expireLost(this.#ledger, now),
      await abandonUnstarted(this.#ledger, unstartedMs / 1000, now),
      await abandonUndispatched(this.#ledger, undispatchedMs / 1000, now),
    ]
    const [failed] = swept.flatMap(({ failed }) => failed)
    if (failed !== undefined) throw failed.error
    const ended = swept.flatMap(({ ended }) => ended)
    for (const runId of [...over, ...ended]) this.#leases.delete(runId)
    for (const runId of ended) this.#reserved.delete(runId)
    return ended
  }

  /** Holds are as old as the simulated clock says, for the database's stands still beside it. */
  async #ageHolds(): Promise<void> {
    const ids = [...this.#reserved.keys()]
    const seconds = [...this.#reserved.values()].map((reservedMs) => (this.#clockMs() - reservedMs) / 1000)
    await this.#database.prisma.$executeRaw`
      UPDATE run SET reserved_at = clock_timestamp() - make_interval(secs => hold.seconds)
      FROM unnest(${ids}::text[], ${seconds}::float[]) AS hold(id, seconds)
      WHERE run.id = hold.id AND run.state IN ('reserved', 'dispatched')`
  }

  async thaw(accountId: string, now: Date): Promise<boolean> {
    return thawAccount(this.#ledger, BigInt(accountId), 'Simulated', now)
  }

  /** The jobs of these commands are gone with the process that played them. */
  async loseRunsOf(commandPrefix: string): Promise<void> {
    await this.#database.prisma.$executeRaw`
      UPDATE run SET lease_until = clock_timestamp() - interval '1 second' FROM session
      WHERE run.session_id = session.id AND starts_with(session.command_key, ${commandPrefix}) AND run.state = 'claimed'`
  }

  /** Resolves when all that was asked is answered. */
  async close(): Promise<void> {
    await this.#ledger.close()
  }
}
