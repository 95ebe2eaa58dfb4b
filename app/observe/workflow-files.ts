/**
 * Whether a delivered head runs other Actions workflows than the default branch had when the work was asked for: then its
 * checks may say whatever the branch likes. Seen once, since after a merge the default branch has the change as well.
 */

import type { WorkflowFiles } from '../../core/outcome/observed-checks.ts'
import { isMissing } from '../../delivery/github.ts'
import { createTreeReader, type TreeReader } from '../../delivery/tree.ts'
import type { Run } from '../../prisma/client/client.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import { noteFact } from './facts.ts'

/** What GitHub Actions runs of a branch, with the actions that lie beside it. */
const FOLDERS = ['.github/workflows', '.github/actions']

export async function noteWorkflowFiles(parts: Parts, place: Place, run: Run): Promise<void> {
  if (run.deliveredSha === null) return
  const key = { runId: run.id, kind: 'workflows', key: '' }
  const known = await parts.prisma.fact.findUnique({ where: { runId_kind_key: key } })
  if (known) return
  const value = await compareWorkflowFiles(place, run.configSha, run.deliveredSha)
  await noteFact(parts.prisma, run.id, { kind: 'workflows', key: '', value }, parts.now())
}

async function compareWorkflowFiles({ octokit, name }: Place, trusted: string, head: string): Promise<WorkflowFiles> {
  const reader = createTreeReader(octokit, name)
  try {
    const delivered = await foldersOf(reader, head)
    if (delivered === (await foldersOf(reader, trusted))) return 'same'
    // The branch may only be older than what the default branch has changed since.
    const basehead = `${trusted}...${head}`
    const { data } = await octokit.rest.repos.compareCommitsWithBasehead({ ...name, basehead, per_page: 1 })
    return delivered === (await foldersOf(reader, data.merge_base_commit.sha)) ? 'same' : 'changed'
  } catch (error) {
    if (isMissing(error)) return 'unreadable'
    throw error
  }
}

async function foldersOf(reader: TreeReader, commit: string): Promise<string> {
  const tree = await reader.treeOf(commit)
  const ids = await Promise.all(FOLDERS.map((folder) => reader.folderAt(tree, folder)))
  return ids.map((id) => id ?? 'none').join(' ')
}
