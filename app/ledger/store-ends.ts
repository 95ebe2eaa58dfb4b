/** Writing how runs have ended, and what a late report has proven of one. */
import type { Conclusion } from '../../core/run/run.ts'
import { jsonArray } from '../database/text-array.ts'
import type { Sql, Statement } from '../database/transact.ts'
import { planWithoutWords } from './delivery.ts'
import { lookAfter } from './looked.ts'
import { showAfter } from './shown.ts'

export interface EndedRun {
  readonly row: EndedRow
  /** Its text; null where none came. */
  readonly report: string | null
}

export interface EndedRow {
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

export interface EndedHold {
  readonly run_id: string
  readonly account_id: string
  readonly state: 'settled' | 'released'
}

export async function storeEnds(sql: Sql, ended: readonly EndedRun[], holds: readonly EndedHold[]): Promise<void> {
  await sql.rows(STORE_ENDS, [
    JSON.stringify(ended.map(({ row }) => row)),
    jsonArray(ended.map(({ report }) => report)),
    JSON.stringify(holds),
    ended.map(({ row }) => row.id),
  ])
}

/** That the ids come as an array as well is for the planner: it takes the index, and never reads a whole table. */
const STORE_ENDS: Statement = {
  name: 'store_ends',
  text: `
    WITH ended_run AS (
      UPDATE run SET
        state = 'ended', ended_at = ended.ended_at, conclusion = ended.conclusion, reason = ended.reason,
        spent_micro_usd = ended.spent_micro_usd, input_tokens = ended.input_tokens,
        cached_tokens = ended.cached_tokens, output_tokens = ended.output_tokens, report = ended.report,
        decide_after = ended.decide_after, show_after = ${showAfter.text},
        look_after = CASE WHEN ended.conclusion <> 'refused' THEN ${lookAfter.text} END,
        plan = CASE WHEN ended.forget THEN ${planWithoutWords} ELSE run.plan END
      FROM ROWS FROM (
        unnest($2::json[]),
        json_to_recordset($1::json) AS (
          id text, ended_at timestamptz, conclusion conclusion, reason text, spent_micro_usd bigint,
          input_tokens bigint, cached_tokens bigint, output_tokens bigint, decide_after timestamptz, forget boolean)
      ) AS ended(report)
      WHERE run.id = ended.id AND run.id = ANY($4::text[])
    )
    UPDATE hold SET state = ended.state
    FROM json_to_recordset($3::json) AS ended(run_id text, account_id bigint, state hold_state)
    WHERE hold.run_id = ended.run_id AND hold.account_id = ended.account_id AND hold.run_id = ANY($4::text[])`,
}

export interface Refunded {
  readonly runId: string
  readonly spentMicroUsd: bigint
  readonly inputTokens: number
  readonly cachedTokens: number
  readonly outputTokens: number
  readonly report: string
}

/** Both parts see the run as it was before. Where its outcome is known, it counts in its day with what it spent. */
const STORE_REFUND = {
  name: 'store_refund',
  text: `
    WITH refunded AS (
      UPDATE run SET spent_micro_usd = $2, input_tokens = $3, cached_tokens = $4, output_tokens = $5, report = $6,
                     show_after = ${showAfter.text}
      WHERE id = $1
    )
    UPDATE trial_day SET spend_micro_usd = trial_day.spend_micro_usd + $2::bigint - run.spent_micro_usd
    FROM run
    WHERE run.id = $1 AND run.outcome <> 'pending' AND trial_day.repository_id = run.repository_id
      AND trial_day.family = run.family AND trial_day.variant = COALESCE(run.variant, '')
      AND trial_day.day = (run.ended_at AT TIME ZONE 'UTC')::date`,
}

/** The run stays as it ended; what it spent, and its report, are what came late. */
export async function storeRefund(sql: Sql, refunded: Refunded): Promise<void> {
  const { runId, spentMicroUsd, inputTokens, cachedTokens, outputTokens, report } = refunded
  await sql.rows(STORE_REFUND, [runId, `${spentMicroUsd}`, inputTokens, cachedTokens, outputTokens, report])
}
