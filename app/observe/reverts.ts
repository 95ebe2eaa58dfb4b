/** Reverts, as GitHub's own buttons and git write them, and reverts of those, which bring the work back. */

import { cleanText } from '../../core/inert.ts'
import { deliveryOf } from '../../core/text/delivery.ts'
import { isMissing, statusOf } from '../../delivery/github.ts'
import type { Run } from '../../prisma/client/client.ts'
import { runsByDeliveredSha } from '../ledger/history.ts'
import type { Parts } from '../parts.ts'
import { fullNameOf, type Place } from '../subject/place.ts'
import { noteFor, runsOfPullRequest } from './note.ts'
import { noteRevertSpans } from './span.ts'

const REVERTED_PULL = /^Reverts ([\w.-]+)\/([\w.-]+)#(\d{1,9})\b/m
const REVERTED_COMMIT = /^This reverts commit ([0-9a-f]{40})\b/gm

/** Commits named as reverted that one push is searched for; more in one push is no revert but an import. */
const REVERTS_MAX = 20
/** Of a change that are compared with those of its revert. */
const FILES_MAX = 100
/** A revert of a revert of a revert, and so on: nobody goes on for longer. */
const CHAIN_MAX = 10

/** A commit, or `#12`: all that came in by a pull request. */
type Change = string
const pullChange = (number: number): Change => `#${number}`

/** "Reverts owner/repo#12" in the body of a merged pull request: on another branch than the default one nothing is taken out. */
export async function noteRevertedBy(
  parts: Parts,
  place: Place,
  pull: { readonly number: number; readonly body: string | null },
): Promise<void> {
  // What nobody sees is nobody's word.
  const number = await revertedPull(place, cleanText(pull.body ?? '').text)
  if (number === undefined) return
  const named = await found(() => place.octokit.rest.pulls.get({ ...place.name, pull_number: pull.number }))
  if (named?.data.base.ref === place.defaultBranch)
    await noteRevert(parts, place, pullChange(number), pullChange(pull.number))
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
  const reverting = new Map<string, string>()
  for (const { id, message } of commits) {
    const named = revertedCommits(message)
    if (named.length === 0 || reverting.size >= REVERTS_MAX) continue
    const delivered = await runsByDeliveredSha(parts.prisma, place.repositoryId, id)
    if (delivered.length === 0) for (const sha of named) reverting.set(sha, id)
  }
  for (const [sha, id] of [...reverting].slice(0, REVERTS_MAX)) {
    const [pull] = await mergedWith(place, id)
    await noteRevert(parts, place, await changeOf(place, sha), pull ? pullChange(pull.number) : id)
  }
}

/**
 * What is undone when this commit is reverted: all of a pull request where it merged that as a whole, or where it is the
 * revert that the pull request was made for.
 */
async function changeOf(place: Place, sha: string): Promise<Change> {
  const [pull] = await mergedWith(place, sha)
  if (pull === undefined) return sha
  const commit = await readCommit(place, sha)
  const isRevert = revertedCommits(commit.message).length > 0
  return isRevert || (await isWhole(place, commit, pull)) ? pullChange(pull.number) : sha
}

/**
 * Each revert is kept, so that it doesn't matter in which order they are told: reverted is what a standing revert names, and
 * a revert stands unless a standing one names it. What had been taken out is back when its revert is reverted.
 */
async function noteRevert(parts: Parts, place: Place, target: Change, by: Change): Promise<void> {
  const { repositoryId } = place
  if (target === by || !(await touchTheSame(place, target, by))) return
  await parts.prisma.revert.createMany({ data: [{ repositoryId, target, by }], skipDuplicates: true })
  let changed: readonly Change[] = [target]
  for (let depth = 0; depth < CHAIN_MAX && changed.length > 0; depth += 1) {
    for (const change of changed) await noteWorkIn(parts, place, change)
    const where = { repositoryId, by: { in: [...changed] } }
    changed = (await parts.prisma.revert.findMany({ where, take: REVERTS_MAX })).map((revert) => revert.target)
  }
}

/** What takes a change back touches one of its files. Else anybody whose work is merged could take it back by a sentence. */
async function touchTheSame(place: Place, target: Change, by: Change): Promise<boolean> {
  const [touched, touchedBy] = await Promise.all([filesOf(place, target), filesOf(place, by)])
  return touchedBy.some((path) => touched.includes(path))
}

/** Of a larger change those that GitHub lists first. */
async function filesOf({ octokit, name }: Place, change: Change): Promise<readonly string[]> {
  const { pulls, repos } = octokit.rest
  const pull_number = Number(change.slice(1))
  const files = change.startsWith('#')
    ? (await found(() => pulls.listFiles({ ...name, pull_number, per_page: FILES_MAX })))?.data
    : (await found(() => repos.getCommit({ ...name, ref: change })))?.data.files
  return (files ?? []).flatMap((file) => [file.filename, file.previous_filename ?? file.filename])
}

async function noteWorkIn(parts: Parts, place: Place, change: Change): Promise<void> {
  const runs = await runsIn(parts, place, change)
  if (runs.length === 0) return
  const isOut = await isReverted(parts, place, change)
  await noteRevertSpans(parts, runs, isOut)
  await noteFor(parts, place, runs, { kind: 'reverted', key: change, value: isOut ? 'yes' : 'no' })
}

async function isReverted(parts: Parts, place: Place, target: Change, depth = 0): Promise<boolean> {
  if (depth >= CHAIN_MAX) return false
  const where = { repositoryId: place.repositoryId, target }
  for (const { by } of await parts.prisma.revert.findMany({ where, take: REVERTS_MAX })) {
    if (!(await isReverted(parts, place, by, depth + 1))) return true
  }
  return false
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
}

/** The runs of a whole pull request; else of a commit: it was delivered itself, or is one of several that were rebased. */
async function runsIn(parts: Parts, place: Place, change: Change): Promise<readonly Run[]> {
  if (change.startsWith('#')) return runsOfPullRequest(parts, place, Number(change.slice(1)))
  const delivered = await runsByDeliveredSha(parts.prisma, place.repositoryId, change)
  if (delivered.length > 0) return delivered
  // Such a one is known by the trailer that it kept; other commits are other people's work.
  const { message } = await readCommit(place, change)
  const runId = deliveryOf(message)?.runId
  const [pull] = runId === undefined ? [] : await mergedWith(place, change)
  return pull ? (await runsOfPullRequest(parts, place, pull.number)).filter(({ id }) => id === runId) : []
}

async function isWhole(place: Place, commit: Commit, pull: MergedPull): Promise<boolean> {
  return pull.merge_commit_sha === commit.sha && !(await isRebased(place, commit, pull))
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
