/** Writing sessions, runs and holds, many in one statement. */
import type { Run } from '../../prisma/client/client.ts'
import { LostToAnother } from '../database/problems.ts'
import { jsonArray } from '../database/text-array.ts'
import type { Sql, Statement, Value } from '../database/transact.ts'
import type { NewRunRow } from './new-run.ts'

export interface NewHold {
  readonly runId: string
  readonly accountId: bigint
  readonly amount: bigint
}

/** Sessions with their runs, and the holds of these or others. */
export async function storeRuns(sql: Sql, rows: readonly NewRunRow[], holds: readonly NewHold[]): Promise<void> {
  await sql.rows(STORE, [...valuesOf(rows), JSON.stringify(holds.map(holdRowOf))])
}

/** A further run of a session that is there, and its holds. */
export async function storeFurther(sql: Sql, row: NewRunRow, holds: readonly NewHold[]): Promise<void> {
  await sql.rows(STORE_FURTHER, [...valuesOf([row]), JSON.stringify(holds.map(holdRowOf))])
}

/** Stamped where it is compared: whose clock a process has is no matter. */
const RESERVED_AT = "CASE WHEN new.state = 'reserved' THEN clock_timestamp() END"

/** A row for each: its plan by itself, since JSON within JSON would be read twice, and the rest. */
const ROWS_GIVEN = `
    ROWS FROM (
      unnest($2::json[]),
      json_to_recordset($1::json) AS (
        session_id text, repository_id bigint, subject_kind text, subject_number int, subject_key text, family text,
        trigger text, command_key text, ceiling_micro_usd bigint, created_at timestamptz,
        id text, variant text, assignment assignment, portfolio text, squad text, head_sha text, config_sha text,
        quote json, cap_micro_usd bigint, held_micro_usd bigint, held_tokens bigint, drawn_tokens bigint,
        state run_state, go_key text, delivery text)
    ) AS new(plan)`

const RUN_QUERY = `
      INSERT INTO run (id, session_id, repository_id, family, variant, assignment, portfolio, squad, subject_key,
        head_sha, config_sha, plan, quote, cap_micro_usd, held_micro_usd, held_tokens, drawn_tokens, state, go_key,
        created_at, reserved_at, delivery)
      SELECT id, session_id, repository_id, family, variant, assignment, portfolio, squad, subject_key,
        head_sha, config_sha, plan, quote, cap_micro_usd, held_micro_usd, held_tokens, drawn_tokens, state, go_key,
        created_at, ${RESERVED_AT}, delivery FROM new`

const HOLD_QUERY = `
    INSERT INTO hold (run_id, account_id, amount)
    SELECT * FROM json_to_recordset($3::json) AS hold(run_id text, account_id bigint, amount bigint)`

const STORE: Statement = {
  name: 'store_runs',
  text: `
    WITH new AS MATERIALIZED (SELECT * FROM ${ROWS_GIVEN}), new_session AS (
      INSERT INTO session (id, repository_id, subject_kind, subject_number, subject_key, family, trigger, command_key,
        ceiling_micro_usd, created_at)
      SELECT session_id, repository_id, subject_kind, subject_number, subject_key, family, trigger, command_key,
        ceiling_micro_usd, created_at FROM new
    ), new_run AS (${RUN_QUERY}
    ) ${HOLD_QUERY}`,
}

const STORE_FURTHER: Statement = {
  name: 'store_further',
  text: `WITH new AS MATERIALIZED (SELECT * FROM ${ROWS_GIVEN}), new_run AS (${RUN_QUERY}) ${HOLD_QUERY}`,
}

/** Its session's ceiling is what was said go to: a run that waited is the only one of its session. */
const UPDATE: Statement = {
  name: 'update_waiting',
  text: `
    WITH updated AS (
    UPDATE run SET
      assignment = new.assignment, portfolio = new.portfolio, squad = new.squad, head_sha = new.head_sha,
      config_sha = new.config_sha, plan = new.plan, quote = new.quote, cap_micro_usd = new.cap_micro_usd,
      held_micro_usd = new.held_micro_usd, held_tokens = new.held_tokens, drawn_tokens = new.drawn_tokens,
      state = new.state, go_key = new.go_key, reserved_at = ${RESERVED_AT}, delivery = new.delivery
    FROM ${ROWS_GIVEN} WHERE run.id = new.id AND run.state = 'waiting'
    RETURNING run.id, run.session_id, run.cap_micro_usd
    ), agreed AS (
      UPDATE session SET ceiling_micro_usd = updated.cap_micro_usd FROM updated WHERE session.id = updated.session_id
    )
    SELECT id FROM updated`,
}

/** Gives runs that wait the numbers of this moment; their session's ceiling is theirs. */
export async function updateWaiting(sql: Sql, rows: readonly NewRunRow[]): Promise<void> {
  if (rows.length === 0) return
  const updated = await sql.rows(UPDATE, valuesOf(rows))
  if (updated.length < rows.length) throw new LostToAnother('a run that waited was reserved or stopped meanwhile')
}

function valuesOf(rows: readonly NewRunRow[]): readonly Value[] {
  return [JSON.stringify(rows.map(rowOf)), jsonArray(rows.map(({ texts }) => texts.planText))]
}

function rowOf({ session, run }: NewRunRow) {
  const text = (amount: Run['heldTokens']) => (amount === null ? null : `${amount}`)
  return {
    session_id: session.id,
    repository_id: `${session.repositoryId}`,
    subject_kind: session.subjectKind,
    subject_number: session.subjectNumber,
    subject_key: session.subjectKey,
    family: session.family,
    trigger: session.trigger,
    command_key: session.commandKey,
    ceiling_micro_usd: `${session.ceilingMicroUsd}`,
    created_at: session.createdAt,
    id: run.id,
    variant: run.variant,
    assignment: run.assignment,
    portfolio: run.portfolio,
    squad: run.squad,
    head_sha: run.headSha,
    config_sha: run.configSha,
    quote: run.quote,
    cap_micro_usd: `${run.capMicroUsd}`,
    held_micro_usd: `${run.heldMicroUsd}`,
    held_tokens: text(run.heldTokens),
    drawn_tokens: text(run.drawnTokens),
    state: run.state,
    go_key: run.goKey,
    delivery: run.delivery,
  }
}

function holdRowOf({ runId, accountId, amount }: NewHold) {
  return { run_id: runId, account_id: `${accountId}`, amount: `${amount}` }
}
