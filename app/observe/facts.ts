/** What GitHub shows of a run's work, as rows: never who did it. */
import type { Facts } from '../../core/outcome.ts'
import type { Fact, PrismaClient, Run } from '../../prisma/client/client.ts'
import { storedPlan } from '../ledger/stored.ts'
import { deliveredOf, reasonOf } from '../show/ended-run.ts'

/** `key` tells facts of one kind apart: a label's name, a check's name; empty where there is only one. */
export type NewFact =
  | { readonly kind: 'label'; readonly key: string; readonly value: 'on' | 'off' }
  | { readonly kind: 'check'; readonly key: string; readonly value: 'success' | 'failure' | 'other' }
  | { readonly kind: 'merged' | 'closed' | 'reverted'; readonly key: ''; readonly value: 'yes' | 'no' }
  | { readonly kind: 'review'; readonly key: ''; readonly value: 'approved' | 'changes-requested' | 'dismissed' }

/** Keys beyond this are cut: names of checks are whatever somebody wrote. */
const KEY_CHARACTERS_MAX = 200

export async function noteFact(prisma: PrismaClient, runId: string, fact: NewFact, at: Date): Promise<void> {
  const { kind, value } = fact
  const key = fact.key.slice(0, KEY_CHARACTERS_MAX)
  await prisma.fact.upsert({
    where: { runId_kind_key: { runId, kind, key } },
    create: { runId, kind, key, value, at },
    update: { value, at },
  })
}

/**
 * The facts of an ended run in the form that the rules read. What became of its subject while the run still worked is not
 * said of its work; labels and checks are, since they stand on what is there now.
 */
export function factsOf(run: Run, rows: readonly Fact[]): Facts {
  const { conclusion, endedAt } = run
  if (conclusion === null || endedAt === null) throw new Error(`the run ${run.id} has not ended, so nothing is decided`)
  const later = rows.filter((row) => row.at >= endedAt)
  const value = (kind: NewFact['kind']) => later.find((row) => row.kind === kind)?.value
  const delivered = deliveredOf(run, undefined)
  const isOnBranch = delivered.kind === 'commit' && run.subjectKey.startsWith('push:')
  const { capMicroUsd, ownCapMicroUsd } = storedPlan(run)
  return {
    conclusion,
    reason: reasonOf(run),
    lowCap: ownCapMicroUsd !== undefined && capMicroUsd < ownCapMicroUsd,
    delivered: delivered.kind !== 'none' && delivered.kind !== 'kept' && delivered.kind !== 'side-branch',
    aside: delivered.kind === 'side-branch',
    endedAt,
    labels: rows.filter((row) => row.kind === 'label' && row.value === 'on').map((row) => row.key),
    // A commit that went straight onto a branch has no merge to wait for.
    merged: value('merged') === 'yes' || isOnBranch,
    closed: value('closed') === 'yes',
    reverted: value('reverted') === 'yes',
    checks: checksOf(rows),
    review: reviewOf(value('review')),
  }
}

function checksOf(rows: readonly Fact[]): 'success' | 'failure' | undefined {
  const values = rows.filter((row) => row.kind === 'check').map((row) => row.value)
  if (values.includes('failure')) return 'failure'
  return values.includes('success') ? 'success' : undefined
}

function reviewOf(value: string | undefined): 'approved' | 'changes-requested' | undefined {
  return value === 'approved' || value === 'changes-requested' ? value : undefined
}
