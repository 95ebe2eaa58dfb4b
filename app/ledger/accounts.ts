/** Accounts: a portfolio's period, a squad's sprint, an experiment. */
import { randomUUID } from 'node:crypto'
import { type AccountSpec, accountMeant, termsOf } from '../../core/account.ts'
import { budgetPosting, notePosting } from '../../core/posting.ts'
import type { Account, PrismaClient } from '../../prisma/client/client.ts'
import { type Connections, type Sql, transactSql } from '../database/transact.ts'
import { post } from './post.ts'

/** An account as it is declared for a repository. */
export interface Declared {
  readonly repositoryId: bigint
  readonly spec: AccountSpec
}

/** An account as it is read, by itself or within JSON. */
export interface AccountText extends Omit<Account, 'id' | 'repositoryId' | 'periodStart' | 'periodEnd' | Amount> {
  readonly id: string
  readonly repositoryId: string
  readonly periodStart: string | Date
  readonly periodEnd: string | Date
  readonly budget: string
  readonly ceiling: string | null
  readonly spent: string
  readonly held: string
  readonly overage: string
}
type Amount = 'budget' | 'ceiling' | 'spent' | 'held' | 'overage'

/**
 * The rows that may be meant by what is declared (`accountMeant`), which `value` holds as `declaredRows` writes it. Locked
 * by their ids, so that of two transactions that lock the same ones none waits for the other in a circle.
 */
export const lockedAccounts = (value: string) => `
  SELECT id::text, repository_id::text AS "repositoryId", kind::text, name, unit::text, period_start AS "periodStart",
         period_end AS "periodEnd", budget::text, ceiling::text, spent::text, held::text, overage::text, frozen
  FROM account
  WHERE id IN (
    SELECT account.id
    FROM json_to_recordset(${value}::json) AS declared(
      repository_id bigint, kind account_kind, name text, period_start timestamptz, period_end timestamptz)
    JOIN account USING (repository_id, kind, name)
    WHERE account.period_start < declared.period_end AND account.period_end > declared.period_start
  )
  ORDER BY account.id FOR NO KEY UPDATE`

export function declaredRows(declared: readonly Declared[]): string {
  const rows = new Map<string, object>()
  for (const { repositoryId, spec } of declared) {
    for (const name of namesOf(spec)) {
      const { kind, periodStart, periodEnd } = spec
      const key = `${repositoryId} ${kind} ${name} ${periodStart.getTime()} ${periodEnd.getTime()}`
      rows.set(key, {
        repository_id: `${repositoryId}`,
        kind,
        name,
        period_start: periodStart,
        period_end: periodEnd,
      })
    }
  }
  return JSON.stringify([...rows.values()])
}

export function accountOf(row: AccountText): Account {
  return {
    ...row,
    id: BigInt(row.id),
    repositoryId: BigInt(row.repositoryId),
    periodStart: new Date(row.periodStart),
    periodEnd: new Date(row.periodEnd),
    budget: BigInt(row.budget),
    ceiling: row.ceiling === null ? null : BigInt(row.ceiling),
    spent: BigInt(row.spent),
    held: BigInt(row.held),
    overage: BigInt(row.overage),
  }
}

const LOCK = { name: 'lock_accounts', text: lockedAccounts('$1') }

async function lockAccounts(sql: Sql, declared: readonly Declared[]): Promise<readonly Account[]> {
  return (await sql.rows<AccountText>(LOCK, [declaredRows(declared)])).map(accountOf)
}

function namesOf({ name, was }: AccountSpec): readonly string[] {
  return was === undefined ? [name] : [name, was]
}

/** Which of the locked rows is meant, or the period of the one to be opened. */
function meant({ repositoryId, spec }: Declared, locked: readonly Account[], now: Date) {
  const names = namesOf(spec)
  const rows = locked.filter(
    (row) =>
      row.repositoryId === repositoryId &&
      row.kind === spec.kind &&
      names.includes(row.name) &&
      row.periodStart < spec.periodEnd &&
      spec.periodStart < row.periodEnd,
  )
  return accountMeant(spec, rows, now)
}

/** The account that pays, or undefined where it has to be opened or brought into line with configuration first. */
export function accountInLine(declared: Declared, locked: readonly Account[], now: Date): Account | undefined {
  const found = meant(declared, locked, now)
  if (!('account' in found)) return undefined
  const { account } = found
  const terms = termsOf(account, declared.spec)
  const isInLine =
    account.name === terms.name &&
    account.budget === terms.budget &&
    account.ceiling === terms.ceiling &&
    account.periodEnd.getTime() === terms.periodEnd.getTime()
  return isInLine ? account : undefined
}

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
  const declared = specs.map((spec) => ({ repositoryId, spec }))
  // One at a time may change a repository's accounts: two would else open overlapping periods of one account.
  await sql.rows(LOCK_REPOSITORY, [`${repositoryId}`])
  const locked = await lockAccounts(sql, declared)
  for (const one of declared) await bringIntoLine(sql, one, locked, now)
  const rows = await lockAccounts(sql, declared)
  return declared.map((one) => {
    const found = meant(one, rows, now)
    if ('account' in found) return found.account
    throw new Error(`the ${one.spec.kind} ${one.spec.name} has no account after it was opened`)
  })
}

