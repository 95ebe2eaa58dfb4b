/**
 * The one pull request of an approved proposal, written through the Git Data API. Its branch is named for the issue, so that
 * whoever comes after a crash finds what is already there and adopts it.
 */

import type { Changeset } from '../../core/changes/changeset.ts'
import type { FileChanges } from '../../core/promotion/promotion-change.ts'
import type { PullText } from '../../core/text/promotion-pull.ts'
import { headOf } from '../../delivery/commit.ts'
import { statusOf } from '../../delivery/github.ts'
import { pullsFrom } from '../../delivery/pull-request.ts'
import { createTreeReader } from '../../delivery/tree.ts'
import { writeCommit, writeTree } from '../../delivery/write-commit.ts'
import type { Promotion } from '../../prisma/client/client.ts'
import type { Place } from '../subject/place.ts'

/** Each pull request that was given up leaves its branch behind, and the next has one of its own. */
export function branchOf({ decision, issueNumber, givenUp }: Promotion): string {
  return `purser/${decision}-${issueNumber}${givenUp === 0 ? '' : `-${givenUp + 1}`}`
}

/**
 * An earlier try's pull request is adopted where it holds just this. `undefined` when the branch holds what is not ours, somebody
 * else's or an earlier definition's, or somebody else has a pull request open from it.
 */
export async function openPull(
  place: Place,
  promotion: Promotion,
  baseSha: string,
  files: FileChanges,
  { title, body }: PullText,
): Promise<number | undefined> {
  const branch = branchOf(promotion)
  const changeset = changesetOf(baseSha, files)
  const { own, isTaken } = await pullsFrom(place, branch)
  for (const { number, head } of own) if (await holds(place, head.sha, changeset)) return number
  if (isTaken || !(await makeBranch(place, branch, changeset, title))) return undefined
  const { data } = await place.octokit.rest.pulls.create({
    ...place.name,
    head: branch,
    base: place.defaultBranch,
    title,
    body,
  })
  return data.number
}

async function makeBranch(place: Place, branch: string, changeset: Changeset, message: string): Promise<boolean> {
  const { octokit, name } = place
  const reader = createTreeReader(octokit, name)
  const head = await headOf(octokit, name, branch)
  if (head !== undefined) return holds(place, head, changeset)
  const commit = await writeCommit(octokit, name, reader, changeset.baseSha, changeset, message)
  try {
    await octokit.rest.git.createRef({ ...name, ref: `refs/heads/${branch}`, sha: commit.sha })
    return true
  } catch (error) {
    // Made by a try whose answer was lost, unless somebody else took the name.
    const made = statusOf(error) === 422 ? await headOf(octokit, name, branch) : undefined
    if (made === undefined) throw error
    return holds(place, made, changeset)
  }
}

/** Whether the branch's head is exactly these files over its parent. */
async function holds({ octokit, name }: Place, head: string, changeset: Changeset): Promise<boolean> {
  const { data } = await octokit.rest.git.getCommit({ ...name, commit_sha: head })
  const [parent, ...others] = data.parents
  if (parent === undefined || others.length > 0) return false
  const reader = createTreeReader(octokit, name)
  return (await writeTree(octokit, name, reader, parent.sha, changeset)) === data.tree.sha
}

export function changesetOf(baseSha: string, files: FileChanges): Changeset {
  return {
    baseSha,
    files: [...files].map(([path, text]) => ({
      path,
      mode: '100644',
      ...(text === undefined ? {} : { contentBase64: Buffer.from(text).toString('base64') }),
      addedLines: 0,
      deletedLines: 0,
    })),
  }
}
