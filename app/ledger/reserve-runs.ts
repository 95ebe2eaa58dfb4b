/** Reserving many runs in one transaction: each is decided after the other, on rows that are locked. */
import { type HoldAmount, holdAmount } from '../../core/money/hold.ts'
import { afterPostings, reservePosting } from '../../core/money/posting.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import type { Account } from '../../prisma/client/client.ts'
import type { Sql, Statement } from '../database/transact.ts'
import { ensureAccounts } from './ensure-accounts.ts'
import { conflictOf, type Known, knownCommands } from './known.ts'
import { lockReserving, lockWaiting } from './lock-accounts.ts'
import { accountThere, isInLine } from './meant-account.ts'
import { type NewRunRow, newRunRow, textsOf } from './new-run.ts'
import { type NewEntry, post } from './post.ts'
import type { ReserveRequest } from './reserve.ts'
import { type NewHold, storeRuns, updateWaiting } from './store-runs.ts'

/** Two that share one of these are not decided together: the second has to find what the first has left. */
export function keysOf({ session: { repositoryId, commandKey, subjectKey } }: ReserveRequest): readonly string[] {
  return [`${repositoryId} command ${commandKey}`, `${repositoryId} subject ${subjectKey}`]
}

export type Decided =
  | { readonly kind: 'new'; readonly row: NewRunRow; readonly accounts: readonly Account[] }
  | { readonly kind: 'waited'; readonly runId: string; readonly accounts: readonly Account[] }
  /** The command has been here before: its first result stands. */
  | { readonly kind: 'repeated'; readonly runId: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'conflict'; readonly message: string }

export type ReserveAnswer =
  | Decided
  /** An account has to be opened, or brought into line with configuration first: `reserveOutOfLine` does that. */
  | { readonly kind: 'out-of-line' }

/**
 * Locks first and reads afterwards, so that what it decides on is what whoever had the locks before has left: a command
 * that waited for its own first try finds it. That nobody else stores the same command with other accounts, or opens
 * another run on the subject, meanwhile, is for the unique indexes to say: then this is begun again.
 */
export async function reserveRuns(sql: Sql, asked: readonly ReserveRequest[]): Promise<readonly ReserveAnswer[]> {
  const declared = asked.flatMap(({ session: { repositoryId }, accounts }) =>
    accounts.map((spec) => ({ repositoryId, spec })),
  )
  const [accounts, found, whole] = await Promise.all([
    lockReserving(sql, asked.map(commandOf), declared),
    read(sql, asked),
    wholeRows(asked),
  ])
  const deciding = new Deciding(found, accounts, whole)
  const answers = asked.map((one) => {
    const repeated = deciding.repeated(one)
    if (repeated !== undefined) return repeated
    const payers = payersInLine(one, accounts)
    return payers === undefined ? ({ kind: 'out-of-line' } as const) : deciding.decide(one, payers)
  })
  await write(sql, deciding)
  return answers
}

/** Rare, and longer: one whose accounts are opened or brought into line with configuration by whoever comes first. */
export async function reserveOutOfLine(sql: Sql, asked: ReserveRequest): Promise<Decided> {
  await lockWaiting(sql, [commandOf(asked)])
  const accounts = await ensureAccounts(sql, asked.session.repositoryId, asked.accounts, asked.now)
  const deciding = new Deciding(await read(sql, [asked]), accounts, new Map())
  const answer = deciding.repeated(asked) ?? deciding.decide(asked, accounts)
  await write(sql, deciding)
  return answer
}

const commandOf = ({ session }: ReserveRequest) => session

/** Undefined where one is not there, or not as configuration says. */
function payersInLine(
  { session: { repositoryId }, accounts, now }: ReserveRequest,
  rows: readonly Account[],
): readonly Account[] | undefined {
  const inLine = accounts.flatMap((spec) => {
    const account = accountThere({ repositoryId, spec }, rows, now)
    return account !== undefined && isInLine(account, spec) ? [account] : []
  })
  return inLine.length === accounts.length ? inLine : undefined
}

interface Found {
  readonly known: readonly Known[]
  readonly open: readonly OpenRun[]
}

/** Who works on a subject. */
interface OpenRun {
  readonly repositoryId: string
  readonly subjectKey: string
  readonly sessionId: string
}

const READ: Statement = {
  name: 'read_reserving',
  text: `
    WITH asked AS MATERIALIZED (
      SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) AS asked(repository_id, command_key, subject_key)
    ), known AS (${knownCommands}), open AS (
      SELECT run.repository_id::text AS "repositoryId", run.subject_key AS "subjectKey", run.session_id AS "sessionId"
      FROM asked
      CROSS JOIN LATERAL (
        SELECT * FROM run
        WHERE run.repository_id = asked.repository_id AND run.subject_key = asked.subject_key
          AND run.state IN ('reserved', 'dispatched', 'claimed') OFFSET 0
      ) AS run
    )
    SELECT (SELECT json_agg(known) FROM known) AS known, (SELECT json_agg(open) FROM open) AS open`,
}

async function read(sql: Sql, asked: readonly ReserveRequest[]): Promise<Found> {
  const [found] = await sql.rows<{ known: readonly Known[] | null; open: readonly OpenRun[] | null }>(READ, [
    asked.map(({ session }) => `${session.repositoryId}`),
    asked.map(({ session }) => session.commandKey),
    asked.map(({ session }) => session.subjectKey),
  ])
  return { known: found?.known ?? [], open: found?.open ?? [] }
}

