/**
 * Reserving a further run of a session, or the first one of a fork: what a session's runs and those of its forks have spent
 * and hold never passes their one ceiling. Rarer than a first run, and done by itself.
 */
import { holdAmount } from '../../core/money/hold.ts'
import { type CeilingStanding, capUnder } from '../../core/money/session-ceiling.ts'
import { isRefusal, type Refusal } from '../../core/reason.ts'
import type { PrismaClient, Session } from '../../prisma/client/client.ts'
import { type Sql, type Statement, transactSql } from '../database/transact.ts'
import { ensureAccounts } from './ensure-accounts.ts'
import type { Ledger } from './ledger.ts'
import { type NewRunRow, newRunRow, textsOf } from './new-run.ts'
import { post } from './post.ts'
import { answered, type Reserved, type ReserveRequest } from './reserve.ts'
import { alreadyRunning, type Decided, takeHold } from './reserve-runs.ts'
import { storeFurther } from './store-runs.ts'

export interface FurtherRequest extends ReserveRequest {
  /** The session that it is a further run of or, with `fork`, that its own session is forked from. */
  readonly sessionId: string
  readonly fork: boolean
  /** The run whose last checkpoint it starts from. */
  readonly continuesRunId?: string | undefined
  /** What the command raises the ceiling to; it never lowers it. */
  readonly raiseToMicroUsd?: bigint | undefined
  /** How far a command may raise it. */
  readonly mostMicroUsd: bigint
}

/**
 * Refuses with `session-used-up` and as `reserve` does, and then stores nothing but the accounts. The same command (the
 * fork's `commandKey`, else the run's `goKey`) gets its first result again.
 */
export async function reserveFurther(ledger: Ledger, request: FurtherRequest): Promise<Reserved | Refusal> {
  return answered(ledger, await transactSql(ledger, (sql) => decide(sql, request)))
}

async function decide(sql: Sql, request: FurtherRequest): Promise<Decided> {
  const { session, run, now } = request
  // First of all locks: whoever else draws from the ceiling waits here, and reads afterwards what this one has left.
  const root = await lockRoot(sql, request.sessionId)
  const known = await findResult(sql, request)
  if (known !== undefined) return { kind: 'repeated', runId: known }
  const accounts = await ensureAccounts(sql, session.repositoryId, request.accounts, now)
  const open = await openOn(sql, session)
  if (open !== undefined) return { kind: 'refused', refusal: alreadyRunning(open) }

  const ceilingMicroUsd = atLeast(root.ceilingMicroUsd, request.raiseToMicroUsd)
  const standing = { ceilingMicroUsd, ...(await usedUnder(sql, root.id)) }
  const { plan, floorMicroUsd } = run
  const { mostMicroUsd } = request
  const bound = { capMicroUsd: plan.capMicroUsd, floorMicroUsd, mostMicroUsd, workflow: run.family }
  const capMicroUsd = capUnder(standing, bound)
  if (isRefusal(capMicroUsd)) return { kind: 'refused', refusal: capMicroUsd }
  const capTokens = plan.capTokens === undefined ? undefined : BigInt(plan.capTokens)
  const hold = holdAmount({ capMicroUsd, floorMicroUsd, capTokens }, accounts)
  if (isRefusal(hold)) return { kind: 'refused', refusal: hold }

  const asked = { ...request, run: { ...run, plan: { ...plan, capMicroUsd } } }
  const texts = textsOf(asked, hold, 'reserved')
  const row = newRunRow(asked, request.fork ? undefined : { sessionId: request.sessionId }, hold, texts, 'reserved')
  const taken = accounts.map((account) => takeHold(row.run.id, hold, account, now))
  await raise(sql, root.id, ceilingMicroUsd)
  if (request.fork) await insertFork(sql, row, root.id, ceilingMicroUsd)
  await Promise.all([
    storeFurther(
      sql,
      row,
      taken.map(({ hold }) => hold),
    ),
    post(
      sql,
      taken.map(({ entry }) => entry),
    ),
  ])
  await link(sql, row, request)
  return { kind: 'waited', runId: row.run.id, accounts: taken.map(({ account }) => account) }
}

function atLeast(ceiling: bigint, raiseTo: bigint | undefined): bigint {
  return raiseTo !== undefined && raiseTo > ceiling ? raiseTo : ceiling
}

const LOCK_ROOT: Statement = {
  name: 'lock_root_session',
  text: `
    SELECT id, ceiling_micro_usd::text AS ceiling FROM session
    WHERE id = (SELECT COALESCE(root_id, id) FROM session WHERE id = $1) FOR NO KEY UPDATE`,
}

