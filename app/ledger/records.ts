/** A family's runs as records, out of the ledger: what anybody needs to recompute its decisions. */
import pg from 'pg'
import { z } from 'zod'
import { conclusionSchema, outcomeSchema } from '../../core/run/run.ts'
import type { RunRecord } from '../../core/run/run-record.ts'
import type { Database } from '../database/open.ts'
import { inSnapshot } from '../database/snapshot.ts'
import type { VariantTrial } from './look.ts'
import { membersOf } from './members.ts'

const ROWS_AT_ONCE = 1_000

const rowSchema = z.object({
  id: z.string(),
  family: z.string(),
  variant: z.string().nullable(),
  portfolio: z.string(),
  squad: z.string().nullable(),
  subject_key: z.string(),
  ended_at: z.date(),
  conclusion: conclusionSchema,
  spent_micro_usd: z.string().transform(BigInt),
  outcome: outcomeSchema,
  reverted: z.boolean(),
  assignment: z.enum(['baseline', 'chosen', 'assigned']),
})

/** Hands over every run of the family that has ended, in the order in which they ended, as of one moment. */
export async function readRecords(
  connectionString: string,
  { repositoryId, family }: { readonly repositoryId: bigint; readonly family: string },
  take: (record: RunRecord) => void | Promise<void>,
): Promise<void> {
  const sql = `
    SELECT id, family, variant, portfolio, squad, subject_key, ended_at, conclusion, spent_micro_usd::text, outcome,
      reverted, assignment
    FROM run WHERE repository_id = ${repositoryId} AND family = ${pg.escapeLiteral(family)} AND state = 'ended'
    ORDER BY ended_at, id COLLATE "C"`
  await inSnapshot(connectionString, async (snapshot) => {
    for await (const row of snapshot.stream(sql, ROWS_AT_ONCE)) await take(recordOf(rowSchema.parse(row)))
  })
}

/**
 * The runs that count in a trial, of every repository that it looks at. A subject is named with its repository, as a pull request
 * of another one is another.
 */
export async function trialRecords(
  { prisma, connectionString }: Pick<Database, 'prisma' | 'connectionString'>,
  trial: VariantTrial,
): Promise<readonly RunRecord[]> {
  const records: RunRecord[] = []
  for (const { repositoryId, name, since } of await membersOf(prisma, trial)) {
    await readRecords(connectionString, { repositoryId, family: trial.family }, (record) => {
      const isOfTrial = record.variant === null || record.variant === trial.variant
      if (!isOfTrial || (since !== undefined && record.endedAt < since)) return
      records.push({ ...record, subject: `${name}/${record.subject}` })
    })
  }
  return records
}

function recordOf(row: z.output<typeof rowSchema>): RunRecord {
  return {
    run: row.id,
    family: row.family,
    variant: row.variant,
    portfolio: row.portfolio,
    squad: row.squad,
    subject: row.subject_key,
    endedAt: row.ended_at,
    conclusion: row.conclusion,
    spendMicroUsd: row.spent_micro_usd,
    outcome: row.outcome,
    reverted: row.reverted,
    assigned: row.assignment === 'assigned',
  }
}
