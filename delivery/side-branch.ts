/** A branch of Purser's own, for work that can't or mustn't go onto the subject's branch. */
import type { Changeset } from '../core/changes/changeset.ts'
import { headOf } from './commit.ts'
import type { Octokit, RepositoryName } from './github.ts'
import { statusOf } from './github.ts'
import { isMade } from './made.ts'
import { createTreeReader } from './tree.ts'
import { writeCommit } from './write-commit.ts'

export interface SideBranch {
  readonly branch: string
  readonly sha: string
}

export interface SideBranchOrder {
  readonly sessionId: string
  readonly runId: string
  readonly changeset: Changeset
  readonly message: string
}

/** Names that are tried besides the plain ones. */
const NUMBERED_MAX = 3

/**
 * The work on top of the very commit it was made from. A branch of this run that is already there is adopted. Whoever may
 * write can take a name beforehand; what is on it then is not this work, so it is left alone and the next name is tried.
 */
export async function pushSideBranch(
  octokit: Octokit,
  repository: RepositoryName,
  order: SideBranchOrder,
): Promise<SideBranch> {
  let refusal: unknown
  for (const branch of namesFor(order)) {
    const head = await headOf(octokit, repository, branch)
    if (head !== undefined) {
      if (await holdsWork(octokit, repository, head, order)) return { branch, sha: head }
      continue
    }
    try {
      return await createBranch(octokit, repository, branch, order)
    } catch (error) {
      // 422: the name is taken, or it lies below or above one that is.
      if (statusOf(error) !== 422) throw error
      refusal = error
    }
  }
  throw refusal ?? new Error(`the side branches of run ${order.runId} hold other work`)
}

/** A later run of the same session gets a branch of its own. A branch `purser` leaves no room for any `purser/…`. */
function namesFor({ sessionId, runId }: SideBranchOrder): string[] {
  const own = `purser/${sessionId}-${runId}`
  const numbered = Array.from({ length: NUMBERED_MAX }, (_, index) => `${own}-${index + 2}`)
  return [`purser/${sessionId}`, own, ...numbered, `purser-${sessionId}-${runId}`]
}

/** Whether the branch's head is the commit that would be written: this work on top of the commit it was made from. */
async function holdsWork(
  octokit: Octokit,
  repository: RepositoryName,
  head: string,
  order: SideBranchOrder,
): Promise<boolean> {
  const { data } = await octokit.rest.git.getCommit({ ...repository, commit_sha: head })
  const { message, tree, parents } = data
  const found = { message, treeSha: tree.sha, parentShas: parents.map(({ sha }) => sha) }
  const isOnBase = found.parentShas[0] === order.changeset.baseSha
  return isOnBase && isMade(octokit, repository, createTreeReader(octokit, repository), found, order)
}

async function createBranch(
  octokit: Octokit,
  repository: RepositoryName,
  branch: string,
  order: SideBranchOrder,
): Promise<SideBranch> {
  const reader = createTreeReader(octokit, repository)
  const { changeset, message } = order
  const commit = await writeCommit(octokit, repository, reader, changeset.baseSha, changeset, message)
  try {
    await octokit.rest.git.createRef({ ...repository, ref: `refs/heads/${branch}`, sha: commit.sha })
  } catch (error) {
    // Made by a try whose answer was lost, unless somebody else took the name.
    const head = statusOf(error) === 422 ? await headOf(octokit, repository, branch) : undefined
    if (head === undefined || !(await holdsWork(octokit, repository, head, order))) throw error
    return { branch, sha: head }
  }
  return { branch, sha: commit.sha }
}
