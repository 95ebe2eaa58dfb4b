/** Bringing the accounts of a repository into line with configuration: opening, renaming, raising and lowering them. */
import { randomUUID } from 'node:crypto'
import { type AccountSpec, newAccount, termsOf } from '../../core/money/account.ts'
import type { Period } from '../../core/money/calendar.ts'
import { budgetPosting, notePosting } from '../../core/money/posting.ts'
import type { Account } from '../../prisma/client/client.ts'
import type { Sql, Statement } from '../database/transact.ts'
import { type AccountText, accountColumns, accountOf } from './account-row.ts'
import { type Declared, declaredRows, declaredTable, isInLine, meantIds, meantOf } from './meant-account.ts'
import { post } from './post.ts'

/**
 * Brings the accounts of a repository into line with configuration, and answers them in the order of `specs`, locked until
 * the transaction ends: opens what is missing, renames, raises at once, lowers with the next period or, with `now`, at
 * once and then never below what is spent and held. Idempotent.
 */
export async function ensureAccounts(
  sql: Sql,
  repositoryId: bigint,
  specs: readonly AccountSpec[],
  now: Date,
): Promise<readonly Account[]> {
  // One at a time may change a repository's accounts: two would else open overlapping periods of one account.
  await sql.rows(LOCK_REPOSITORY, [`${repositoryId}`])
  const locked = await lockNamed(sql, repositoryId, specs)
  for (const spec of specs) await bringIntoLine(sql, { repositoryId, spec }, locked, now)
  const rows = await lockNamed(sql, repositoryId, specs)
  return specs.map((spec) => {
    const meant = meantOf({ repositoryId, spec }, rows, now)
    if ('account' in meant) return meant.account
    throw new Error(`the ${spec.kind} ${spec.name} has no account after it was opened`)
  })
}

const LOCK_REPOSITORY: Statement = {
  name: 'lock_repository',
  text: 'SELECT 1 FROM repository WHERE id = $1 FOR NO KEY UPDATE',
}

/**
 * The accounts that may be meant by what is declared and, of those before, what still has a name that was given up: a rename changes
 * them as well. All are locked here, in the order of their ids.
 */
const LOCK_NAMED: Statement = {
  name: 'lock_named_accounts',
  text: `
    WITH ${declaredTable('$1')}
    SELECT ${accountColumns} FROM account
    WHERE account.id = ANY(ARRAY(${meantIds}
      UNION ALL
      SELECT earlier.id FROM unnest($3::account_kind[], $4::text[]) AS given_up(kind, name) CROSS JOIN LATERAL (
        SELECT id FROM account
        WHERE account.repository_id = $2 AND account.kind = given_up.kind AND account.name = given_up.name OFFSET 0
      ) AS earlier
    ))
    ORDER BY account.id FOR NO KEY UPDATE`,
}

async function lockNamed(sql: Sql, repositoryId: bigint, specs: readonly AccountSpec[]): Promise<readonly Account[]> {
  const rows = await sql.rows<AccountText>(LOCK_NAMED, [
    declaredRows(specs.map((spec) => ({ repositoryId, spec }))),
    `${repositoryId}`,
    specs.flatMap(({ kind, was = [] }) => was.map(() => kind)),
    specs.flatMap(({ was = [] }) => was),
  ])
  return rows.map(accountOf)
}

async function bringIntoLine(sql: Sql, declared: Declared, locked: readonly Account[], now: Date): Promise<void> {
  const meant = meantOf(declared, locked, now)
  if ('period' in meant) await open(sql, declared, meant.period, now)
  else if (!isInLine(meant.account, declared.spec)) await adjust(sql, meant.account, declared.spec, now)
}

const OPEN: Statement = {
  name: 'open_account',
  text: `
    INSERT INTO account (repository_id, kind, name, former_names, unit, period_start, period_end, budget, ceiling)
    VALUES ($1, $2::account_kind, $3, $4, $5::unit, $6, $7, 0, $8) RETURNING id`,
}

