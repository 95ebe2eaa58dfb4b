/**
 * A delivery that is recorded long after its run ended may have been made by an earlier try, and GitHub may have told of it
 * before the ledger knew it. What has been shown of it since is read once.
 */
import type { Run } from '../../prisma/client/client.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import { lookAtRun } from './look.ts'

/** Nobody's checks are done, and nobody merges, within this time of a delivery. */
const PROMPT_MS = 5_000

export async function catchUp(parts: Parts, place: Place, run: Run): Promise<void> {
  const isPrompt = run.endedAt !== null && parts.now().getTime() - run.endedAt.getTime() < PROMPT_MS
  if (!isPrompt) await lookAtRun(parts, place, run)
}
