/** Reads the ledger for an audit: account by account and run by run, at one moment. What it means is decided in `core/audit`. */
import { z } from 'zod'
import { AccountAudit, auditHoldless } from '../../core/audit/account.ts'
import { entryName, type Finding } from '../../core/audit/finding.ts'
import { type AuditedAccount, auditedKinds } from '../../core/audit/rows.ts'
import { auditSession } from '../../core/audit/session.ts'
import { inSnapshot, type Snapshot } from '../database/snapshot.ts'

export interface Audit {
  readonly accounts: number
  readonly entries: number
  readonly sessions: number
  /** In the order of their accounts. */
  readonly findings: readonly Finding[]
  /** Findings beyond `FINDINGS_MAX`, which are not kept. */
  readonly notShown: number
}

/** Findings that are kept; a ledger that is wrong everywhere needs no longer list. */
export const FINDINGS_MAX = 1_000
const ACCOUNTS_AT_ONCE = 100
const RUNS_AT_ONCE = 500
/** Each kind stands once for a run in an account, so more than these are wrong anyway. */
const ENTRIES_OF_RUN_MAX = 100

export async function auditLedger(connectionString: string): Promise<Audit> {
  return inSnapshot(connectionString, auditSnapshot)
}

export async function auditSnapshot(snapshot: Snapshot): Promise<Audit> {
  const findings: Finding[] = []
  const seen = new Set<string>()
  const faulty = new Set<string>()
  let [accounts, entries, sessions, notShown] = [0, 0, 0, 0]
  const find = (found: readonly Finding[]) => {
    for (const finding of found) {
      // A run's own row is looked at with each account that it touched.
      const about = JSON.stringify([finding.problem, finding.rows, finding.differences.map(({ column }) => column)])
      if (finding.rows[0]?.table === 'run' && seen.has(about)) continue
      seen.add(about)
      for (const { table, id } of finding.rows) if (table === 'run') faulty.add(id)
      if (findings.length < FINDINGS_MAX) findings.push(finding)
      else notShown += 1
    }
  }
  find(await guardFindings(snapshot))
  for await (const row of snapshot.stream(ACCOUNTS, ACCOUNTS_AT_ONCE)) {
    const audit = await auditAccount(snapshot, accountRow.parse(row))
    accounts += 1
    entries += audit.entries
    find(audit.findings())
  }
  for await (const row of snapshot.stream(HOLDLESS_RUNS, RUNS_AT_ONCE)) {
    const { runId, run } = holdlessRow.parse(row)
    const finding = auditHoldless(runId, run)
    if (finding !== undefined) find([finding])
  }
  for await (const row of snapshot.stream(STRAY_ENTRIES, RUNS_AT_ONCE)) {
    const { accountId, ...entry } = strayRow.parse(row)
    entries += 1
    const why = `there is no account ${accountId}`
    find([{ account: undefined, problem: 'added', rows: [entryName(entry)], differences: [], why }])
  }
  for await (const row of snapshot.stream(STRAY_HOLDS, RUNS_AT_ONCE)) {
    const { accountId, runId } = strayHoldRow.parse(row)
    const why = `there is no account ${accountId}`
    find([{ account: undefined, problem: 'added', rows: [{ table: 'hold', id: runId }], differences: [], why }])
  }
  for await (const row of snapshot.stream(SESSIONS, RUNS_AT_ONCE)) {
    const session = sessionRow.parse(row)
    const finding = auditSession(session)
    sessions += 1
    // A run that was edited is named already, and may well be all that the ceiling is off by.
    if (finding !== undefined && !session.runs.some(({ id }) => faulty.has(id))) find([finding])
  }
  for (const counted of countedTables) {
    for await (const row of snapshot.stream(wrongDays(counted), RUNS_AT_ONCE)) {
      find([dayFinding(counted.table, wrongDayRow.parse(row))])
    }
  }
  return { accounts, entries, sessions, findings, notShown }
}

async function auditAccount(snapshot: Snapshot, account: AuditedAccount): Promise<AccountAudit> {
  const audit = new AccountAudit(account)
  for await (const row of snapshot.stream(runsOf(account.id), RUNS_AT_ONCE)) {
    audit.addRun({ accountId: account.id, unit: account.unit, ...runRow.parse(row) })
  }
  for await (const row of snapshot.stream(otherEntriesOf(account.id), RUNS_AT_ONCE)) {
    audit.addOther(entryRow.parse(row))
  }
  return audit
}

/** What holds everybody else to the rules: somebody may have switched it off and on again, or not. */
const GUARDS = [
  { trigger: 'entry_append_only', keeps: 'entries from being changed' },
  { trigger: 'account_stays', keeps: 'accounts from being deleted' },
]

