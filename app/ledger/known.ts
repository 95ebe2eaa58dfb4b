/** A command that has been here before: its session's first run. */
import type { RunState } from '../../core/run-life.ts'
import type { Sql } from '../database/transact.ts'
import type { NewSession, ReserveRequest } from './reserve.ts'

export interface Known {
  readonly repositoryId: string
  readonly commandKey: string
  readonly sessionId: string
  readonly subjectKey: string
  readonly trigger: string
  readonly runId: string
  readonly family: string
  readonly variant: string | null
  readonly state: RunState
  readonly goKey: string | null
}

const FIND = {
  name: 'find_known',
  text: `
    SELECT run.id
    FROM json_to_recordset($1::json) AS asked(repository_id bigint, command_key text)
    JOIN session USING (repository_id, command_key)
    JOIN run ON run.id = (
      SELECT first.id FROM run AS first WHERE first.session_id = session.id ORDER BY first.created_at LIMIT 1
    )`,
}

const LOCK = {
  name: 'lock_known',
  text: `
    SELECT session.repository_id AS "repositoryId", session.command_key AS "commandKey", session.id AS "sessionId",
           session.subject_key AS "subjectKey", session.trigger, run.id AS "runId", run.family, run.variant,
           run.state::text, run.go_key AS "goKey"
    FROM run JOIN session ON session.id = run.session_id
    WHERE run.id = ANY($1::text[])
    ORDER BY run.id FOR NO KEY UPDATE OF run`,
}

/** The runs of those commands that are known, locked until the transaction ends. Most are new. */
export async function lockKnown(sql: Sql, asked: readonly NewSession[]): Promise<readonly Known[]> {
  const keys = asked.map(({ repositoryId, commandKey }) => ({
    repository_id: `${repositoryId}`,
    command_key: commandKey,
  }))
  const found = await sql.rows<{ id: string }>(FIND, [JSON.stringify(keys)])
  return found.length === 0 ? [] : sql.rows<Known>(LOCK, [found.map(({ id }) => id)])
}

/** What is wrong where the same command comes with other parameters. */
export function conflictOf(
  known: Known,
  { session, run }: Pick<ReserveRequest, 'session' | 'run'>,
): string | undefined {
  const same =
    known.family === run.family &&
    known.variant === run.variant &&
    known.subjectKey === session.subjectKey &&
    known.trigger === session.trigger
  return same ? undefined : `the command ${session.commandKey} came again with other parameters`
}