async function lockRoot(
  sql: Sql,
  sessionId: string,
): Promise<{ readonly id: string; readonly ceilingMicroUsd: bigint }> {
  const [root] = await sql.rows<{ id: string; ceiling: string }>(LOCK_ROOT, [sessionId])
  if (root === undefined) throw new Error(`there is no session ${sessionId}`)
  return { id: root.id, ceilingMicroUsd: BigInt(root.ceiling) }
}

const FIND_RUN: Statement = {
  name: 'find_further_run',
  text: 'SELECT id FROM run WHERE session_id = $1 AND go_key = $2',
}
const FIND_FORK: Statement = {
  name: 'find_fork',
  text: `
    SELECT run.id FROM session JOIN run ON run.session_id = session.id
    WHERE session.repository_id = $1 AND session.command_key = $2 ORDER BY run.created_at LIMIT 1`,
}

async function findResult(sql: Sql, { fork, sessionId, session, run }: FurtherRequest): Promise<string | undefined> {
  if (!fork && run.goKey === undefined) throw new Error('a further run names the command that it is reserved by')
  const [found] = fork
    ? await sql.rows<{ id: string }>(FIND_FORK, [`${session.repositoryId}`, session.commandKey])
    : await sql.rows<{ id: string }>(FIND_RUN, [sessionId, run.goKey ?? null])
  return found?.id
}

const OPEN: Statement = {
  name: 'open_on_subject',
  text: `
    SELECT session_id AS "sessionId" FROM run
    WHERE repository_id = $1 AND subject_key = $2 AND state IN ('reserved', 'dispatched', 'claimed')`,
}

async function openOn(sql: Sql, { repositoryId, subjectKey }: FurtherRequest['session']): Promise<string | undefined> {
  const [open] = await sql.rows<{ sessionId: string }>(OPEN, [`${repositoryId}`, subjectKey])
  return open?.sessionId
}

const USED_TEXT = `
    SELECT COALESCE(sum(spent_micro_usd) FILTER (WHERE state = 'ended'), 0)::text AS spent,
           COALESCE(sum(held_micro_usd) FILTER (WHERE state IN ('reserved', 'dispatched', 'claimed')), 0)::text AS held
    FROM run WHERE session_id = ANY(ARRAY(SELECT id FROM session WHERE id = $1 OR root_id = $1))`
const USED: Statement = { name: 'used_under_ceiling', text: USED_TEXT }

async function usedUnder(sql: Sql, rootId: string): Promise<Omit<CeilingStanding, 'ceilingMicroUsd'>> {
  const [used] = await sql.rows<{ spent: string; held: string }>(USED, [rootId])
  return { spentMicroUsd: BigInt(used?.spent ?? 0), heldMicroUsd: BigInt(used?.held ?? 0) }
}

/** How a session stands under the ceiling that it draws from, to be shown. */
export async function ceilingOf(prisma: PrismaClient, session: Session): Promise<CeilingStanding> {
  const { rootId } = session
  const { id, ceilingMicroUsd } =
    rootId === null ? session : await prisma.session.findUniqueOrThrow({ where: { id: rootId } })
  const [used] = await prisma.$queryRawUnsafe<{ spent: string; held: string }[]>(USED_TEXT, id)
  return { ceilingMicroUsd, spentMicroUsd: BigInt(used?.spent ?? 0), heldMicroUsd: BigInt(used?.held ?? 0) }
}

const RAISE: Statement = {
  name: 'raise_ceiling',
  text: 'UPDATE session SET ceiling_micro_usd = GREATEST(ceiling_micro_usd, $2::bigint) WHERE id = $1',
}

async function raise(sql: Sql, rootId: string, ceilingMicroUsd: bigint): Promise<void> {
  await sql.rows(RAISE, [rootId, `${ceilingMicroUsd}`])
}

const INSERT_FORK: Statement = {
  name: 'insert_fork',
  text: `
    INSERT INTO session (id, repository_id, subject_kind, subject_number, subject_key, family, trigger, command_key,
      ceiling_micro_usd, root_id, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
}

async function insertFork(sql: Sql, { session }: NewRunRow, rootId: string, ceilingMicroUsd: bigint): Promise<void> {
  await sql.rows(INSERT_FORK, [
    session.id,
    `${session.repositoryId}`,
    session.subjectKind,
    session.subjectNumber,
    session.subjectKey,
    session.family,
    session.trigger,
    session.commandKey,
    `${ceilingMicroUsd}`,
    rootId,
    session.createdAt.toISOString(),
  ])
}

/** The check on GitHub is the newest run's; a further one gets its own. */
const LINK: Statement = {
  name: 'link_further',
  text: `
    WITH shown AS (UPDATE session SET check_run_id = NULL WHERE id = $1)
    UPDATE run SET continues_run_id = $3 WHERE id = $2`,
}

async function link(sql: Sql, { session, run }: NewRunRow, { continuesRunId }: FurtherRequest): Promise<void> {
  await sql.rows(LINK, [session.id, run.id, continuesRunId ?? null])
}
