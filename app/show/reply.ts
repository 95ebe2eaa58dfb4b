/** The one reply at a session's end, since edits notify nobody. */
import { finalReply } from '../../core/text/final-reply.ts'
import type { Place } from '../place.ts'
import { endedRun } from './ended-run.ts'
import { say } from './say.ts'
import type { Shown } from './show-run.ts'

export async function showReply(place: Place, shown: Shown, commentUrl: string): Promise<void> {
  const { run, session, actionsUrl } = shown
  if (session.subjectNumber === null) return
  const body = finalReply({
    sessionId: session.id,
    workflow: run.family,
    variant: run.variant ?? undefined,
    capMicroUsd: run.heldMicroUsd > 0n ? run.heldMicroUsd : run.capMicroUsd,
    run: endedRun(run, actionsUrl),
    commentUrl,
  })
  await say(place, session.subjectNumber, body)
}
