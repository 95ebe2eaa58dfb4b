/** Runs and the accounts that pay for them, as their end looks at them: locked until the transaction is over. */
import { type Plan, planSchema } from '../../core/plan/plan.ts'
import type { RunState } from '../../core/run/run-life.ts'
import type { Account } from '../../prisma/client/client.ts'
import { leaseIsOver } from '../database/clock.ts'
import type { Sql } from '../database/transact.ts'

export interface EndingRun {
  readonly id: string
  readonly state: RunState
  readonly epoch: number
  readonly reason: string | null
  /** SHA-256 in hex of the report's text, which may be long; null where none came. */
  readonly reportHash: string | null
  readonly leaseIsOver: boolean
  readonly heldMicroUsd: bigint
  readonly heldTokens: bigint | null
  readonly drawnMicroUsd: bigint
  readonly drawnTokens: bigint | null
  readonly spentMicroUsd: bigint
  readonly usedTokens: bigint
  /** The plan's, of a run that was claimed. */
  readonly prices: Plan['prices']
}

/** An account that pays for a run, with what is held for it. */
export interface PayingHold
  extends Pick<
    Account,
    'id' | 'kind' | 'name' | 'unit' | 'budget' | 'ceiling' | 'spent' | 'held' | 'overage' | 'frozen'
  > {
  readonly runId: string
  readonly amount: bigint
}

type AsText<Row, Amounts extends keyof Row> = Omit<Row, Amounts> & { readonly [Key in Amounts]: string }

const LOCK_RUNS = {
  name: 'lock_runs',
  text: `
    SELECT id, state::text, epoch, reason, ${leaseIsOver.text} AS "leaseIsOver",
           CASE WHEN report IS NOT NULL THEN encode(sha256(convert_to(report::text, 'UTF8')), 'hex') END AS "reportHash",
           CASE WHEN epoch > 0 THEN plan -> 'prices' END AS prices,
           held_micro_usd AS "heldMicroUsd", held_tokens AS "heldTokens", drawn_micro_usd AS "drawnMicroUsd",
           drawn_tokens AS "drawnTokens", spent_micro_usd AS "spentMicroUsd",
           input_tokens + output_tokens AS "usedTokens"
    FROM run WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE`,
}

type RunText = Omit<
  AsText<EndingRun, 'heldMicroUsd' | 'drawnMicroUsd' | 'spentMicroUsd' | 'usedTokens'>,
  'heldTokens' | 'drawnTokens' | 'prices'
> & { readonly heldTokens: string | null; readonly drawnTokens: string | null; readonly prices: unknown }

export async function lockRuns(sql: Sql, ids: readonly string[]): Promise<ReadonlyMap<string, EndingRun>> {
  const rows = await sql.rows<RunText>(LOCK_RUNS, [ids])
  return new Map(
    rows.map((row) => [
      row.id,
      {
        ...row,
        heldMicroUsd: BigInt(row.heldMicroUsd),
        heldTokens: row.heldTokens === null ? null : BigInt(row.heldTokens),
        drawnMicroUsd: BigInt(row.drawnMicroUsd),
        drawnTokens: row.drawnTokens === null ? null : BigInt(row.drawnTokens),
        spentMicroUsd: BigInt(row.spentMicroUsd),
        usedTokens: BigInt(row.usedTokens),
        prices: row.prices === null ? {} : planSchema.shape.prices.parse(row.prices),
      },
    ]),
  )
}

const LOCK_PAYERS = {
  name: 'lock_payers',
  text: `
    SELECT hold.run_id AS "runId", hold.amount, account.id, account.kind::text, account.name, account.unit::text,
           account.budget, account.ceiling, account.spent, account.held, account.overage, account.frozen
    FROM hold JOIN account ON account.id = hold.account_id
    WHERE hold.run_id = ANY($1::text[])
    ORDER BY account.id FOR NO KEY UPDATE OF account`,
}

type PayingHoldText = Omit<AsText<PayingHold, 'id' | 'amount' | 'budget' | 'spent' | 'held' | 'overage'>, 'ceiling'> & {
  readonly ceiling: string | null
}

export async function lockPayers(sql: Sql, runIds: readonly string[]): Promise<readonly PayingHold[]> {
  const rows = await sql.rows<PayingHoldText>(LOCK_PAYERS, [runIds])
  return rows.map((row) => ({
    ...row,
    id: BigInt(row.id),
    amount: BigInt(row.amount),
    budget: BigInt(row.budget),
    ceiling: row.ceiling === null ? null : BigInt(row.ceiling),
    spent: BigInt(row.spent),
    held: BigInt(row.held),
    overage: BigInt(row.overage),
  }))
}
