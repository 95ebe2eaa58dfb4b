/** Notes facts for every run that they speak of, and decides anew the outcomes of those that have ended. */

import { mayRun } from '../../core/command/permission.ts'
import { isRefusal } from '../../core/reason.ts'
import type { Run } from '../../prisma/client/client.ts'
import { readPermissions } from '../comment/authorize.ts'
import { runsByDeliveredNumber, watchedRuns } from '../ledger/history.ts'
import { jurisdictionAt, updateOutcome } from '../outcome/outcome.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import { type NewFact, noteFact } from './facts.ts'

export function noteFor(parts: Parts, place: Place, runs: readonly Run[], ...facts: readonly NewFact[]): Promise<void> {
  return noteAt(parts, place, runs, parts.now(), ...facts)
}

/** Of runs of this place. `at`: when it happened, in the App's time. */
export async function noteAt(
  parts: Parts,
  place: Place,
  runs: readonly Run[],
  at: Date,
  ...facts: readonly NewFact[]
): Promise<void> {
  for (const run of runs) {
    for (const fact of facts) await noteFact(parts.prisma, run.id, fact, at)
    await updateOutcome(parts, run.id, () => jurisdictionAt(parts, place))
  }
}

/** The runs whose work lies in this pull request: made on it, or handed over as it. */
export async function runsOfPullRequest(parts: Parts, place: Place, number: number): Promise<readonly Run[]> {
  const { prisma } = parts
  const [made, handedOver] = await Promise.all([
    watchedRuns(prisma, place.repositoryId, `pull-request:${number}`),
    runsByDeliveredNumber(prisma, place.repositoryId, number),
  ])
  return [...made.filter(isOnSubject), ...handedOver]
}

/** The runs whose work lies in this issue: said on it, or handed over as it. */
export async function runsOfIssue({ prisma }: Parts, place: Place, number: number): Promise<readonly Run[]> {
  const [made, handedOver] = await Promise.all([
    watchedRuns(prisma, place.repositoryId, `issue:${number}`),
    runsByDeliveredNumber(prisma, place.repositoryId, number),
  ])
  return [...made.filter(isOnSubject), ...handedOver]
}

/** Work that is handed over as a pull request or an issue of its own meets its fate there. */
function isOnSubject(run: Run): boolean {
  return run.deliveredNumber === null && run.delivery !== 'pull-request'
}

/** Whether what somebody did counts. Their name is asked about and then forgotten. */
export async function mayWrite(place: Place, sender: { readonly login: string }): Promise<boolean> {
  const read = await readPermissions(place, sender.login)
  if (isRefusal(read)) throw new Error('GitHub did not say what the sender may do')
  return mayRun('write', read.permissions)
}
