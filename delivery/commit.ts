/** A commit onto the head that the work was made from, or what comes closest to it when the head has moved. */
import type { Changeset } from '../core/changes/changeset.ts'
import type { Octokit, RepositoryName } from './github.ts'
import { isRefused, statusOf, unlessMissing } from './github.ts'
import { appliesTo, type FoundCommit, isMade, type Made } from './made.ts'
import { createTreeReader, type TreeReader } from './tree.ts'
import { type WrittenCommit, writeCommit } from './write-commit.ts'

export interface CommitOrder {
  readonly runId: string
  readonly branch: string
  readonly changeset: Changeset
  readonly message: string
  /** Whether commands had to pass on the work: what they said of the base they may not say of another head. */
  readonly hasCommands: boolean
}

/**
 * `conflict`: the branch moved and changed a file that the work changes too. `untried`: it moved, and no command has been run
 * on both together. `gone`: there is no such branch. `refused`: a
 * rule of the branch lets nobody push to it who is not allowed by name.
 */
export type CommitOnto =
  | { kind: 'committed'; commit: WrittenCommit }
  | { kind: 'conflict' | 'untried' }
  | { kind: 'gone' }
  | { kind: 'refused'; error: unknown }

/** How often the head may move between reading and writing it before the work goes to a branch of its own. */
const MOVES_MAX = 3
/** How far back a commit of this very run is looked for, in commits. */
const ADOPT_COMMITS_MAX = 30
/** GitHub lists no more commits of a pull request than 250. */
const PULL_COMMITS_MAX = 300
const PAGE = 100

/**
 * REST has no "update if it is still at X", but it refuses what is no fast-forward. As the new commit's only parent is
 * the head that was read, a branch that moved in between makes the update refused: a compare-and-swap.
 */
export async function commitOnto(
  octokit: Octokit,
  repository: RepositoryName,
  order: CommitOrder,
): Promise<CommitOnto> {
  const reader = createTreeReader(octokit, repository)
  for (let moves = 0; moves < MOVES_MAX; moves += 1) {
    const head = await headOf(octokit, repository, order.branch)
    if (head === undefined) return { kind: 'gone' }
    const made = head === order.changeset.baseSha ? undefined : await findMade(octokit, repository, reader, head, order)
    if (made) return { kind: 'committed', commit: made }
    if (head !== order.changeset.baseSha) {
      if (!(await appliesTo(reader, head, order.changeset))) return { kind: 'conflict' }
      if (order.hasCommands) return { kind: 'untried' }
    }
    const commit = await writeCommit(octokit, repository, reader, head, order.changeset, order.message)
    try {
      if (await advance(octokit, repository, order.branch, commit.sha)) return { kind: 'committed', commit }
    } catch (error) {
      if (isRefused(error)) return { kind: 'refused', error }
      throw error
    }
  }
  return { kind: 'conflict' }
}

export async function headOf(
  octokit: Octokit,
  repository: RepositoryName,
  branch: string,
): Promise<string | undefined> {
  const read = await unlessMissing(() => octokit.rest.git.getRef({ ...repository, ref: `heads/${branch}` }))
  return read?.data.object.sha
}

/** A commit of this run that an earlier try already put there: a retry adopts it instead of making a second. */
async function findMade(
  octokit: Octokit,
  repository: RepositoryName,
  reader: TreeReader,
  head: string,
  order: Made,
): Promise<WrittenCommit | undefined> {
  const { data } = await octokit.rest.repos.listCommits({ ...repository, sha: head, per_page: ADOPT_COMMITS_MAX })
  return findMadeAmong(octokit, repository, reader, data.map(listed), order)
}

/** The same, of a pull request that was merged or closed since: its branch may be gone. */
export async function findMadeIn(
  octokit: Octokit,
  repository: RepositoryName,
  pullNumber: number,
  order: Made,
): Promise<WrittenCommit | undefined> {
  const reader = createTreeReader(octokit, repository)
  for (let page = 1; page <= PULL_COMMITS_MAX / PAGE; page += 1) {
    const { data } = await octokit.rest.pulls.listCommits({
      ...repository,
      pull_number: pullNumber,
      per_page: PAGE,
      page,
    })
    const made = await findMadeAmong(octokit, repository, reader, data.map(listed), order)
    if (made) return made
    if (data.length < PAGE) return undefined
  }
  return undefined
}

/** A commit as lists of commits tell of it. */
function listed(item: {
  readonly sha: string
  readonly html_url: string
  readonly commit: { readonly message: string; readonly tree: { readonly sha: string } }
  readonly parents: readonly { readonly sha: string }[]
}): FoundCommit & WrittenCommit {
  const { sha, html_url: url, commit, parents } = item
  return {
    sha,
    url,
    message: commit.message,
    treeSha: commit.tree.sha,
    parentShas: parents.map((parent) => parent.sha),
  }
}

async function findMadeAmong(
  octokit: Octokit,
  repository: RepositoryName,
  reader: TreeReader,
  commits: readonly (FoundCommit & WrittenCommit)[],
  order: Made,
): Promise<WrittenCommit | undefined> {
  for (const commit of commits) {
    if (await isMade(octokit, repository, reader, commit, order)) return { sha: commit.sha, url: commit.url }
  }
  return undefined
}

async function advance(octokit: Octokit, repository: RepositoryName, branch: string, sha: string): Promise<boolean> {
  try {
    await octokit.rest.git.updateRef({ ...repository, ref: `heads/${branch}`, sha, force: false })
    return true
  } catch (error) {
    // 409 and 422 are GitHub's words for "not a fast-forward"; a rule of the branch says so with a message of its own.
    const status = statusOf(error)
    if ((status === 422 || status === 409) && /fast.?forward/i.test(String(error))) return false
    throw error
  }
}
