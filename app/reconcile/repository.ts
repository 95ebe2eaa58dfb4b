/**
 * Reads on in what GitHub shows of a repository: whatever changed since the last reading is found by when it was changed, so
 * that a reading costs as much as there is news, however long the history is.
 */
import { isMissing, isRefused, statusOf } from '../../delivery/github.ts'
import type { Reading, Repository } from '../../prisma/client/client.ts'
import type { Octokit } from '../github.ts'
import type { Parts } from '../parts.ts'
import { noteRepository, type Place, placeOf } from '../subject/place.ts'
import type { StoreWebhook } from '../webhooks/webhooks.ts'
import { readComments } from './comments.ts'
import { readPushes } from './pushes.ts'
import { putOffReading, readOn, takeReadings } from './readings.ts'
import { readSubjects } from './subjects.ts'
import type { Unchanged } from './unchanged.ts'

/** Repositories that one sweep reads: each is read at most every ten minutes, and less often where there are more than a hundred. */
const REPOSITORIES_AT_ONCE = 10

/** A repository as GitHub names it now. */
export interface KnownRepository {
  readonly row: Repository
  readonly data: { readonly id: number; readonly name: string; readonly full_name: string }
}

export interface Reader {
  readonly parts: Parts
  readonly store: StoreWebhook
  readonly unchanged: Unchanged
}

/** One repository's trouble must not keep the others waiting. */
export async function readRepositories(reader: Reader): Promise<void> {
  const { parts } = reader
  for (const reading of await takeReadings(parts.prisma, REPOSITORIES_AT_ONCE)) {
    try {
      await readRepository(reader, reading)
    } catch (error) {
      parts.log.warn({ err: error, repository: String(reading.repositoryId) }, 'a repository could not be read')
    }
  }
}

async function readRepository(reader: Reader, reading: Reading): Promise<void> {
  const { parts } = reader
  const known = await findNow(parts, reading.repositoryId)
  if (known === undefined) return putOffReading(parts.prisma, reading.repositoryId)
  const { place, ...repository } = known
  const comments = await readComments(reader, place, repository, reading.readUntil)
  const subjects = await readSubjects(reader, place, reading.readUntil)
  const head = await readPushes(reader, place, repository, reading)
  const until = comments.until < subjects.until ? comments.until : subjects.until
  await readOn(parts.prisma, reading, { until, isMore: comments.isMore || subjects.isMore, head })
}

/** By its number, which outlives renames and transfers. Undefined where it is gone, or the App is there no more. */
async function findNow(
  parts: Parts,
  repositoryId: bigint,
): Promise<(KnownRepository & { readonly place: Place }) | undefined> {
  const stored = await parts.prisma.repository.findUnique({ where: { id: repositoryId } })
  if (stored === null) return undefined
  try {
    const octokit = await parts.octokitOf(stored.installationId)
    const { data } = await readById(octokit, stored.id)
    const row = await noteRepository(parts.prisma, data, Number(stored.installationId))
    return { row, data, place: placeOf(parts, octokit, row) }
  } catch (error) {
    if (isMissing(error) || (statusOf(error) === 403 && isRefused(error))) return undefined
    throw error
  }
}

/** GitHub has this door, though its description doesn't name it. */
async function readById(octokit: Octokit, id: bigint) {
  const { data } = await octokit.request('GET /repositories/{id}', { id: Number(id) })
  return { data: data as Awaited<ReturnType<Octokit['rest']['repos']['get']>>['data'] }
}
