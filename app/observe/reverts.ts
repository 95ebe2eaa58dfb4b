/** Reverts, as GitHub's own buttons and git write them. */

import { isMissing } from '../../delivery/github.ts'
import type { Run } from '../../prisma/client/client.ts'
import { runsByDeliveredSha } from '../ledger/history.ts'
import type { Parts } from '../parts.ts'
import { fullNameOf, type Place } from '../place.ts'
import { noteFor, runsOfPullRequest } from './note.ts'

const REVERTED_COMMIT = /^This reverts commit ([0-9a-f]{40})\b/gm
const reverted = { kind: 'reverted', key: '', value: 'yes' } as const

/** Commits named as reverted that one push is searched for; more in one push is no revert but an import. */
const REVERTS_MAX = 20

/** "Reverts owner/repo#12" in the body of a merged pull request. */
export async function noteRevertedBy(parts: Parts, place: Place, body: string): Promise<void> {
  const [, repository, number] = /^Reverts ([\w.-]+\/[\w.-]+)#(\d{1,9})\b/m.exec(body) ?? []
  if (repository?.toLowerCase() !== fullNameOf(place).toLowerCase()) return
  await noteFor(parts, await runsOfPullRequest(parts, place, Number(number)), reverted)
}

/**
 * "This reverts commit ..." in the messages of commits that reached the default branch. What Purser delivered itself
 * says nothing: its words are an agent's.
 */
export async function noteRevertedIn(
  parts: Parts,
  place: Place,
  commits: readonly { readonly id: string; readonly message: string }[],
): Promise<void> {
  const shas = new Set<string>()
  for (const { id, message } of commits) {
    const named = [...message.matchAll(REVERTED_COMMIT)].map(([, sha]) => sha ?? '')
    if (named.length === 0 || shas.size >= REVERTS_MAX) continue
    const delivered = await runsByDeliveredSha(parts.prisma, place.repositoryId, id)
    if (delivered.length === 0) for (const sha of named) shas.add(sha)
  }
  for (const sha of [...shas].slice(0, REVERTS_MAX)) {
    await noteFor(parts, await runsOfCommit(parts, place, sha), reverted)
  }
}

/** A delivered commit itself, or the merge of a pull request that holds one. */
async function runsOfCommit(parts: Parts, place: Place, sha: string): Promise<readonly Run[]> {
  const runs = new Map<string, Run>()
  for (const run of await runsByDeliveredSha(parts.prisma, place.repositoryId, sha)) runs.set(run.id, run)
  for (const number of await mergedAs(place, sha)) {
    for (const run of await runsOfPullRequest(parts, place, number)) runs.set(run.id, run)
  }
  return [...runs.values()]
}

/** GitHub knows which pull request a commit came in by, however it was merged. */
async function mergedAs(place: Place, sha: string): Promise<readonly number[]> {
  try {
    const { data } = await place.octokit.rest.repos.listPullRequestsAssociatedWithCommit({
      ...place.name,
      commit_sha: sha,
    })
    return data.filter((pull) => pull.merge_commit_sha === sha && pull.merged_at !== null).map((pull) => pull.number)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
