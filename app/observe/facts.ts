/** What GitHub shows of a run's work, as rows: never who did it. */
import { createHash } from 'node:crypto'
import { type ObservedCheck, verdictOfChecks, type WorkflowFiles } from '../../core/outcome/observed-checks.ts'
import type { Facts } from '../../core/outcome/outcome.ts'
import type { Rewritten } from '../../core/outcome/rewritten.ts'
import type { Fact, PrismaClient, Run } from '../../prisma/client/client.ts'
import { storedPlan } from '../ledger/stored.ts'
import { deliveredOf, reasonOf } from '../show/ended-run.ts'

/** `key` tells facts of one kind apart: a label's name, a check's App and name; empty where there is only one. */
export type NewFact =
  /** `unconfirmed`: it is there, set by somebody whose labels don't count. */
  | { readonly kind: 'label'; readonly key: string; readonly value: 'on' | 'off' | 'unconfirmed' }
  /** `check:APP:NAME`, or `status:APP:CONTEXT` without the App where a person set it. */
  | { readonly kind: 'check'; readonly key: string; readonly value: ObservedCheck['verdict'] }
  | { readonly kind: 'workflows'; readonly key: ''; readonly value: WorkflowFiles }
  | { readonly kind: 'merged' | 'closed' | 'heeded'; readonly key: ''; readonly value: 'yes' | 'no' }
  /** By the commit that was reverted, in which its work is. */
  | { readonly kind: 'reverted'; readonly key: string; readonly value: 'yes' | 'no' }
  | { readonly kind: 'closed-as'; readonly key: ''; readonly value: 'completed' | 'not-planned' }
  /** `31 of 50` lines, or that the delivered commit can't be read any more. */
  | { readonly kind: 'rewritten'; readonly key: ''; readonly value: `${number} of ${number}` | 'unreadable' }
  | { readonly kind: 'review'; readonly key: ''; readonly value: 'approved' | 'changes-requested' | 'dismissed' }

/** Keys beyond this are cut: names of checks are whatever somebody wrote, and may differ in their ends alone. */
const KEY_CHARACTERS_MAX = 200

export async function noteFact(prisma: PrismaClient, runId: string, fact: NewFact, at: Date): Promise<void> {
  const { kind, value } = fact
  const key = keyOf(fact)
  await prisma.fact.upsert({
    where: { runId_kind_key: { runId, kind, key } },
    create: { runId, kind, key, value, at },
    update: { value, at },
  })
}

function keyOf({ key }: NewFact): string {
  if (key.length <= KEY_CHARACTERS_MAX) return key
  const digest = createHash('sha256').update(key).digest('hex')
  return `${key.slice(0, KEY_CHARACTERS_MAX - digest.length - 1)} ${digest}`
}

/**
 * The facts of an ended run in the form that the rules read. What became of its subject while the run still worked is not
 * said of its work; labels and checks are, since they stand on what is there now. `apps`: those whose checks count.
 */
export function factsOf(run: Run, rows: readonly Fact[], apps: readonly string[]): Facts {
  const { conclusion, endedAt } = run
  if (conclusion === null || endedAt === null) throw new Error(`the run ${run.id} has not ended, so nothing is decided`)
  const later = rows.filter((row) => row.at >= endedAt)
  const value = (kind: NewFact['kind']) => later.find((row) => row.kind === kind)?.value
  const delivered = deliveredOf(run, undefined)
  const isOnBranch = delivered.kind === 'commit' && run.subjectKey.startsWith('push:')
  const { capMicroUsd, ownCapMicroUsd } = storedPlan(run)
  const files = rows.find((row) => row.kind === 'workflows')?.value
  const rewritten = value('rewritten')
  const closed = value('closed') === 'yes'
  return {
    conclusion,
    reason: reasonOf(run),
    lowCap: ownCapMicroUsd !== undefined && capMicroUsd < ownCapMicroUsd,
    delivered: delivered.kind !== 'none' && delivered.kind !== 'kept' && delivered.kind !== 'side-branch',
    aside: delivered.kind === 'side-branch',
    endedAt,
    labels: rows.filter((row) => row.kind === 'label' && row.value === 'on').map((row) => row.key),
    // A commit that went straight onto a branch has no merge to wait for. One that is gone can't be shown to be in what was merged.
    merged: (value('merged') === 'yes' && rewritten !== 'unreadable') || isOnBranch,
    closed,
    closedAs: closed ? oneOf(value('closed-as'), ['completed', 'not-planned']) : undefined,
    reverted: later.some((row) => row.kind === 'reverted' && row.value === 'yes'),
    rewritten: rewrittenOf(rewritten),
    heeded: yesOrNo(value('heeded')),
    checks: verdictOfChecks(rows.flatMap(checkOf), oneOf(files, ['same', 'changed', 'unreadable']), apps),
    review: oneOf(value('review'), ['approved', 'changes-requested']),
  }
}

/** What a stored check says, and whose it is. */
export function checkOf({ kind, key, value }: Pick<Fact, 'kind' | 'key' | 'value'>): ObservedCheck[] {
  const [, app, name] = /^(?:check|status):([^:]*):(.*)$/s.exec(key) ?? []
  const verdict = oneOf(value, ['success', 'failure', 'other'])
  if (kind !== 'check' || app === undefined || name === undefined || verdict === undefined) return []
  return [{ app, name, verdict }]
}

function rewrittenOf(value: string | undefined): Rewritten | undefined {
  const [, gone, lines] = /^(\d+) of (\d+)$/.exec(value ?? '') ?? []
  return gone === undefined || lines === undefined ? undefined : { gone: Number(gone), lines: Number(lines) }
}

function yesOrNo(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : value === 'yes'
}

function oneOf<Value extends string>(value: string | undefined, values: readonly Value[]): Value | undefined {
  return values.find((one) => one === value)
}