const LOCK_REPOSITORY = { name: 'lock_repository', text: 'SELECT 1 FROM repository WHERE id = $1 FOR NO KEY UPDATE' }

async function bringIntoLine(sql: Sql, declared: Declared, locked: readonly Account[], now: Date): Promise<void> {
  if (accountInLine(declared, locked, now) !== undefined) return
  const found = meant(declared, locked, now)
  if ('account' in found) await adjust(sql, found.account, declared.spec, now)
  else await open(sql, declared, found.period, now)
}

const OPEN = {
  name: 'open_account',
  text: `
    INSERT INTO account (repository_id, kind, name, unit, period_start, period_end, budget, ceiling)
    VALUES ($1, $2::account_kind, $3, $4::unit, $5, $6, 0, $7) RETURNING id`,
}

async function open(
  sql: Sql,
  { repositoryId, spec }: Declared,
  period: { readonly start: Date; readonly end: Date },
  now: Date,
): Promise<void> {
  const { kind, name, unit, enforced } = spec
  const [opened] = await sql.rows<{ id: string }>(OPEN, [
    `${repositoryId}`,
    kind,
    name,
    unit,
    period.start.toISOString(),
    period.end.toISOString(),
    enforced ? 0 : null,
  ])
  const accountId = BigInt(opened?.id ?? 0)
  await post(sql, [{ accountId, posting: budgetPosting(spec.budget), key: `account:${accountId}:opened`, at: now }])
  await renameEarlier(sql, { repositoryId, spec }, accountId, now)
}

/** The name only where it is free: no account of that name may share its days. */
const ADJUST = {
  name: 'adjust_account',
  text: `
    UPDATE account SET
      name = CASE WHEN EXISTS (
        SELECT 1 FROM account AS other
        WHERE other.id <> account.id AND other.repository_id = account.repository_id AND other.kind = account.kind
          AND other.name = $2 AND other.period_start < account.period_end AND account.period_start < other.period_end
      ) THEN name ELSE $2 END,
      period_end = $3,
      ceiling = CASE WHEN $4::int = 1 THEN GREATEST(budget, spent + held) END
    WHERE id = $1
    RETURNING name`,
}

async function adjust(sql: Sql, account: Account, spec: AccountSpec, now: Date): Promise<void> {
  const { name, periodEnd, budget, ceiling } = termsOf(account, spec)
  const values = [`${account.id}`, name, periodEnd.toISOString(), ceiling === null ? 0 : 1]
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
const RENAME_EARLIER = {
  name: 'rename_earlier_accounts',
  text: `
    UPDATE account SET name = $4
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
  { repositoryId, spec: { kind, name, was } }: Declared,
  /** Told of it, where its own opening is all that would be entered. */
  openedId: bigint | undefined,
  now: Date,
): Promise<void> {
  if (was === undefined) return
  const renamed = await sql.rows(RENAME_EARLIER, [`${repositoryId}`, kind, was, name, now.toISOString()])
  if (openedId !== undefined && renamed.length > 0) await enterRenamed(sql, openedId, was, now)
}

async function enterRenamed(sql: Sql, accountId: bigint, from: string, at: Date): Promise<void> {
  const key = `account:${accountId}:renamed:${randomUUID()}`
  await post(sql, [{ accountId, posting: notePosting('renamed'), key, note: `from ${from}`, at }])
}

/** What is left in the accounts that a run would touch, for a quote. Opens the accounts that are missing. */
export async function accountsOf(
  connections: Connections,
  repositoryId: bigint,
  specs: readonly AccountSpec[],
  now: Date,
): Promise<readonly Account[]> {
  return transactSql(connections, (sql) => ensureAccounts(sql, repositoryId, specs, now))
}

/** What the accounts of a unit have left, not below zero: the least of them; null when none of them is in that unit. */
export function remainingIn(
  unit: Account['unit'],
  accounts: readonly Pick<Account, 'unit' | 'budget' | 'ceiling' | 'spent' | 'held'>[],
): bigint | null {
  const left = accounts
    .filter((account) => account.unit === unit)
    .map(({ budget, ceiling, spent, held }) => (ceiling ?? budget) - spent - held)
  return left.reduce<bigint | null>((least, next) => {
    const amount = next > 0n ? next : 0n
    return least === null || amount < least ? amount : least
  }, null)
}

/** The accounts whose period `now` lies in, by kind and name; never by spend. */
export async function accountsNow(prisma: PrismaClient, repositoryId: bigint, now: Date): Promise<readonly Account[]> {
  return prisma.account.findMany({
    where: { repositoryId, periodEnd: { gt: now }, periodStart: { lte: now } },
    orderBy: [{ kind: 'asc' }, { name: 'asc' }, { unit: 'asc' }],
  })
}