async function guardFindings(snapshot: Snapshot): Promise<readonly Finding[]> {
  const enabled = await snapshot.query(
    `SELECT tgname AS trigger FROM pg_trigger
     WHERE tgrelid IN ('entry'::regclass, 'account'::regclass) AND NOT tgisinternal AND tgenabled IN ('O', 'A')`,
  )
  const names = enabled.map((row) => triggerRow.parse(row).trigger)
  const gone = GUARDS.filter(({ trigger }) => !names.includes(trigger))
  return gone.map(({ trigger, keeps }) => {
    const why = `the trigger ${trigger}, which keeps ${keeps}, is off or gone`
    return { account: undefined, problem: 'disagrees', rows: [], differences: [], why }
  })
}

const triggerRow = z.object({ trigger: z.string() })

/** Amounts leave the database as text, since a number of JavaScript's holds only some of them. */
const amount = z.string().transform(BigInt)

const accountRow = z.object({
  id: z.string(),
  repository: z.string(),
  kind: z.string(),
  name: z.string(),
  unit: z.enum(['usd', 'tokens']),
  periodStart: z.string(),
  periodEnd: z.string(),
  budget: amount,
  ceiling: amount.nullable(),
  spent: amount,
  held: amount,
  overage: amount,
  frozen: z.boolean(),
  twins: z.array(z.string()),
})

const ACCOUNTS = `
  SELECT a.id::text, coalesce(r.owner || '/' || r.name, 'repository ' || a.repository_id) AS repository,
         a.kind::text, a.name, a.unit::text,
         to_char(a.period_start, 'YYYY-MM-DD') AS "periodStart", to_char(a.period_end, 'YYYY-MM-DD') AS "periodEnd",
         a.budget::text, a.ceiling::text, a.spent::text, a.held::text, a.overage::text, a.frozen,
         ARRAY(SELECT t.id::text FROM account t
           WHERE t.repository_id = a.repository_id AND t.kind = a.kind AND t.name = a.name AND t.id < a.id
             AND t.period_start < a.period_end AND a.period_start < t.period_end ORDER BY t.id) AS twins
  FROM account a LEFT JOIN repository r ON r.id = a.repository_id ORDER BY a.id`

const entryRow = z.object({
  id: z.string(),
  runId: z.string().nullable(),
  kind: z.enum(auditedKinds),
  key: z.string(),
  budget: amount,
  held: amount,
  spent: amount,
  overage: amount,
})

const ENTRY = `json_build_object('id', e.id::text, 'runId', e.run_id, 'kind', e.kind, 'key', e.key,
  'budget', e.budget_change::text, 'held', e.held_change::text, 'spent', e.spent_change::text,
  'overage', e.overage_change::text)`

const ENTRY_COLUMNS = `e.id::text, e.run_id AS "runId", e.kind::text, e.key, e.budget_change::text AS budget,
  e.held_change::text AS held, e.spent_change::text AS spent, e.overage_change::text AS overage`

const absent = <T>(value: T | null): T | undefined => value ?? undefined

const auditedRun = z.object({
  state: z.enum(['waiting', 'reserved', 'dispatched', 'claimed', 'ended']),
  reason: z.string().nullable(),
  heldMicroUsd: amount,
  drawnMicroUsd: amount,
  spentMicroUsd: amount,
  heldTokens: amount.nullable(),
  drawnTokens: amount.nullable(),
})

const RUN = `json_build_object('state', r.state, 'reason', r.reason, 'heldMicroUsd', r.held_micro_usd::text,
  'drawnMicroUsd', r.drawn_micro_usd::text, 'spentMicroUsd', r.spent_micro_usd::text,
  'heldTokens', r.held_tokens::text, 'drawnTokens', r.drawn_tokens::text)`

const runRow = z.object({
  runId: z.string(),
  run: auditedRun.nullable().transform(absent),
  hold: z
    .object({ amount, state: z.enum(['held', 'settled', 'released']) })
    .nullable()
    .transform(absent),
  entries: z.array(entryRow),
})

/** Everything that each run left in an account, also where its hold or the run itself is gone. */
function runsOf(accountId: string): string {
  const id = BigInt(accountId)
  return `
    SELECT own.run_id AS "runId",
      CASE WHEN r.id IS NOT NULL THEN ${RUN} END AS run,
      CASE WHEN h.run_id IS NOT NULL THEN json_build_object('amount', h.amount::text, 'state', h.state) END AS hold,
      coalesce((SELECT json_agg(${ENTRY} ORDER BY e.id) FROM (
        SELECT * FROM entry WHERE account_id = ${id} AND run_id = own.run_id LIMIT ${ENTRIES_OF_RUN_MAX}
      ) e), '[]') AS entries
    FROM (
      SELECT run_id FROM hold WHERE account_id = ${id}
      UNION SELECT run_id FROM entry WHERE account_id = ${id} AND run_id IS NOT NULL
    ) own
    LEFT JOIN run r ON r.id = own.run_id
    LEFT JOIN hold h ON h.run_id = own.run_id AND h.account_id = ${id}`
}

function otherEntriesOf(accountId: string): string {
  return `SELECT ${ENTRY_COLUMNS} FROM entry e WHERE e.account_id = ${BigInt(accountId)} AND e.run_id IS NULL ORDER BY e.id`
}

const holdlessRow = z.object({ runId: z.string(), run: auditedRun })

