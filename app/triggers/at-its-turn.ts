/**
 * What waited in line is authorized again when its turn comes, as a command is. Who caused it is kept nowhere, so GitHub is asked:
 * it says who set a label that is there, and who pushed a head. Of a pull request that was opened or marked as ready it does not say.
 */
import type { Subject } from '../../core/plan/plan.ts'
import { type Refusal, refuse } from '../../core/reason.ts'
import { isMachine } from '../../delivery/author.ts'
import { isHeadMoved, readPermissions } from '../comment/authorize.ts'
import { runsByDeliveredSha } from '../ledger/history.ts'
import { setterNow } from '../observe/label.ts'
import type { Parts } from '../parts.ts'
import type { QueuedMachine } from '../queue/queued.ts'
import type { Place } from '../subject/place.ts'
import { pusherOf } from './pusher.ts'
import type { Granted } from './start.ts'

/** Pushes that are looked at: what runs delivered meanwhile lies over the one that is meant. */
const PUSHES_MAX = 30

/** Undefined where what caused it is gone: then nothing starts. An earlier version kept too little to tell. */
export async function grantedNow(
  place: Place,
  { trigger, number, label, seenSha, isPullRequest }: QueuedMachine,
  { headRef }: Subject,
): Promise<Granted | undefined> {
  if (isPullRequest && (seenSha === undefined || headRef === undefined)) return undefined
  if (trigger === 'pull-request') return 'granted'
  const cause =
    trigger === 'label'
      ? label && (await setterNow(place, number, label))
      : headRef && seenSha && (await pusherOf(place, headRef, seenSha, PUSHES_MAX))
  return cause && !isMachine(cause) ? readPermissions(place, cause.login) : undefined
}

/** What a run delivered meanwhile is no moved head: what waited, waited for it. */
export async function movedMeanwhile(
  parts: Parts,
  place: Place,
  { headRef, headSha }: Subject,
  seenSha: string | undefined,
): Promise<Refusal | undefined> {
  if (headRef === undefined || seenSha === undefined || headSha === seenSha) return undefined
  const isDelivered = (await runsByDeliveredSha(parts.prisma, place.repositoryId, headSha)).length > 0
  // No push is too old to count: the head that was seen is what tells.
  const command = { createdAt: new Date(0).toISOString(), seenSha }
  if (isDelivered && !(await isHeadMoved(parts.prisma, place, headRef, command))) return undefined
  return headMoved(headSha)
}

export function headMoved(headSha: string): Refusal {
  return refuse(
    'head-moved',
    `The branch has moved since; its head is now \`${headSha.slice(0, 7)}\`.`,
    'Look at the new head; set the label again, or give the command.',
  )
}
