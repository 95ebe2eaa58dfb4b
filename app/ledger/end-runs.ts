/** Ending many runs in one transaction: by their reports, released before they began, or given up as lost. */
import { isDeepStrictEqual } from 'node:util'
import { afterPostings, endPostings, type Spend } from '../../core/posting.ts'
import type { Conclusion } from '../../core/run.ts'
import {
  type Change,
  changeBy,
  countsInTrial,
  isDeliveryDue,
  type RunEvent,
  type RunState,
} from '../../core/run-life.ts'
import type { Account } from '../../prisma/client/client.ts'
import { leaseIsOver } from '../database/clock.ts'
import type { Sql } from '../database/transact.ts'
import { planWithoutWords } from './delivery.ts'
import { type Along, type NewEntry, post } from './post.ts'
import { showAfter } from './shown.ts'
import { remembered } from './store-runs.ts'

/** How a run ends. The text of its report is made ready before a row is locked. */
export interface RunEnd {
  readonly conclusion: Conclusion
  readonly reason: string | null
  readonly spend: Spend
  readonly inputTokens: number
  readonly cachedTokens: number
  readonly outputTokens: number
  /** Null where none came. */
  readonly report: string | null
}

export interface EndRequest {
  readonly runId: string
  readonly now: Date
  readonly by: /** The claim of that epoch. */
    | { readonly event: 'report'; readonly epoch: number; readonly end: RunEnd }
    /** `onlyLeaseOver`: not while the database's clock says that its lease lasts. */
    | { readonly event: Exclude<RunEvent, 'report' | 'report-again'>; readonly onlyLeaseOver?: boolean }
}

/** What became of it; `run` and `payers` as they stand afterwards, where there is such a run. */
export interface EndAnswer {
  readonly change: Change
  readonly run?: EndingRun
  readonly payers: readonly Payer[]
}

/** A run as its end looks at it. */
export interface EndingRun {
  readonly id: string
  readonly state: RunState
  readonly epoch: number
  readonly reason: string | null
  readonly report: string | null
  readonly leaseIsOver: boolean
  readonly heldMicroUsd: bigint
  readonly heldTokens: bigint | null
  readonly drawnMicroUsd: bigint
  readonly drawnTokens: bigint | null
  readonly spentMicroUsd: bigint
  readonly usedTokens: bigint
}

/** An account that pays for a run, with what is held for it. */
export interface Payer
  extends Pick<Account, 'id' | 'unit' | 'budget' | 'ceiling' | 'spent' | 'held' | 'overage' | 'frozen'> {
  readonly runId: string
  readonly amount: bigint
}

/** Rows are locked in one order everywhere: runs first, then accounts by their ids. */
export async function endRuns(sql: Sql, requests: readonly EndRequest[]): Promise<readonly EndAnswer[]> {
  const ids = requests.map(({ runId }) => runId)
  const runs = await lockRuns(sql, ids)
  const payers = runs.size === 0 ? [] : await lockPayers(sql, [...runs.keys()])
  const ending = new Ending(runs, payers)
  const answers = requests.map((request) => ending.end(request))
  if (ending.ended.length > 0) await post(sql, ending.entries, endsOf(ending))
  return answers
}

interface EndedRow {
  readonly id: string
  readonly ended_at: Date
  readonly conclusion: Conclusion
  readonly reason: string | null
  readonly spent_micro_usd: string
  readonly input_tokens: number
  readonly cached_tokens: number
  readonly output_tokens: number
  readonly decide_after: Date | null
  readonly forget: boolean
}

interface EndedHold {
  readonly run_id: string
  readonly account_id: string
  readonly state: 'settled' | 'released'
}

/** Goes through the requests, one after the other, and gathers what is to be written. */
class Ending {
  readonly ended: { readonly row: EndedRow; readonly report: string | null }[] = []
  readonly holds: EndedHold[] = []
  readonly entries: NewEntry[] = []
  readonly #runs: ReadonlyMap<string, EndingRun>
  readonly #payers: ReadonlyMap<string, readonly Payer[]>
  /** As they stand after what was decided so far. */
  readonly #standing: Map<bigint, Payer>

  constructor(runs: ReadonlyMap<string, EndingRun>, payers: readonly Payer[]) {
    this.#runs = runs
    this.#payers = Map.groupBy(payers, ({ runId }) => runId)
    this.#standing = new Map(payers.map((payer) => [payer.id, payer]))
  }

