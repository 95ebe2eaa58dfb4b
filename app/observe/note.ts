/** Notes one fact for every run that it speaks of, and decides anew the outcomes of those that have ended. */

import { mayRun } from '../../core/permission.ts'
import { isRefusal } from '../../core/reason.ts'
import type { Run } from '../../prisma/client/client.ts'
import { readPermissions } from '../authorize.ts'
import { runsByDeliveredNumber, watchedRuns } from '../ledger/history.ts'
import { updateOutcome } from '../outcome.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../place.ts'
import { type NewFact, noteFact } from './facts.ts'

export async function noteFor(parts: Parts, runs: readonly Run[], fact: NewFact): Promise<void> {
  for (const run of runs) {
    await noteFact(parts.prisma, run.id, fact, parts.now())
    await updateOutcome(parts, run.id)
  }
}

/** The runs whose work lies in this pull request: made on it, or handed over as it. */
export async function runsOfPullRequest(parts: Parts, place: Place, number: number): Promise<readonly Run[]> {
  const { prisma } = parts
  const [made, handedOver] = await Promise.all([
    watchedRuns(prisma, place.repositoryId, `pull-request:${number}`),
    runsByDeliveredNumber(prisma, place.repositoryId, number),
  ])
  // Work that is handed over as another pull request meets its fate there.
  const isOnIt = (run: Run) => run.deliveredNumber === null && run.delivery !== 'pull-request'
  return [...made.filter(isOnIt), ...handedOver]
}

/** Whether what somebody did counts. Their name is asked about and then forgotten. */
export async function mayWrite(place: Place, sender: { readonly login: string }): Promise<boolean> {
  const read = await readPermissions(place, sender.login)
  if (isRefusal(read)) throw new Error('GitHub did not say what the sender may do')
  return mayRun('write', read.permissions)
}
