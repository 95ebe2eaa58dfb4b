/** A command that has been here before: its session's first run. */
import type { RunState } from '../../core/run/run-life.ts'
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

/**
 * Of `asked(repository_id, command_key)`. One by one by their index (`OFFSET 0` keeps the planner from turning it into a
 * join): however long the history is, none of it is read.
 */
export const knownCommands = `
  SELECT session.repository_id::text AS "repositoryId", session.command_key AS "commandKey", session.id AS "sessionId",
         session.subject_key AS "subjectKey", session.trigger, run.id AS "runId", run.family, run.variant,
         run.state, run.go_key AS "goKey"
  FROM asked
  CROSS JOIN LATERAL (
    SELECT * FROM session
    WHERE session.repository_id = asked.repository_id AND session.command_key = asked.command_key OFFSET 0
  ) AS session
  CROSS JOIN LATERAL (
    SELECT * FROM run WHERE run.session_id = session.id ORDER BY run.created_at LIMIT 1
  ) AS run`

const FIND = {
  name: 'find_known',
  text: `WITH asked AS (SELECT $1::bigint AS repository_id, $2::text AS command_key) ${knownCommands}`,
}

/** Undefined where it is new. */
export async function findKnown(sql: Sql, { repositoryId, commandKey }: NewSession): Promise<Known | undefined> {
  const [known] = await sql.rows<Known>(FIND, [`${repositoryId}`, commandKey])
  return known
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