/** Its budget is an entry, as every amount is. */
async function open(sql: Sql, { repositoryId, spec }: Declared, period: Period, now: Date): Promise<void> {
  const { kind, name, formerNames, unit, periodStart, periodEnd, budget, ceiling } = newAccount(spec, period)
  const [opened] = await sql.rows<{ id: string }>(OPEN, [
    `${repositoryId}`,
    kind,
    name,
    formerNames,
    unit,
    periodStart.toISOString(),
    periodEnd.toISOString(),
    ceiling === null ? null : 0,
  ])
  const accountId = BigInt(opened?.id ?? 0)
  await post(sql, [{ accountId, posting: budgetPosting(budget), key: `account:${accountId}:opened`, at: now }])
  await renameEarlier(sql, { repositoryId, spec }, accountId, now)
}

/** The name only where it is free: no account of that name may share its days. */
const ADJUST: Statement = {
  name: 'adjust_account',
  text: `
    UPDATE account SET
      name = CASE WHEN is_taken THEN name ELSE $2 END,
      former_names = CASE WHEN is_taken THEN former_names ELSE $3 END,
      period_end = $4,
      ceiling = CASE WHEN $5::int = 1 THEN GREATEST(budget, spent + held) END
    FROM (
      SELECT EXISTS (
        SELECT 1 FROM account AS own JOIN account AS other USING (repository_id, kind)
        WHERE own.id = $1 AND other.id <> own.id AND other.name = $2
          AND other.period_start < own.period_end AND own.period_start < other.period_end
      ) AS is_taken
    ) AS look
    WHERE id = $1
    RETURNING name`,
}

async function adjust(sql: Sql, account: Account, spec: AccountSpec, now: Date): Promise<void> {
  const { name, formerNames, periodEnd, budget, ceiling } = termsOf(account, spec)
  const values = [`${account.id}`, name, formerNames, periodEnd.toISOString(), ceiling === null ? 0 : 1]
  const [adjusted] = await sql.rows<{ name: string }>(ADJUST, values)
  if (budget !== account.budget) {
    const posting = budgetPosting(budget - account.budget)
    // The lock makes this happen once; an account's budget may come back to a value that it had.
    const key = `account:${account.id}:budget:${randomUUID()}`
    await post(sql, [{ accountId: account.id, posting, key, note: spec.now, at: now }])
  }
  if (adjusted?.name !== account.name) {
    await enterRenamed(sql, account.id, account.name, now)
    await renameEarlier(sql, { repositoryId: account.repositoryId, spec }, undefined, now)
  }
}

/** Those that ended before, so that an account's history has one name. Where the name was another's then, they keep theirs. */
const RENAME_EARLIER: Statement = {
  name: 'rename_earlier_accounts',
  text: `
    UPDATE account SET name = $4, former_names = array_append(array_remove(former_names, $4), name)
    WHERE repository_id = $1 AND kind = $2::account_kind AND name = $3 AND period_end <= $5
      AND NOT EXISTS (
        SELECT 1 FROM account AS other
        WHERE other.repository_id = $1 AND other.kind = $2::account_kind AND other.name = $4
          AND other.period_start < account.period_end AND account.period_start < other.period_end
      )
    RETURNING id`,
}

async function renameEarlier(
  sql: Sql,
  { repositoryId, spec: { kind, name, was = [] } }: Declared,
  /** Told of it, where its own opening is all that would be entered. */
  openedId: bigint | undefined,
  now: Date,
): Promise<void> {
  for (const before of was) {
    const renamed = await sql.rows(RENAME_EARLIER, [`${repositoryId}`, kind, before, name, now.toISOString()])
    if (openedId !== undefined && renamed.length > 0) await enterRenamed(sql, openedId, before, now)
  }
}

async function enterRenamed(sql: Sql, accountId: bigint, from: string, at: Date): Promise<void> {
  const key = `account:${accountId}:renamed:${randomUUID()}`
  await post(sql, [{ accountId, posting: notePosting('renamed'), key, note: `from ${from}`, at }])
}
