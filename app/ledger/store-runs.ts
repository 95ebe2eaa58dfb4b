/** Writing sessions, runs and holds, many in one statement. */
import type { Run } from '../../prisma/client/client.ts'
import { LostToAnother, type Sql } from '../database/transact.ts'
import type { NewRunRow } from './new-run.ts'
import type { Along } from './post.ts'
import { textByCount } from './text-by-count.ts'

export interface NewHold {
  readonly runId: string
  readonly accountId: bigint
  readonly amount: bigint
}

/** Sessions with their runs, and the holds of these or others. */
export function storing(rows: readonly NewRunRow[], holds: readonly NewHold[]): Along {
  const count = rows.length
  const values = [...(count === 0 ? [] : valuesOf(rows)), JSON.stringify(holds.map(holdRowOf))]
  return { name: `${count}_new`, queries: storeQueries(count), values }
}

const storeQueries = textByCount((count) =>
  count === 0 ? holdQueries(1) : `${newQueries(count)} ${SESSION_QUERIES} ${RUN_QUERIES} ${holdQueries(count + 2)}`,
)

/** `parameter`: where the holds are given. */
function holdQueries(parameter: number): string {
  return `
    new_hold AS (
      INSERT INTO hold (run_id, account_id, amount)
      SELECT * FROM json_to_recordset($${parameter}::json) AS hold(run_id text, account_id bigint, amount bigint)
    ),`
}

/** A further run of a session that is there, and its holds. */
export function storingFurther(row: NewRunRow, holds: readonly NewHold[]): Along {
  return {
    name: 'further',
    queries: FURTHER_QUERIES,
    values: [...valuesOf([row]), JSON.stringify(holds.map(holdRowOf))],
  }
}

/** Stamped where it is compared: whose clock a process has is no matter. */
const RESERVED_AT = "CASE WHEN new.state = 'reserved' THEN clock_timestamp() END"

function newQueries(count: number): string {
  return `new AS MATERIALIZED (SELECT * FROM ${rowsFrom(count)}),`
}

const SESSION_QUERIES = `
    new_session AS (
      INSERT INTO session (id, repository_id, subject_kind, subject_number, subject_key, family, trigger, command_key,
        ceiling_micro_usd, created_at)
      SELECT session_id, repository_id, subject_kind, subject_number, subject_key, family, trigger, command_key,
        ceiling_micro_usd, created_at FROM new
    ),`

const RUN_QUERIES = `
    new_run AS (
      INSERT INTO run (id, session_id, repository_id, family, variant, assignment, portfolio, squad, subject_key,
        head_sha, config_sha, plan, quote, cap_micro_usd, held_micro_usd, held_tokens, drawn_tokens, state, go_key,
        created_at, reserved_at, delivery)
      SELECT id, session_id, repository_id, family, variant, assignment, portfolio, squad, subject_key,
        head_sha, config_sha, plan, quote, cap_micro_usd, held_micro_usd, held_tokens, drawn_tokens, state, go_key,
        created_at, ${RESERVED_AT}, delivery FROM new
    ),`

const FURTHER_QUERIES = `${newQueries(1)} ${RUN_QUERIES} ${holdQueries(3)}`

/** Its session's ceiling is what was said go to: a run that waited is the only one of its session. */
const updateText = textByCount(
  (count) => `
    WITH updated AS (
    UPDATE run SET
      assignment = new.assignment, portfolio = new.portfolio, squad = new.squad, head_sha = new.head_sha,
      config_sha = new.config_sha, plan = new.plan, quote = new.quote, cap_micro_usd = new.cap_micro_usd,
      held_micro_usd = new.held_micro_usd, held_tokens = new.held_tokens, drawn_tokens = new.drawn_tokens,
      state = new.state, go_key = new.go_key, reserved_at = ${RESERVED_AT}, delivery = new.delivery
    FROM ${rowsFrom(count)} WHERE run.id = new.id AND run.state = 'waiting'
    RETURNING run.id, run.session_id, run.cap_micro_usd
    ), agreed AS (
      UPDATE session SET ceiling_micro_usd = updated.cap_micro_usd FROM updated WHERE session.id = updated.session_id
    )
    SELECT id FROM updated`,
)

/** Gives runs that wait the numbers of this moment; their session's ceiling is theirs. */
export async function updateWaiting(sql: Sql, rows: readonly NewRunRow[]): Promise<void> {
  if (rows.length === 0) return
  const statement = { name: `update_waiting_${rows.length}`, text: updateText(rows.length) }
  const updated = await sql.rows(statement, valuesOf(rows))
  if (updated.length < rows.length) throw new LostToAnother('a run that waited was reserved or stopped meanwhile')
}

/** A row for each: its plan by itself, since JSON within JSON would be read twice, and the rest. */
function rowsFrom(count: number): string {
  const plans = Array.from({ length: count }, (_, index) => `$${index + 2}::json`)
  return `ROWS FROM (
      unnest(ARRAY[${plans.join(', ')}]),
      json_to_recordset($1::json) AS (
        session_id text, repository_id bigint, subject_kind text, subject_number int, subject_key text, family text,
        trigger text, command_key text, ceiling_micro_usd bigint, created_at timestamptz,
        id text, variant text, assignment assignment, portfolio text, squad text, head_sha text, config_sha text,
        quote json, cap_micro_usd bigint, held_micro_usd bigint, held_tokens bigint, drawn_tokens bigint,
        state run_state, go_key text, delivery text)
    ) AS new(plan)`
}

function valuesOf(rows: readonly NewRunRow[]): readonly string[] {
  return [JSON.stringify(rows.map(rowOf)), ...rows.map(({ texts }) => texts.planText)]
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
