/** The ledger as the App carries it out on a real database, behind the operations of the simulated world. */

import type { Database } from '../app/database/open.ts'
import { waitedInVain } from '../app/database/problems.ts'
import { transactSql } from '../app/database/transact.ts'
import { claim, draw, markDispatched } from '../app/ledger/claim.ts'
import { ensureAccounts } from '../app/ledger/ensure-accounts.ts'
import { type Ledger as AppLedger, openLedger } from '../app/ledger/ledger.ts'
import { type ReserveRequest, reserve } from '../app/ledger/reserve.ts'
import { expire, release, settle, stopRun } from '../app/ledger/settle.ts'
import { abandonUndispatched, abandonUnstarted, expireLost } from '../app/ledger/sweep.ts'
import { thawAccount } from '../app/ledger/thaw.ts'
import type { AccountSpec } from '../core/money/account.ts'
import { isRefusal, type Refusal } from '../core/reason.ts'
import { LEASE_SECONDS } from '../core/run/protocol.ts'
import type { Report } from '../core/run/report.ts'
import { Counts } from './counts.ts'
import type { DatabaseBooks } from './database-books.ts'
import type { Claimed, Drawn, Ledger, ReserveAsk, Reserved, Settled, Sweep } from './ledger.ts'
import { planOf, SHA } from './plan.ts'

const LEASE_MS = LEASE_SECONDS * 1000
/** How often one operation is asked for where the machine is so busy that it waits in vain. */
const ASKED_TIMES_MAX = 100

export class DatabaseLedger implements Ledger {
  readonly books: DatabaseBooks
  readonly #database: Database
  readonly #ledger: AppLedger
  readonly #clockMs: () => number
  readonly #counts: Counts
  /** When the lease of each run that was claimed here ends in the world's time; the database knows only its own. */
  readonly #leases = new Map<string, number>()
  /** When the holds of these runs were taken, on the simulated clock. */
  readonly #reserved = new Map<string, number>()

  constructor(database: Database, books: DatabaseBooks, clockMs: () => number, counts = new Counts()) {
    this.#database = database
    this.#ledger = openLedger(database)
    this.books = books
    this.#clockMs = clockMs
    this.#counts = counts
  }

  /** As the App's queue does, it asks again for what waited in vain for somebody else's lock or for an answer. */
  async #ask<T>(operate: () => Promise<T>): Promise<T> {
    for (let asked = 1; ; asked += 1) {
      try {
        return await operate()
      } catch (error) {
        if (asked >= ASKED_TIMES_MAX || !waitedInVain(error)) throw error
        this.#counts.add('fault waited in vain')
      }
    }
  }

  async configure(repositoryId: number, specs: readonly AccountSpec[], now: Date): Promise<void> {
    const ensure = () => transactSql(this.#database, (sql) => ensureAccounts(sql, BigInt(repositoryId), specs, now))
    await this.#ask(ensure)
  }

  async reserve(ask: ReserveAsk): Promise<Reserved | Refusal> {
    const request: ReserveRequest = {
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
    }
    const answer = await this.#ask(() => reserve(this.#ledger, request))
    if (isRefusal(answer)) return answer
    const { run, heldMicroUsd, heldTokens, repeated } = answer
    if (!repeated) this.#reserved.set(run.id, this.#clockMs())
    return { runId: run.id, state: run.state, heldMicroUsd, heldTokens, repeated }
  }

  async dispatch(runId: string, now: Date): Promise<void> {
    await this.#ask(() => markDispatched(this.#database.prisma, runId, undefined, now))
  }

  async claim(ask: { runId: string; repositoryId: number; jobKey: string; now: Date }): Promise<Claimed | Refusal> {
    const request = { ...ask, repositoryId: BigInt(ask.repositoryId) }
    const claimed = await this.#ask(() => claim(this.#database.prisma, request))
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
    const drawn = await this.#ask(() => draw(this.#database.prisma, ask))
    if (!isRefusal(drawn)) this.#leases.set(ask.runId, this.#clockMs() + LEASE_MS)
    return drawn
  }

  async settle(ask: { runId: string; epoch: number; report: Report; now: Date }): Promise<Settled | Refusal> {
    return this.#ask(() => settle(this.#ledger, ask))
  }

  async vanish(runId: string, now: Date): Promise<boolean> {
    return this.#ask(() => expire(this.#ledger, runId, now))
  }

  async release(runId: string, now: Date): Promise<boolean> {
    return this.#ask(() => release(this.#ledger, runId, 'dispatch-failed', now))
  }

  async stop(runId: string, now: Date): Promise<'ended' | 'told' | 'over'> {
    return this.#ask(() => stopRun(this.#ledger, runId, now))
  }

  async sweep(times: Sweep): Promise<readonly string[]> {
    return this.#ask(() => this.#sweep(times))
  }

  async #sweep({ now, unstartedMs, undispatchedMs }: Sweep): Promise<readonly string[]> {
    const over = [...this.#leases].flatMap(([runId, untilMs]) => (untilMs < this.#clockMs() ? [runId] : []))
    await this.#database.prisma.$executeRaw`
      UPDATE run SET lease_until = clock_timestamp() - interval '1 second' WHERE id = ANY(${over}) AND state = 'claimed'`
    await this.#ageHolds()
    const swept = [
      await expireLost(this.#ledger, now),
      await abandonUnstarted(this.#ledger, unstartedMs / 1000, now),
      await abandonUndispatched(this.#ledger, undispatchedMs / 1000, now),
    ]
    const failed = swept.flatMap(({ failed }) => failed)
    if (failed[0] !== undefined) {
      // It is put off by ten minutes, which here take no time.
      const ids = failed.map(({ runId }) => runId)
      await this.#database.prisma.$executeRaw`UPDATE run SET sweep_after = NULL WHERE id = ANY(${ids})`
      throw failed[0].error
    }
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
    return this.#ask(() => thawAccount(this.#ledger, BigInt(accountId), 'Simulated', now))
  }

  /** The jobs of these commands are gone with the process that played them. */
  async loseRunsOf(commandPrefix: string): Promise<void> {
    await this.#ask(
      () => this.#database.prisma.$executeRaw`
        UPDATE run SET lease_until = clock_timestamp() - interval '1 second' FROM session
        WHERE run.session_id = session.id AND starts_with(session.command_key, ${commandPrefix})
          AND run.state = 'claimed'`,
    )
  }

  /** Resolves when all that was asked is answered. */
  async close(): Promise<void> {
    await this.#ledger.close()
  }
}