  end({ runId, now, by }: EndRequest): EndAnswer {
    const run = this.#runs.get(runId)
    if (run === undefined) return { change: unknownRun, payers: [] }
    const change = changeOf(run, by)
    if (change.kind === 'settles' && by.event === 'report') {
      this.#write(run, 'settle', by.end, now)
      return { change, run: afterEnd(run, by.end), payers: this.#payersOf(runId) }
    }
    if (change.kind === 'ends') {
      const end = endWithoutReport(run, change)
      this.#write(run, 'expire', end, now)
      return { change, run: afterEnd(run, end), payers: this.#payersOf(runId) }
    }
    return { change, run, payers: this.#payersOf(runId) }
  }

  #payersOf(runId: string): readonly Payer[] {
    return (this.#payers.get(runId) ?? []).map((payer) => this.#standing.get(payer.id) ?? payer)
  }

  #write(run: EndingRun, kind: 'settle' | 'expire', end: RunEnd, now: Date): void {
    const { conclusion, reason, spend, report } = end
    for (const { id, unit, amount } of this.#payers.get(run.id) ?? []) {
      const postings = endPostings(kind, amount, unit === 'usd' ? spend.microUsd : spend.tokens)
      for (const posting of postings) {
        const key = `run:${run.id}:${posting.kind}:${id}`
        this.entries.push({ accountId: id, runId: run.id, posting, key, at: now })
      }
      const isCharged = postings.some(({ spentChange }) => spentChange > 0n)
      this.holds.push({ run_id: run.id, account_id: `${id}`, state: isCharged ? 'settled' : 'released' })
      const standing = this.#standing.get(id)
      if (standing !== undefined) this.#standing.set(id, afterPostings(standing, postings))
    }
    const ended = { state: 'ended', conclusion, reason, hasReport: report !== null } as const
    const isDue = isDeliveryDue({ ...ended, deliveredAt: null })
    this.ended.push({
      report,
      row: {
        id: run.id,
        ended_at: now,
        conclusion,
        reason,
        spent_micro_usd: `${spend.microUsd}`,
        input_tokens: end.inputTokens,
        cached_tokens: end.cachedTokens,
        output_tokens: end.outputTokens,
        // Of work that is still to be delivered, when that is done.
        decide_after: countsInTrial(ended) && !isDue ? now : null,
        forget: !isDue,
      },
    })
  }
}

const unknownRun: Change = { kind: 'refuses', reason: 'run-unknown' }
const nothingChanges: Change = { kind: 'stays' }

function changeOf(run: EndingRun, by: EndRequest['by']): Change {
  const standing = { state: run.state, reason: run.reason, hasReport: run.report !== null }
  if (by.event !== 'report') {
    if (by.onlyLeaseOver === true && !run.leaseIsOver) return nothingChanges
    return changeBy(by.event, standing)
  }
  if (run.epoch === 0) return unknownRun
  if (run.epoch !== by.epoch) return { kind: 'refuses', reason: 'already-claimed' }
  return changeBy(isSameReport(run.report, by.end.report) ? 'report-again' : 'report', standing)
}

function isSameReport(stored: string | null, report: string | null): boolean {
  if (stored === null || report === null) return false
  return stored === report || isDeepStrictEqual(JSON.parse(stored), JSON.parse(report))
}

function endWithoutReport(run: EndingRun, { ending, posts }: Extract<Change, { kind: 'ends' }>): RunEnd {
  const drawn = { microUsd: run.drawnMicroUsd, tokens: run.drawnTokens ?? 0n }
  const spend = posts === 'drawn' ? drawn : { microUsd: 0n, tokens: 0n }
  return { ...ending, spend, inputTokens: 0, cachedTokens: 0, outputTokens: 0, report: null }
}

function afterEnd(run: EndingRun, { reason, spend, inputTokens, outputTokens, report }: RunEnd): EndingRun {
  const usedTokens = BigInt(inputTokens) + BigInt(outputTokens)
  return { ...run, state: 'ended', reason, report, spentMicroUsd: spend.microUsd, usedTokens }
}

type AsText<Row, Amounts extends keyof Row> = Omit<Row, Amounts> & { readonly [Key in Amounts]: string }

const LOCK_RUNS = {
  name: 'lock_runs',
  text: `
    SELECT id, state::text, epoch, reason, report::text, ${leaseIsOver.text} AS "leaseIsOver",
           held_micro_usd AS "heldMicroUsd", held_tokens AS "heldTokens", drawn_micro_usd AS "drawnMicroUsd",
           drawn_tokens AS "drawnTokens", spent_micro_usd AS "spentMicroUsd",
           input_tokens + output_tokens AS "usedTokens"
    FROM run WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE`,
}

type RunText = Omit<
  AsText<EndingRun, 'heldMicroUsd' | 'drawnMicroUsd' | 'spentMicroUsd' | 'usedTokens'>,
  'heldTokens' | 'drawnTokens'
> & { readonly heldTokens: string | null; readonly drawnTokens: string | null }

async function lockRuns(sql: Sql, ids: readonly string[]): Promise<ReadonlyMap<string, EndingRun>> {
  const rows = await sql.rows<RunText>(LOCK_RUNS, [ids])
  return new Map(
    rows.map((row) => [
      row.id,
      {
        ...row,
        heldMicroUsd: BigInt(row.heldMicroUsd),
        heldTokens: row.heldTokens === null ? null : BigInt(row.heldTokens),
        drawnMicroUsd: BigInt(row.drawnMicroUsd),
        drawnTokens: row.drawnTokens === null ? null : BigInt(row.drawnTokens),
        spentMicroUsd: BigInt(row.spentMicroUsd),
        usedTokens: BigInt(row.usedTokens),
      },
    ]),
  )
}

const LOCK_PAYERS = {
  name: 'lock_payers',
  text: `
    SELECT hold.run_id AS "runId", hold.amount, account.id, account.unit::text, account.budget, account.ceiling,
           account.spent, account.held, account.overage, account.frozen
    FROM hold JOIN account ON account.id = hold.account_id
    WHERE hold.run_id = ANY($1::text[])
    ORDER BY account.id FOR NO KEY UPDATE OF account`,
}

type PayerText = Omit<AsText<Payer, 'id' | 'amount' | 'budget' | 'spent' | 'held' | 'overage'>, 'ceiling'> & {
  readonly ceiling: string | null
}

async function lockPayers(sql: Sql, runIds: readonly string[]): Promise<readonly Payer[]> {
  const rows = await sql.rows<PayerText>(LOCK_PAYERS, [runIds])
  return rows.map((row) => ({
    ...row,
    id: BigInt(row.id),
    amount: BigInt(row.amount),
    budget: BigInt(row.budget),
    ceiling: row.ceiling === null ? null : BigInt(row.ceiling),
    spent: BigInt(row.spent),
    held: BigInt(row.held),
    overage: BigInt(row.overage),
  }))
}

function endsOf({ ended, holds }: Ending): Along {
  return {
    name: `${ended.length}_ended`,
    queries: endQueries(ended.length),
    values: [
      JSON.stringify(ended.map(({ row }) => row)),
      ...ended.map(({ report }) => report),
      JSON.stringify(holds),
      ended.map(({ row }) => row.id),
    ],
  }
}

/** That the ids come as an array as well is for the planner: it takes the index, and never reads a whole table. */
const endQueries = remembered(
  (count) => `
    ended_run AS (
      UPDATE run SET
        state = 'ended', ended_at = ended.ended_at, conclusion = ended.conclusion, reason = ended.reason,
        spent_micro_usd = ended.spent_micro_usd, input_tokens = ended.input_tokens,
        cached_tokens = ended.cached_tokens, output_tokens = ended.output_tokens, report = ended.report,
        decide_after = ended.decide_after, show_after = ${showAfter.text},
        plan = CASE WHEN ended.forget THEN ${planWithoutWords} ELSE run.plan END
      FROM ROWS FROM (
        unnest(ARRAY[${Array.from({ length: count }, (_, index) => `$${index + 2}::json`).join(', ')}]),
        json_to_recordset($1::json) AS (
          id text, ended_at timestamptz, conclusion conclusion, reason text, spent_micro_usd bigint,
          input_tokens bigint, cached_tokens bigint, output_tokens bigint, decide_after timestamptz, forget boolean)
      ) AS ended(report)
      WHERE run.id = ended.id AND run.id = ANY($${count + 3}::text[])
    ), ended_hold AS (
      UPDATE hold SET state = ended.state
      FROM json_to_recordset($${count + 2}::json) AS ended(run_id text, account_id bigint, state hold_state)
      WHERE hold.run_id = ended.run_id AND hold.account_id = ended.account_id AND hold.run_id = ANY($${count + 3}::text[])
    ),`,
)
