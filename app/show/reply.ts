/** The one reply at a run's end, since edits notify nobody. */
import { isResumable } from '../../core/going-on.ts'
import { ASK } from '../../core/resolve-ask.ts'
import { finalReply } from '../../core/text/final-reply.ts'
import { goOnText } from '../../core/text/session-standing.ts'
import { say } from '../../delivery/say.ts'
import type { Place } from '../place.ts'
import { endedRun } from './ended-run.ts'
import type { Shown } from './show-run.ts'

export async function showReply(place: Place, shown: Shown, commentUrl: string): Promise<void> {
  const { run, session, actionsUrl } = shown
  if (session.subjectNumber === null) return
  const body = finalReply({
    sessionId: session.id,
    runId: run.id,
    workflow: run.family,
    variant: run.variant ?? undefined,
    capMicroUsd: run.heldMicroUsd > 0n ? run.heldMicroUsd : run.capMicroUsd,
    run: endedRun(run, actionsUrl),
    goOn: isResumable(run) && run.family !== ASK ? goOnText(shown.standing) : undefined,
    commentUrl,
  })
  await say(place, session.subjectNumber, body)
}
