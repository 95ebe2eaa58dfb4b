/** The one reply at a run's end, since edits notify nobody. */

import { ASK } from '../../core/plan/resolve-ask.ts'
import { isResumable } from '../../core/session/going-on.ts'
import { finalReply } from '../../core/text/final-reply.ts'
import { code } from '../../core/text/markdown.ts'
import { goOnText } from '../../core/text/session-standing.ts'
import { say } from '../../delivery/say.ts'
import { firstFailedAlike } from '../ledger/failure.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import { endedRun } from './ended-run.ts'
import type { Shown } from './show-run.ts'

/** The same failure again on the same subject edits the reply of the first, so that nobody gets a stream of them. */
export async function showReply(parts: Parts, place: Place, shown: Shown, commentUrl: string): Promise<void> {
  const { run, session, actionsUrl, repeated } = shown
  if (session.subjectNumber === null) return
  const said =
    repeated === undefined ? { id: run.id, sessionId: session.id } : await firstFailedAlike(parts.prisma, run)
  const body = finalReply({
    sessionId: said.sessionId,
    runId: said.id,
    workflow: run.family,
    variant: run.variant ?? undefined,
    capMicroUsd: run.heldMicroUsd > 0n ? run.heldMicroUsd : run.capMicroUsd,
    run: endedRun(run, actionsUrl, repeated),
    goOn: goOnOf(shown),
    commentUrl,
  })
  await say(place, session.subjectNumber, body)
}

function goOnOf({ run, standing }: Shown): string | undefined {
  if (run.approval === 'awaited') return `${code('/agent deliver')} delivers it.`
  return isResumable(run) && run.family !== ASK ? goOnText(standing) : undefined
}