const HOLDLESS_RUNS = `
  SELECT r.id AS "runId", ${RUN} AS run FROM run r
  WHERE (r.held_micro_usd > 0 OR r.spent_micro_usd > 0 OR r.state NOT IN ('waiting', 'ended'))
    AND NOT EXISTS (SELECT FROM hold h WHERE h.run_id = r.id) AND NOT EXISTS (SELECT FROM entry e WHERE e.run_id = r.id)
  ORDER BY r.id`

const strayRow = entryRow.extend({ accountId: z.string() })

/** Only where somebody switched off what keeps accounts from being deleted. */
const STRAY_ENTRIES = `
  SELECT ${ENTRY_COLUMNS}, e.account_id::text AS "accountId" FROM entry e
  WHERE NOT EXISTS (SELECT FROM account a WHERE a.id = e.account_id) ORDER BY e.id`

const strayHoldRow = z.object({ runId: z.string(), accountId: z.string() })

const STRAY_HOLDS = `
  SELECT h.run_id AS "runId", h.account_id::text AS "accountId" FROM hold h
  WHERE NOT EXISTS (SELECT FROM account a WHERE a.id = h.account_id) ORDER BY h.run_id`

const sessionRow = z.object({
  id: z.string(),
  ceilingMicroUsd: amount,
  root: z.enum(['none', 'there', 'missing', 'fork']),
  runs: z.array(auditedRun.pick({ state: true, heldMicroUsd: true, spentMicroUsd: true }).extend({ id: z.string() })),
})

/** Each with the runs that draw from its ceiling. The runs of one session are few: each is a command of its own. */
const SESSIONS = `
  SELECT s.id, s.ceiling_micro_usd::text AS "ceilingMicroUsd",
    CASE WHEN s.root_id IS NULL THEN 'none' WHEN root.id IS NULL THEN 'missing'
      WHEN root.root_id IS NOT NULL THEN 'fork' ELSE 'there' END AS root,
    coalesce((SELECT json_agg(json_build_object('id', r.id, 'state', r.state,
        'heldMicroUsd', r.held_micro_usd::text, 'spentMicroUsd', r.spent_micro_usd::text) ORDER BY r.created_at, r.id)
      FROM run r WHERE r.session_id = ANY(ARRAY[s.id] || ARRAY(SELECT f.id FROM session f WHERE f.root_id = s.id))),
      '[]') AS runs
  FROM session s LEFT JOIN session root ON root.id = s.root_id ORDER BY s.id`

/** A table of counts by day that is kept by triggers, and what names one of its rows beside repository and day. */
interface CountedTable {
  readonly table: 'portfolio_day' | 'override_day'
  readonly key: readonly string[]
  readonly columns: readonly string[]
}

const OUTCOMES = ['accepted', 'reworked', 'rejected', 'unknown']
const countedTables: readonly CountedTable[] = [
  {
    table: 'portfolio_day',
    key: ['portfolio', 'family'],
    columns: [
      ...['completed', 'withheld', 'capped', 'failed', 'cancelled'],
      ...[...OUTCOMES, 'pending', 'redone', 'spend_micro_usd', 'pending_spend_micro_usd'],
    ],
  },
  { table: 'override_day', key: ['family', 'override_key', 'subject_key'], columns: [...OUTCOMES, 'spend_micro_usd'] },
]

const wrongDayRow = z.object({
  name: z.string(),
  is: z.record(z.string(), z.string()),
  expected: z.record(z.string(), z.string()),
})

function dayFinding(table: CountedTable['table'], { name, is, expected }: z.output<typeof wrongDayRow>): Finding {
  const differences = Object.entries(expected)
    .filter(([column, value]) => is[column] !== value)
    .map(([column, value]) => ({ column, is: is[column] ?? '0', expected: value }))
  return { account: undefined, problem: 'changed', rows: [{ table, id: name }], differences }
}

/** The rows that are not the sums over their runs, as the view `counted_run` counts them. */
function wrongDays({ table, key, columns }: CountedTable): string {
  const named = ['repository_id', ...key, 'day'].join(', ')
  const values = (side: string) =>
    columns.map((column) => `'${column}', coalesce(${side}.${column}, 0)::text`).join(', ')
  return `
    WITH kept AS (SELECT ${named}, ${columns.join(', ')} FROM ${table}),
    own AS (
      SELECT ${named}, ${columns.map((column) => `sum(${column}) AS ${column}`).join(', ')}
      FROM counted_run WHERE ${key.map((one) => `${one} IS NOT NULL`).join(' AND ')} GROUP BY ${named}
    )
    SELECT concat_ws(', ', coalesce(r.owner || '/' || r.name, 'repository ' || repository_id), ${key.join(', ')}, day::text) AS name,
      json_build_object(${values('kept')}) AS is, json_build_object(${values('own')}) AS expected
    FROM kept FULL JOIN own USING (${named}) LEFT JOIN repository r ON r.id = repository_id
    WHERE ${columns.map((column) => `coalesce(kept.${column}, 0) <> coalesce(own.${column}, 0)`).join(' OR ')}
    ORDER BY ${named}`
}
