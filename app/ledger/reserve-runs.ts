/** Reserving many runs in one transaction: each is decided after the other, on rows that are locked. */
import { type HoldAmount, holdAmount } from '../../core/hold.ts'
import { afterPostings, reservePosting } from '../../core/posting.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import type { Account } from '../../prisma/client/client.ts'
import { LostToAnother, type Sql } from '../database/transact.ts'
import { type AccountText, accountInLine, accountOf, declaredRows, ensureAccounts, lockedAccounts } from './accounts.ts'
import { conflictOf, type Known, knownCommands } from './known.ts'
import { type NewRunRow, newRunRow, type Texts, textsOf } from './new-run.ts'
import { type NewEntry, post } from './post.ts'
import type { ReserveRequest } from './reserve.ts'
import { type NewHold, storing, updateWaiting } from './store-runs.ts'

export interface ReserveAsked extends ReserveRequest {
  /** For a hold of the whole cap, as most are. */
  readonly wholeTexts: Texts
}

export function prepare(request: ReserveRequest): ReserveAsked {
  return { ...request, wholeTexts: textsOf(request, { heldMicroUsd: request.run.plan.capMicroUsd }, 'reserved') }
}

/** Two that share one of these are not decided together: the second has to find what the first has left. */
export function keysOf({ session: { repositoryId, commandKey, subjectKey } }: ReserveAsked): readonly string[] {
  return [`${repositoryId} command ${commandKey}`, `${repositoryId} subject ${subjectKey}`]
}

export type ReserveAnswer =
  | { readonly kind: 'new'; readonly row: NewRunRow; readonly accounts: readonly Account[]; readonly repeated: false }
  /** A run that was there: it waited, or the command came again. */
  | {
      readonly kind: 'known'
      readonly runId: string
      readonly accounts: readonly Account[]
      readonly repeated: boolean
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'conflict'; readonly message: string }
  /** An account has to be opened, or brought into line with configuration first. */
  | { readonly kind: 'out-of-line' }

/**
 * Accounts are locked by their ids; who reads them waits for who decides. That nobody else stores the same command, or
 * opens another run on the subject, meanwhile, is for the unique indexes to say: then this is begun again.
 */
export async function reserveRuns(
  sql: Sql,
  asked: readonly ReserveAsked[],
  accountsOutOfLine: 'report' | 'bring-into-line' = 'report',
): Promise<readonly ReserveAnswer[]> {
  if (accountsOutOfLine === 'bring-into-line') {
    for (const { session, accounts, now } of asked) await ensureAccounts(sql, session.repositoryId, accounts, now)
  }
  const deciding = new Deciding(await read(sql, asked))
  const answers = asked.map((one) => deciding.decide(one))
  await updateWaiting(sql, deciding.updated)
  if (deciding.entries.length > 0) await post(sql, deciding.entries, storing(deciding.inserted, deciding.holds))
  return answers
}

interface Found {
  readonly known: readonly Known[]
  readonly open: readonly OpenRun[]
  readonly accounts: readonly Account[]
}

/** Who works on a subject. */
interface OpenRun {
  readonly repositoryId: string
  readonly subjectKey: string
  readonly sessionId: string
  readonly commandKey: string
}

const READ = {
  name: 'read_reserving',
  text: `
    WITH asked AS MATERIALIZED (
      SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) AS asked(repository_id, command_key, subject_key)
    ), known AS (${knownCommands('$1', '$2')}), open AS (
      SELECT run.repository_id::text AS "repositoryId", run.subject_key AS "subjectKey", run.session_id AS "sessionId",
             session.command_key AS "commandKey"
      FROM asked
      JOIN run USING (repository_id, subject_key)
      JOIN session ON session.id = run.session_id
      WHERE run.state IN ('reserved', 'dispatched', 'claimed')
        AND run.repository_id = ANY($1::bigint[]) AND run.subject_key = ANY($3::text[])
    ), accounts AS (${lockedAccounts('$4')})
    SELECT (SELECT json_agg(known) FROM known) AS known, (SELECT json_agg(open) FROM open) AS open,
           (SELECT json_agg(accounts) FROM accounts) AS accounts`,
}