/** Goes through what is asked, one after the other, and gathers what is to be written. */
class Deciding {
  readonly inserted: NewRunRow[] = []
  readonly updated: NewRunRow[] = []
  readonly holds: NewHold[] = []
  readonly entries: NewEntry[] = []
  readonly #known: ReadonlyMap<string, Known>
  readonly #open: ReadonlyMap<string, OpenRun>
  readonly #whole: ReadonlyMap<ReserveRequest, NewRunRow>
  /** As they stand after what was decided so far. */
  readonly #standing: Map<bigint, Account>

  /** `whole`: what is written of one that is new and gets what it asks for, where that is ready. */
  constructor({ known, open }: Found, accounts: readonly Account[], whole: ReadonlyMap<ReserveRequest, NewRunRow>) {
    this.#whole = whole
    this.#known = new Map(known.map((one) => [`${one.repositoryId} ${one.commandKey}`, one]))
    this.#open = new Map(open.map((one) => [`${one.repositoryId} ${one.subjectKey}`, one]))
    this.#standing = new Map(accounts.map((account) => [account.id, account]))
  }

  /** The first result of a command that has been here before; undefined where it is new, or waits. */
  repeated(asked: ReserveRequest): Decided | undefined {
    const known = this.#knownAs(asked)
    if (known === undefined) return undefined
    const conflict = conflictOf(known, asked)
    if (conflict !== undefined) return { kind: 'conflict', message: conflict }
    if (known.state === 'waiting') return undefined
    return { kind: 'repeated', runId: known.runId }
  }

  decide(asked: ReserveRequest, payers: readonly Account[]): Decided {
    const { repositoryId, subjectKey } = asked.session
    const open = this.#open.get(`${repositoryId} ${subjectKey}`)
    if (open !== undefined) return { kind: 'refused', refusal: alreadyRunning(open.sessionId) }

    const { plan, floorMicroUsd } = asked.run
    const capTokens = plan.capTokens === undefined ? undefined : BigInt(plan.capTokens)
    const accounts = payers.map((account) => this.#standing.get(account.id) ?? account)
    const hold = holdAmount({ capMicroUsd: plan.capMicroUsd, floorMicroUsd, capTokens }, accounts)
    if (isRefusal(hold)) return { kind: 'refused', refusal: hold }
    return this.#reserve(asked, hold, accounts)
  }

  #knownAs({ session: { repositoryId, commandKey } }: ReserveRequest): Known | undefined {
    return this.#known.get(`${repositoryId} ${commandKey}`)
  }

  #reserve(asked: ReserveRequest, hold: HoldAmount, accounts: readonly Account[]): Decided {
    const known = this.#knownAs(asked)
    const isWhole = hold.heldMicroUsd === asked.run.plan.capMicroUsd && hold.heldTokens === undefined
    const ready = known === undefined && isWhole ? this.#whole.get(asked) : undefined
    const row = ready ?? newRunRow(asked, known, hold, textsOf(asked, hold, 'reserved'), 'reserved')
    const runId = row.run.id
    const held = accounts.map((account) => {
      const taken = takeHold(runId, hold, account, asked.now)
      this.holds.push(taken.hold)
      this.entries.push(taken.entry)
      this.#standing.set(account.id, taken.account)
      return taken.account
    })
    if (known !== undefined) {
      this.updated.push(row)
      return { kind: 'waited', runId, accounts: held }
    }
    this.inserted.push(row)
    return { kind: 'new', row, accounts: held }
  }
}

/** Of those that are new and get what they ask for, as most do. It takes longest of all, and is done while the server looks. */
async function wholeRows(asked: readonly ReserveRequest[]): Promise<ReadonlyMap<ReserveRequest, NewRunRow>> {
  return new Map(
    asked.map((one) => {
      const hold = { heldMicroUsd: one.run.plan.capMicroUsd }
      return [one, newRunRow(one, undefined, hold, textsOf(one, hold, 'reserved'), 'reserved')]
    }),
  )
}

/** Of one account: what is held of it, the entry that says so, and the account as it stands then. */
export function takeHold(
  runId: string,
  { heldMicroUsd, heldTokens }: HoldAmount,
  account: Account,
  at: Date,
): { readonly hold: NewHold; readonly entry: NewEntry; readonly account: Account } {
  const amount = account.unit === 'usd' ? heldMicroUsd : (heldTokens ?? 0n)
  const posting = reservePosting(amount)
  const key = `run:${runId}:reserve:${account.id}`
  return {
    hold: { runId, accountId: account.id, amount },
    entry: { accountId: account.id, runId, posting, key, at },
    account: afterPostings(account, [posting]),
  }
}

async function write(sql: Sql, { inserted, updated, holds, entries }: Deciding): Promise<void> {
  await updateWaiting(sql, updated)
  if (entries.length > 0) await Promise.all([storeRuns(sql, inserted, holds), post(sql, entries)])
}

export function alreadyRunning(sessionId: string): Refusal {
  return refuse(
    'already-running',
    `The session \`${sessionId}\` has a run under way here, and two at once would write over each other.`,
    'Wait until it ends, or end it with `/agent stop`; then repeat the command.',
  )
}
