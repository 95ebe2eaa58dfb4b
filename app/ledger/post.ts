/** Posting: the one way in which an account's amounts change. */
import { freezes, type Posting } from '../../core/money/posting.ts'
import type { Sql, Statement } from '../database/transact.ts'

export interface NewEntry {
  readonly accountId: bigint
  readonly runId?: string | undefined
  readonly posting: Posting
  /** Names the operation, so that it can't be entered twice. */
  readonly key: string
  readonly note?: string | undefined
  readonly at: Date
}

/**
 * Relative to what the row says when it is changed, and only where that leaves room for it: whoever decided on other
 * numbers fails here, and by the CHECK besides. That the ids come as an array as well is for the planner: it takes the index for
 * them, and never reads all accounts that there have been.
 */
const POST: Statement = {
  name: 'post',
  text: `
    WITH changed AS (
      UPDATE account SET
        budget = account.budget + change.budget,
        held = account.held + change.held,
        spent = account.spent + change.spent,
        overage = account.overage + change.overage,
        frozen = account.frozen OR change.freezes,
        ceiling = CASE WHEN account.ceiling IS NOT NULL THEN
          GREATEST(account.budget + change.budget, account.spent + change.spent + account.held + change.held) END
      FROM json_to_recordset($1::json) AS change(
        id bigint, budget bigint, held bigint, spent bigint, overage bigint, freezes boolean)
      WHERE account.id = change.id AND account.id = ANY($3::bigint[]) AND (
        account.ceiling IS NULL
        OR (
          account.spent + change.spent + account.held + change.held
            <= GREATEST(account.ceiling, account.budget + change.budget)
          AND NOT (account.frozen AND change.held > 0)
        )
      )
      RETURNING 1
    ), entered AS (
      INSERT INTO entry
        (account_id, run_id, kind, budget_change, held_change, spent_change, overage_change, key, note, at)
      SELECT account_id, run_id, kind, budget, held, spent, overage, key, note, at
      FROM json_to_recordset($2::json) AS entry(
        account_id bigint, run_id text, kind entry_kind, budget bigint, held bigint, spent bigint, overage bigint,
        key text, note text, at timestamptz)
    )
    SELECT count(*)::int AS count FROM changed`,
}

/** Enters each posting and adds it to its account. Throws, so that nothing is kept, where an account has no room for it. */
export async function post(sql: Sql, entries: readonly NewEntry[]): Promise<void> {
  const changes = changesOf(entries)
  const values = [JSON.stringify(changes), JSON.stringify(entries.map(row)), changes.map(({ id }) => id)]
  const [changed] = await sql.rows<{ count: number }>(POST, values)
  if (changed?.count !== changes.length) {
    throw new Error(
      `of ${changes.length} accounts ${changes.length - (changed?.count ?? 0)} lost their room while locked`,
    )
  }
}

function changesOf(entries: readonly NewEntry[]) {
  const byAccount = Map.groupBy(entries, ({ accountId }) => accountId)
  return [...byAccount].map(([id, ofAccount]) => {
    const sum = (of: (posting: Posting) => bigint) => ofAccount.reduce((total, { posting }) => total + of(posting), 0n)
    return {
      id: `${id}`,
      budget: `${sum((posting) => posting.budgetChange)}`,
      held: `${sum((posting) => posting.heldChange)}`,
      spent: `${sum((posting) => posting.spentChange)}`,
      overage: `${sum((posting) => posting.overageChange)}`,
      freezes: ofAccount.some(({ posting }) => freezes(posting)),
    }
  })
}

function row({ accountId, runId, posting, key, note, at }: NewEntry) {
  return {
    account_id: `${accountId}`,
    run_id: runId,
    kind: posting.kind,
    budget: `${posting.budgetChange}`,
    held: `${posting.heldChange}`,
    spent: `${posting.spentChange}`,
    overage: `${posting.overageChange}`,
    key,
    note,
    at,
  }
}
