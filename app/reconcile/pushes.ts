/** Pushes to the default branch that no webhook told of, as GitHub's own record of them has it. */
import { isMissing } from '../../delivery/github.ts'
import type { Reading } from '../../prisma/client/client.ts'
import { isStale } from '../comment/heard.ts'
import type { Place } from '../subject/place.ts'
import { PAGE } from './changed.ts'
import { storeFound } from './found.ts'
import type { KnownRepository, Reader } from './repository.ts'

/** Commits of one push that are looked at, as many as GitHub compares at once. */
const COMMITS_MAX = 250

/** Answers the head up to which all pushes are told. */
export async function readPushes(
  reader: Reader,
  place: Place,
  repository: KnownRepository,
  { head, readUntil }: Reading,
): Promise<string | null> {
  const { octokit, name, defaultBranch, repositoryId } = place
  const ref = `refs/heads/${defaultBranch}`
  const list = `pushes ${repositoryId} ${ref} ${head}`
  const read = await reader.unchanged.ask(list, (headers) =>
    octokit.rest.repos.listActivities({ ...name, ref, per_page: PAGE, headers }),
  )
  const [newest] = read?.data ?? []
  if (read === undefined || newest === undefined) return head
  // At first, and on a branch that became the default one, nothing is told from before the last reading.
  const told = read.data.findIndex(({ after }) => after === head)
  const known = told === -1 ? read.data.findIndex(({ timestamp }) => new Date(timestamp) < readUntil) : told
  const missed = known === -1 ? read.data : read.data.slice(0, known)
  try {
    for (const { id, before, after, activity_type: kind, actor, timestamp } of missed.toReversed()) {
      // What it reverts counts whenever it is found; what it would start is over by then.
      const isLate = await isStale(reader.parts.prisma, { createdAt: timestamp })
      await storeFound(reader.store, repository, {
        id: `push-${id}`,
        event: 'push',
        payload: {
          ref,
          before,
          after,
          created: kind === 'branch_creation',
          deleted: kind === 'branch_deletion',
          forced: kind === 'force_push',
          commits: await commitsBetween(place, before, after),
          ...(isLate ? {} : { sender: actor }),
        },
      })
    }
  } catch (error) {
    reader.unchanged.forget(list)
    throw error
  }
  return newest.after
}

/** What a push brought in; nothing where GitHub has one of its ends no more. */
async function commitsBetween({ octokit, name }: Place, before: string, after: string) {
  try {
    const { data } = await octokit.rest.repos.compareCommitsWithBasehead({
      ...name,
      basehead: `${before}...${after}`,
      per_page: COMMITS_MAX,
    })
    const modified = data.files?.flatMap(({ filename, previous_filename: previous }) => [
      filename,
      previous ?? filename,
    ])
    return data.commits.map(({ sha, commit }, index) => ({
      id: sha,
      message: commit.message,
      // GitHub says which files all of them changed together.
      ...(index === 0 && modified ? { modified } : {}),
    }))
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
