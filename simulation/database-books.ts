/**
 * Reads the raw rows of a database over connections of its own, and lets it add them up: nothing of this goes through
 * the App's code. One statement is one moment.
 */
import pg from 'pg'
import { z } from 'zod'
import type { Database } from '../app/database/open.ts'
import type { Books, Look, Touched } from './ledger.ts'

const CONNECTIONS_MAX = 2
/** To plan a look takes longer than to look, and by itself the server plans each anew, whatever its name. */
const PLANNED_ONCE = '-c plan_cache_mode=force_generic_plan'
const RUNS_AT_ONCE = 500

const amount = z.string().transform(BigInt)
const amountOrNull = z
  .string()
  .nullable()
  .transform((text) => (text === null ? null : BigInt(text)))

const accountSchema = z.object({
  id: z.string(),
  repositoryId: z.number(),
  kind: z.enum(['portfolio', 'squad', 'experiment']),
  name: z.string(),
  formerNames: z.array(z.string()),
  unit: z.enum(['usd', 'tokens']),
  periodStartMs: z.number(),
  periodEndMs: z.number(),
  budget: amount,
  ceiling: amountOrNull,
  spent: amount,
  held: amount,
  overage: amount,
  frozen: z.boolean(),
  entered: z.object({ budget: amount, held: amount, spent: amount, overage: amount }),
  openHolds: amount,
  twins: z.number(),
  lastEntry: z.number(),
})

const runSchema = z.object({
  id: z.string(),
  state: z.enum(['waiting', 'reserved', 'dispatched', 'claimed', 'ended']),
  epoch: z.number(),
  capMicroUsd: amount,
  heldMicroUsd: amount,
  heldTokens: amountOrNull,
  drawnMicroUsd: amount,
  drawnTokens: amountOrNull,
  holds: z.array(z.object({ accountId: z.string(), amount, open: z.boolean() })),
  entries: z.array(z.object({ accountId: z.string(), kind: z.string(), held: amount, spent: amount, overage: amount })),
})

const lookSchema = z.object({ accounts: z.array(accountSchema), runs: z.array(runSchema) })

const ACCOUNTS = `
  SELECT json_agg(json_build_object(
    'id', a.id::text, 'repositoryId', a.repository_id, 'kind', a.kind, 'name', a.name,
    'formerNames', a.former_names, 'unit', a.unit,
    'periodStartMs', extract(epoch FROM a.period_start) * 1000, 'periodEndMs', extract(epoch FROM a.period_end) * 1000,
    'budget', a.budget::text, 'ceiling', a.ceiling::text, 'spent', a.spent::text, 'held', a.held::text,
    'overage', a.overage::text, 'frozen', a.frozen,
    'entered', json_build_object(
      'budget', e.budget::text, 'held', e.held::text, 'spent', e.spent::text, 'overage', e.overage::text),
    'lastEntry', e.last_entry,
    'openHolds', (SELECT coalesce(sum(amount), 0)::text FROM hold WHERE account_id = a.id AND state = 'held'),
    'twins', (SELECT count(*) FROM account t
      WHERE t.repository_id = a.repository_id AND t.kind = a.kind AND t.name = a.name AND t.id <> a.id
        AND t.period_start < a.period_end AND a.period_start < t.period_end)))
  FROM account a, LATERAL (
    SELECT coalesce(sum(budget_change), 0) AS budget, coalesce(sum(held_change), 0) AS held,
           coalesce(sum(spent_change), 0) AS spent, coalesce(sum(overage_change), 0) AS overage,
           coalesce(max(id), 0) AS last_entry
    FROM entry WHERE account_id = a.id) e`

const RUNS = `
  SELECT json_agg(json_build_object(
    'id', r.id, 'state', r.state, 'epoch', r.epoch, 'capMicroUsd', r.cap_micro_usd::text,
    'heldMicroUsd', r.held_micro_usd::text, 'heldTokens', r.held_tokens::text,
    'drawnMicroUsd', r.drawn_micro_usd::text, 'drawnTokens', r.drawn_tokens::text,
    'holds', (SELECT coalesce(json_agg(json_build_object(
        'accountId', account_id::text, 'amount', amount::text, 'open', state = 'held')), '[]')
      FROM hold WHERE run_id = r.id),
    'entries', (SELECT coalesce(json_agg(json_build_object(
        'accountId', account_id::text, 'kind', kind, 'held', held_change::text, 'spent', spent_change::text,
        'overage', overage_change::text) ORDER BY id), '[]')
      FROM entry WHERE run_id = r.id)) ORDER BY r.id)
  FROM run r`

const LOOK = `
  SELECT
    coalesce((${ACCOUNTS}
      WHERE a.id = ANY($2::bigint[])
        OR a.id IN (SELECT account_id FROM hold WHERE run_id = ANY($1))
        OR a.id IN (
          SELECT n.id FROM account n
          JOIN json_to_recordset($4::json) AS spec(kind text, name text, since timestamptz, until timestamptz)
            ON n.kind = spec.kind::account_kind AND (n.name = spec.name OR spec.name = ANY(n.former_names))
              AND n.period_start < spec.until AND spec.since < n.period_end
          WHERE n.repository_id = $3)), '[]') AS accounts,
    coalesce((${RUNS} WHERE r.id = ANY($1)), '[]') AS runs`

const ALL_ACCOUNTS = `
  SELECT coalesce((${ACCOUNTS} WHERE a.repository_id = ANY($1::bigint[])), '[]') AS accounts, '[]'::json AS runs`

const MORE_RUNS = `
  SELECT '[]'::json AS accounts, coalesce((${RUNS} WHERE r.id IN (
    SELECT id FROM run WHERE repository_id = ANY($1::bigint[]) AND id > $2 ORDER BY id LIMIT ${RUNS_AT_ONCE}
  )), '[]') AS runs`

export class DatabaseBooks implements Books {
  readonly #pool: pg.Pool
  readonly #kind: Database['kind']
  readonly #repositoryIds: readonly number[]

  constructor({ connectionString, kind }: Database, repositoryIds: readonly number[]) {
    const options = kind === 'server' ? { options: PLANNED_ONCE } : {}
    this.#pool = new pg.Pool({ connectionString, max: CONNECTIONS_MAX, ...options })
    this.#kind = kind
    this.#repositoryIds = repositoryIds
  }

  async look({ runIds, named, accountIds = [] }: Touched): Promise<Look> {
    const specs = (named?.specs ?? []).map(({ kind, name, periodStart, periodEnd }) => {
      return { kind, name, since: periodStart, until: periodEnd }
    })
    return this.#read('look', LOOK, [runIds, accountIds, named?.repositoryId ?? 0, JSON.stringify(specs)])
  }

  async *everything(): AsyncIterable<Look> {
    yield await this.#read('all_accounts', ALL_ACCOUNTS, [this.#repositoryIds])
    let last = ''
    for (;;) {
      const look = await this.#read('more_runs', MORE_RUNS, [this.#repositoryIds, last])
      yield look
      if (look.runs.length < RUNS_AT_ONCE) return
      last = look.runs.at(-1)?.id ?? ''
    }
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  async #read(name: string, text: string, values: readonly unknown[]): Promise<Look> {
    // The embedded database has one set of names for all connections.
    const named = this.#kind === 'server' ? { name, text } : { text }
    const { rows } = await this.#pool.query({ ...named, values: [...values] })
    return lookSchema.parse(rows[0])
  }
}
