/**
 * Locking what a reservation decides on: the runs that wait for their `/agent go`, and the accounts that pay.
 * In the order of `docs/decisions/ledger-writes.md`.
 */
import type { Account } from '../../prisma/client/client.ts'
import type { Sql, Statement } from '../database/transact.ts'
import { type AccountText, accountColumns, accountOf } from './account-row.ts'
import { type Declared, declaredRows, declaredTable, meantIds } from './meant-account.ts'

interface Command {
  readonly repositoryId: bigint
  readonly commandKey: string
}

const waitingRuns = `
  SELECT id FROM run
  WHERE id = ANY(ARRAY(
    SELECT waiting.id FROM unnest($1::bigint[], $2::text[]) AS asked(repository_id, command_key)
    CROSS JOIN LATERAL (
      SELECT id FROM session
      WHERE session.repository_id = asked.repository_id AND session.command_key = asked.command_key OFFSET 0
    ) AS session
    CROSS JOIN LATERAL (SELECT id, state FROM run WHERE run.session_id = session.id OFFSET 0) AS waiting
    WHERE waiting.state = 'waiting'
  ))
  ORDER BY id FOR NO KEY UPDATE`

const LOCK_WAITING: Statement = { name: 'lock_waiting', text: waitingRuns }

export async function lockWaiting(sql: Sql, commands: readonly Command[]): Promise<void> {
  await sql.rows(LOCK_WAITING, valuesOf(commands))
}

/** No account is locked before all runs are counted. */
const LOCK: Statement = {
  name: 'lock_reserving',
  text: `
    WITH waiting AS MATERIALIZED (${waitingRuns}), ${declaredTable('$3')}
    SELECT ${accountColumns} FROM account
    WHERE (SELECT count(*) FROM waiting) >= 0 AND account.id = ANY(ARRAY(${meantIds}
    ))
    ORDER BY account.id FOR NO KEY UPDATE`,
}

/** The runs that wait for these commands, and then the accounts that may be meant by what is declared, which it answers. */
export async function lockReserving(
  sql: Sql,
  commands: readonly Command[],
  declared: readonly Declared[],
): Promise<readonly Account[]> {
  const values = [...valuesOf(commands), declaredRows(declared)]
  return (await sql.rows<AccountText>(LOCK, values)).map(accountOf)
}

function valuesOf(commands: readonly Command[]) {
  return [commands.map(({ repositoryId }) => `${repositoryId}`), commands.map(({ commandKey }) => commandKey)]
}
