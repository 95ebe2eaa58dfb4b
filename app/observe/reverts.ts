/** Reverts, as GitHub's own buttons and git write them, and reverts of those, which bring the work back. */

import { deliveryOf } from '../../core/text/delivery.ts'
import { isMissing, statusOf } from '../../delivery/github.ts'
import type { Run } from '../../prisma/client/client.ts'
import { runsByDeliveredSha } from '../ledger/history.ts'
import type { Parts } from '../parts.ts'
import { fullNameOf, type Place } from '../place.ts'
import { noteFor, runsOfPullRequest } from './note.ts'
import { noteRevertSpans } from './span.ts'

const REVERTED_PULL = /^Reverts ([\w.-]+)\/([\w.-]+)#(\d{1,9})\b/m
const REVERTED_COMMIT = /^This reverts commit ([0-9a-f]{40})\b/gm

/** Commits named as reverted that one push is searched for; more in one push is no revert but an import. */
const REVERTS_MAX = 20

/** "Reverts owner/repo#12" in the body of a merged pull request. */
export async function noteRevertedBy(parts: Parts, place: Place, body: string): Promise<void> {
  const number = await revertedPull(place, body)
  if (number === undefined) return
  await noteReverted(parts, await runsOfPullRequest(parts, place, number), 'yes')
  const before = await found(() => place.octokit.rest.pulls.get({ ...place.name, pull_number: number }))
  await noteBack(parts, place, before?.data.body ?? '')
}

async function noteReverted(parts: Parts, runs: readonly Run[], value: 'yes' | 'no'): Promise<void> {
  await noteRevertSpans(parts, runs, value === 'yes')
  await noteFor(parts, runs, { kind: 'reverted', key: '', value })
}

/** What a revert had taken out is back when the revert itself is reverted. */
async function noteBack(parts: Parts, place: Place, bodyOfRevert: string): Promise<void> {
  const number = await revertedPull(place, bodyOfRevert)
  if (number === undefined) return
  await noteReverted(parts, await runsOfPullRequest(parts, place, number), 'no')
}

/** By the name that the repository has now, or by one that it had before: GitHub still leads from there to the same one. */
async function revertedPull(place: Place, body: string): Promise<number | undefined> {
  const [, owner, repo, number] = REVERTED_PULL.exec(body) ?? []
  if (owner === undefined || repo === undefined) return undefined
  if (`${owner}/${repo}`.toLowerCase() === fullNameOf(place).toLowerCase()) return Number(number)
  const named = await found(() => place.octokit.rest.repos.get({ owner, repo }))
  return named?.data.id === Number(place.repositoryId) ? Number(number) : undefined
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
    const named = revertedCommits(message)
    if (named.length === 0 || shas.size >= REVERTS_MAX) continue
    const delivered = await runsByDeliveredSha(parts.prisma, place.repositoryId, id)
    if (delivered.length === 0) for (const sha of named) shas.add(sha)
  }
  for (const sha of [...shas].slice(0, REVERTS_MAX)) await noteRevertedCommit(parts, place, sha)
}

async function noteRevertedCommit(parts: Parts, place: Place, sha: string): Promise<void> {
  const commit = await readCommit(place, sha)
  const pulls = await mergedWith(place, sha)
  await noteReverted(parts, await runsOfCommit(parts, place, commit, pulls), 'yes')
  for (const target of revertedCommits(commit.message).slice(0, REVERTS_MAX)) {
    const back = await readCommit(place, target)
    await noteReverted(parts, await runsOfCommit(parts, place, back, await mergedWith(place, target)), 'no')
  }
  for (const { merge_commit_sha, body } of pulls) {
    if (merge_commit_sha === sha) await noteBack(parts, place, body ?? '')
  }
}

function revertedCommits(message: string): readonly string[] {
  return [...message.matchAll(REVERTED_COMMIT)].map(([, sha]) => sha ?? '')
}

interface Commit {
  readonly sha: string
  readonly message: string
  readonly parents: readonly { readonly sha: string }[]
}

interface MergedPull {
  readonly number: number
  readonly merge_commit_sha: string | null
  readonly body?: string | null | undefined
}

/** A delivered commit itself, or one by which a pull request that holds one was merged. */
async function runsOfCommit(
  parts: Parts,
  place: Place,
  commit: Commit,
  pulls: readonly MergedPull[],
): Promise<readonly Run[]> {
  const runs = new Map<string, Run>()
  for (const run of await runsByDeliveredSha(parts.prisma, place.repositoryId, commit.sha)) runs.set(run.id, run)
  for (const pull of pulls) {
    const held = await runsOfPullRequest(parts, place, pull.number)
    if (held.length === 0) continue
    const isWhole = pull.merge_commit_sha === commit.sha && !(await isRebased(place, commit, pull))
    // One of several commits that were rebased is known by the trailer that it kept; other commits are other people's work.
    const runId = deliveryOf(commit.message)?.runId
    for (const run of held) if (isWhole || run.id === runId) runs.set(run.id, run)
  }
  return [...runs.values()]
}

/** A merge commit has two parents; a squashed one stands on the base; of several that were rebased the one before came in by the same pull request. */
async function isRebased(place: Place, { parents }: Commit, pull: MergedPull): Promise<boolean> {
  const [parent, ...others] = parents
  if (parent === undefined || others.length > 0) return false
  const before = await mergedWith(place, parent.sha)
  return before.some(({ number }) => number === pull.number)
}

/** GitHub knows which pull request a commit came in by, however it was merged. */
async function mergedWith({ octokit, name }: Place, sha: string): Promise<readonly MergedPull[]> {
  const read = await found(() => octokit.rest.repos.listPullRequestsAssociatedWithCommit({ ...name, commit_sha: sha }))
  return read?.data.filter((pull) => pull.merged_at !== null) ?? []
}

/** One that GitHub doesn't have says nothing more than its id. */
async function readCommit({ octokit, name }: Place, sha: string): Promise<Commit> {
  const read = await found(() => octokit.rest.git.getCommit({ ...name, commit_sha: sha }))
  return read ? { sha, message: read.data.message, parents: read.data.parents } : { sha, message: '', parents: [] }
}

/** GitHub answers 404 or, to an id that no commit has, 422. */
async function found<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (isMissing(error) || statusOf(error) === 422) return undefined
    throw error
  }
}
