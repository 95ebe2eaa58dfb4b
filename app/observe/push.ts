/** A push to the default branch, which may revert what a run delivered. */
import type { Parts } from '../parts.ts'
import { notePushed } from '../reconcile/readings.ts'
import type { Place } from '../subject/place.ts'
import { noteRevertedIn } from './reverts.ts'

interface PushEvent {
  readonly ref: string
  readonly before: string
  readonly after: string
  readonly commits: readonly { readonly id: string; readonly message: string }[]
}

export async function onPush(parts: Parts, place: Place, event: PushEvent): Promise<void> {
  if (event.ref !== `refs/heads/${place.defaultBranch}`) return
  await noteRevertedIn(parts, place, event.commits)
  await notePushed(parts.prisma, place.repositoryId, event)
}
