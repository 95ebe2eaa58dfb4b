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

/**
 * Of `asked(repository_id, command_key)`, whose keys the two values hold as well: by them the planner takes the index, and
 * never reads a whole table.
 */
export const knownCommands = (repositoryIds: string, commandKeys: string) => `
  SELECT session.repository_id::text AS "repositoryId", session.command_key AS "commandKey", session.id AS "sessionId",
         session.subject_key AS "subjectKey", session.trigger, run.id AS "runId", run.family, run.variant,
         run.state, run.go_key AS "goKey"
  FROM asked
  JOIN session USING (repository_id, command_key)
  JOIN run ON run.id = (
    SELECT first.id FROM run AS first WHERE first.session_id = session.id ORDER BY first.created_at LIMIT 1
  )
  WHERE session.repository_id = ANY(${repositoryIds}::bigint[]) AND session.command_key = ANY(${commandKeys}::text[])`

const FIND = {
  name: 'find_known',
  text: `
    WITH asked AS (SELECT unnest($1::bigint[]) AS repository_id, unnest($2::text[]) AS command_key)
    ${knownCommands('$1', '$2')}`,
}

/** Undefined where it is new. */
export async function findKnown(sql: Sql, { repositoryId, commandKey }: NewSession): Promise<Known | undefined> {
  const [known] = await sql.rows<Known>(FIND, [[`${repositoryId}`], [commandKey]])
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
