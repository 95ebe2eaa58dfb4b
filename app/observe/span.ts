/** Moments that values are measured between: the first run on a pull request, its first review, its merge, its revert. */
import type { Run } from '../../prisma/client/client.ts'
import { firstRuns, forgetSpan, noteSpan } from '../ledger/span.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'

/** `runs`: those whose work lies in it. One that was handed over as this pull request began on another subject. */
export async function noteMergeSpans(
  { prisma }: Parts,
  { repositoryId }: Place,
  number: number,
  mergedAt: string | null | undefined,
  runs: readonly Run[],
): Promise<void> {
  if (!mergedAt) return
  const subjectKey = `pull-request:${number}`
  const begun = new Map(await firstRuns(prisma, repositoryId, subjectKey))
  for (const { portfolio, createdAt } of runs) {
    const before = begun.get(portfolio)
    if (before === undefined || createdAt < before) begun.set(portfolio, createdAt)
  }
  for (const [scope, startedAt] of begun) {
    const key = { repositoryId, measure: 'first-run-to-merge', scope, subjectKey } as const
    await noteSpan(prisma, key, startedAt, new Date(mergedAt))
  }
}

/** The earliest review after the first run counts, in whatever order GitHub tells of them. */
export async function noteReviewSpans(
  { prisma }: Parts,
  { repositoryId }: Place,
  number: number,
  submittedAt: string | null | undefined,
): Promise<void> {
  if (!submittedAt) return
  const endedAt = new Date(submittedAt)
  const subjectKey = `pull-request:${number}`
  for (const [scope, startedAt] of await firstRuns(prisma, repositoryId, subjectKey)) {
    const key = { repositoryId, measure: 'first-run-to-review', scope, subjectKey } as const
    const noted = await prisma.span.findUnique({ where: { repositoryId_subjectKey_measure_scope: key } })
    const isEarliest = !noted?.endedAt || endedAt < noted.endedAt
    if (startedAt <= endedAt && isEarliest) await noteSpan(prisma, key, startedAt, endedAt)
  }
}

/** From the merge, as far as one was seen. A revert that is told again was when it was told first. */
export async function noteRevertSpans(
  { prisma, now }: Parts,
  runs: readonly Run[],
  isReverted: boolean,
): Promise<void> {
  for (const { repositoryId, portfolio: scope, ...run } of runs) {
    const subjectKey = run.deliveredNumber === null ? run.subjectKey : `pull-request:${run.deliveredNumber}`
    const at = { repositoryId, scope, subjectKey }
    const key = { ...at, measure: 'merge-to-revert' } as const
    if (!isReverted) {
      await forgetSpan(prisma, key)
      continue
    }
    const mergeKey = { ...at, measure: 'first-run-to-merge' } as const
    const merge = await prisma.span.findUnique({ where: { repositoryId_subjectKey_measure_scope: mergeKey } })
    const noted = await prisma.span.findUnique({ where: { repositoryId_subjectKey_measure_scope: key } })
    if (merge?.endedAt && !noted) await noteSpan(prisma, key, merge.endedAt, now())
  }
}