async function read(sql: Sql, asked: readonly ReserveAsked[]): Promise<Found> {
  const declared = asked.flatMap(({ session: { repositoryId }, accounts }) =>
    accounts.map((spec) => ({ repositoryId, spec })),
  )
  const [found] = await sql.rows<{
    known: readonly Known[] | null
    open: readonly OpenRun[] | null
    accounts: readonly AccountText[] | null
  }>(READ, [
    asked.map(({ session }) => `${session.repositoryId}`),
    asked.map(({ session }) => session.commandKey),
    asked.map(({ session }) => session.subjectKey),
    declaredRows(declared),
  ])
  return {
    known: found?.known ?? [],
    open: found?.open ?? [],
    accounts: (found?.accounts ?? []).map(accountOf),
  }
}

/** Goes through what is asked, one after the other, and gathers what is to be written. */
class Deciding {
  readonly inserted: NewRunRow[] = []
  readonly updated: NewRunRow[] = []
  readonly holds: NewHold[] = []
  readonly entries: NewEntry[] = []
  readonly #known: ReadonlyMap<string, Known>
  readonly #open: ReadonlyMap<string, OpenRun>
  readonly #locked: readonly Account[]
  /** As they stand after what was decided so far. */
  readonly #standing: Map<bigint, Account>

  constructor({ known, open, accounts }: Found) {
    this.#known = new Map(known.map((one) => [`${one.repositoryId} ${one.commandKey}`, one]))
    this.#open = new Map(open.map((one) => [`${one.repositoryId} ${one.subjectKey}`, one]))
    this.#locked = accounts
    this.#standing = new Map(accounts.map((account) => [account.id, account]))
  }

  decide(asked: ReserveAsked): ReserveAnswer {
    const { repositoryId, commandKey, subjectKey } = asked.session
    const accounts = asked.accounts.flatMap((spec) => this.#account({ repositoryId, spec }, asked.now) ?? [])
    if (accounts.length < asked.accounts.length) return { kind: 'out-of-line' }

    const known = this.#known.get(`${repositoryId} ${commandKey}`)
    if (known !== undefined) {
      const conflict = conflictOf(known, asked)
      if (conflict !== undefined) return { kind: 'conflict', message: conflict }
      if (known.state !== 'waiting') return { kind: 'known', runId: known.runId, accounts, repeated: true }
    }
    const open = this.#open.get(`${repositoryId} ${subjectKey}`)
    if (open?.commandKey === commandKey) throw new LostToAnother(`the command ${commandKey} came twice at once`)
    if (open !== undefined) return { kind: 'refused', refusal: alreadyRunning(open.sessionId) }

    const { plan, floorMicroUsd } = asked.run
    const capTokens = plan.capTokens === undefined ? undefined : BigInt(plan.capTokens)
    const hold = holdAmount({ capMicroUsd: plan.capMicroUsd, floorMicroUsd, capTokens }, accounts)
    if (isRefusal(hold)) return { kind: 'refused', refusal: hold }
    return this.#reserve(asked, known, hold, accounts)
  }

  #account(declared: Parameters<typeof accountInLine>[0], now: Date): Account | undefined {
    const account = accountInLine(declared, this.#locked, now)
    return account === undefined ? undefined : this.#standing.get(account.id)
  }

  #reserve(
    asked: ReserveAsked,
    known: Known | undefined,
    hold: HoldAmount,
    accounts: readonly Account[],
  ): ReserveAnswer {
    const isWhole = hold.heldMicroUsd === asked.run.plan.capMicroUsd && hold.heldTokens === undefined
    const texts = isWhole ? asked.wholeTexts : textsOf(asked, hold, 'reserved')
    const row = newRunRow(asked, known, hold, texts, 'reserved')
    const runId = row.run.id
    const held = accounts.map((account) => {
      const amount = account.unit === 'usd' ? hold.heldMicroUsd : (hold.heldTokens ?? 0n)
      const posting = reservePosting(amount)
      this.holds.push({ runId, accountId: account.id, amount })
      const key = `run:${runId}:reserve:${account.id}`
      this.entries.push({ accountId: account.id, runId, posting, key, at: asked.now })
      const after = afterPostings(account, [posting])
      this.#standing.set(account.id, after)
      return after
    })
    if (known !== undefined) {
      this.updated.push(row)
      return { kind: 'known', runId, accounts: held, repeated: false }
    }
    this.inserted.push(row)
    return { kind: 'new', row, accounts: held, repeated: false }
  }
}

function alreadyRunning(sessionId: string): Refusal {
  return refuse(
    'already-running',
    `The session \`${sessionId}\` has a run under way here, and two at once would write over each other.`,
    'Wait until it ends, or end it with `/agent stop`; then repeat the command.',
  )
}
