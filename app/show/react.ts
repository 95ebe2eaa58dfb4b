import { unlessMissing } from '../../delivery/github.ts'
import type { Place } from '../subject/place.ts'

/** `eyes`: seen, and under way. `rocket`: started. `confused`: refused. */
export type Reaction = 'eyes' | 'rocket' | 'confused'

/** GitHub answers a repeated reaction with the first one. A comment that is gone by now needs none. */
export async function react(place: Place, commentId: number, content: Reaction): Promise<void> {
  const { reactions } = place.octokit.rest
  await unlessMissing(() => reactions.createForIssueComment({ ...place.name, comment_id: commentId, content }))
}
