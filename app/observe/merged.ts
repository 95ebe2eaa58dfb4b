/** A pull request was merged: what was still there of the work, and whether a review was heeded, is read at that moment. */
import type { Run } from '../../prisma/client/client.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import type { NewFact } from './facts.ts'
import { noteAt } from './note.ts'
import { measureRewritten } from './rewritten.ts'
import { noteMergeSpans } from './span.ts'
import { whenWas } from './when.ts'

export interface MergedPull {
  readonly number: number
  /** The merge commit, the squashed one, or the last of those that were rebased: each has the whole merged tree. */
  readonly merge_commit_sha: string | null
  readonly merged_at: string | null
}

export async function noteMerged(parts: Parts, place: Place, runs: readonly Run[], pull: MergedPull): Promise<void> {
  await noteMergeSpans(parts, place, pull.number, pull.merged_at, runs)
  const at = await whenWas(parts, pull.merged_at)
  for (const run of runs) {
    const seen = [...(await rewrittenFact(place, run, pull)), ...(await heededFact(place, run, pull))]
    await noteAt(parts, place, [run], at, ...seen, { kind: 'merged', key: '', value: 'yes' })
  }
}

async function rewrittenFact(place: Place, run: Run, { merge_commit_sha }: MergedPull): Promise<NewFact[]> {
  if (run.deliveredSha === null || merge_commit_sha === null) return []
  const measured = await measureRewritten(place, run.deliveredSha, merge_commit_sha)
  if (measured === undefined) return []
  const value = measured === 'unreadable' ? measured : (`${measured.gone} of ${measured.lines}` as const)
  return [{ kind: 'rewritten', key: '', value }]
}

/** Line comments of a pull request that are looked at. */
const COMMENTS_MAX = 100

async function heededFact({ octokit, name }: Place, run: Run, { number }: MergedPull): Promise<NewFact[]> {
  const [, review] = /#pullrequestreview-(\d+)$/.exec(run.deliveredUrl ?? '') ?? []
  if (run.delivery !== 'review' || review === undefined) return []
  const { data } = await octokit.rest.pulls.listReviewComments({
    ...name,
    pull_number: number,
    sort: 'created',
    direction: 'desc',
    per_page: COMMENTS_MAX,
  })
  const heeded = isHeeded(data.filter((comment) => comment.pull_request_review_id === Number(review)))
  return heeded === undefined ? [] : [{ kind: 'heeded', key: '', value: heeded ? 'yes' : 'no' }]
}

/** A comment on a line as GitHub tells it: without a place once the line has changed. One on a whole file never had a line. */
export interface LineComment {
  readonly subject_type?: string | undefined
  readonly line?: number | null | undefined
  readonly position?: number | null | undefined
}

/** Whether any commented line was changed since; undefined where none was commented on. */
export function isHeeded(comments: readonly LineComment[]): boolean | undefined {
  const onLines = comments.filter((comment) => comment.subject_type !== 'file')
  if (onLines.length === 0) return undefined
  return onLines.some(({ line = null, position = null }) => line === null && position === null)
}
