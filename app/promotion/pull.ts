/**
 * The one pull request of an approved proposal, written through the Git Data API. Its branch is named for the issue, so that
 * whoever comes after a crash finds what is already there and adopts it.
 */

import type { Changeset } from '../../core/changes/changeset.ts'
import type { FileChanges } from '../../core/promotion/promotion-change.ts'
import type { PullText } from '../../core/text/promotion-pull.ts'
import { headOf } from '../../delivery/commit.ts'
import { statusOf } from '../../delivery/github.ts'
import { createTreeReader } from '../../delivery/tree.ts'
import { writeCommit, writeTree } from '../../delivery/write-commit.ts'
import type { Promotion } from '../../prisma/client/client.ts'
import type { Place } from '../subject/place.ts'

/** Each pull request that was given up leaves its branch behind, and the next has one of its own. */
export function branchOf({ decision, issueNumber, givenUp }: Promotion): string {
  return `purser/${decision}-${issueNumber}${givenUp === 0 ? '' : `-${givenUp + 1}`}`
}

/** The issue that a branch of this form was made for. */
export function issueOfBranch(branch: string): number | undefined {
  const [, number] = /^purser\/(?:promote|sunset|rollback|adopt|offer)-(\d{1,9})(?:-\d{1,3})?$/.exec(branch) ?? []
  return number === undefined ? undefined : Number(number)
}

/** The pull request of this branch that Purser itself has opened, if it has. */
export async function findPull(place: Place, promotion: Promotion): Promise<number | undefined> {
  const branch = branchOf(promotion)
  const { data } = await place.octokit.rest.pulls.list({
    ...place.name,
    head: `${place.name.owner}:${branch}`,
    state: 'all',
    per_page: 10,
  })
  return data.find((pull) => pull.head.ref === branch && pull.user?.type === 'Bot')?.number
}

/** `undefined` when the branch holds what is not ours: somebody else's, or an earlier definition's. */
export async function openPull(
  place: Place,
  promotion: Promotion,
  baseSha: string,
  files: FileChanges,
  { title, body }: PullText,
): Promise<number | undefined> {
  const branch = branchOf(promotion)
  if (!(await makeBranch(place, branch, changesetOf(baseSha, files), title))) return undefined
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
