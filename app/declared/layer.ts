/** Reading one layer's files from GitHub's trees and blobs. */
import { LAYER_FILE_BYTES_MAX, LAYER_FILES_MAX, type Layer, type LayerName } from '../../core/config/configuration.ts'
import { ORGANISATION_REPOSITORIES } from '../../core/config/settings.ts'
import type { RepositoryName } from '../../delivery/github.ts'
import { unlessMissing } from '../../delivery/github.ts'
import type { Octokit } from '../github.ts'
import { createLru } from './lru.ts'

const FOLDER = '.github/purser'
const BLOBS_AT_ONCE = 8
/** Commits whose folder is remembered. */
const FOLDERS_MAX = 1000

/** Where a repository's layer lies at one commit; the tree's id changes exactly when one of its files does. */
export interface LayerPlace {
  readonly repository: RepositoryName
  readonly commitSha: string
  readonly treeSha: string
}

/** Where the folder lies in a commit never changes. */
const folders = createLru<{ readonly treeSha: string | undefined }>(FOLDERS_MAX)

/** Pins that were found on their branch; one that rewrites its history is believed until the App starts again. */
const onBranches = createLru<true>(FOLDERS_MAX)

/** A layer that is larger than its readers' bounds, which is a problem of the declaration and no fault. */
export class LayerTooLarge extends Error {}

/** `undefined` when the folder, its branch or the repository is not there for the App. */
export async function findLayer(
  octokit: Octokit,
  repository: RepositoryName,
  branch: string,
): Promise<LayerPlace | undefined> {
  return unlessMissing(async () => {
    const { data: head } = await octokit.rest.git.getRef({ ...repository, ref: `heads/${branch}` })
    return layerAt(octokit, repository, head.object.sha)
  })
}

/**
 * The layer as one commit has it that is, or once was, the head of the branch; `undefined` too where the commit is not on it.
 * GitHub shows a fork's commits under the name of what it was forked from, and those are nobody's to decide by.
 */
export async function findPinnedLayer(
  octokit: Octokit,
  repository: RepositoryName,
  branch: string,
  commitSha: string,
): Promise<LayerPlace | undefined> {
  return unlessMissing(async () => {
    const key = `${repository.owner}/${repository.repo} ${branch} ${commitSha}`
    if (onBranches.get(key) === undefined) {
      const basehead = `${commitSha}...${branch}`
      const { data } = await octokit.rest.repos.compareCommitsWithBasehead({ ...repository, basehead, per_page: 1 })
      if (data.status !== 'ahead' && data.status !== 'identical') return undefined
      onBranches.set(key, true)
    }
    return layerAt(octokit, repository, commitSha)
  })
}

async function layerAt(
  octokit: Octokit,
  repository: RepositoryName,
  commitSha: string,
): Promise<LayerPlace | undefined> {
  const known = folders.get(commitSha)
  const treeSha = known === undefined ? await findFolder(octokit, repository, commitSha) : known.treeSha
  folders.set(commitSha, { treeSha })
  return treeSha === undefined ? undefined : { repository, commitSha, treeSha }
}

async function findFolder(
  octokit: Octokit,
  repository: RepositoryName,
  commitSha: string,
): Promise<string | undefined> {
  let sha: string | undefined = commitSha
  for (const folder of FOLDER.split('/')) {
    const { data } = await octokit.rest.git.getTree({ ...repository, tree_sha: sha })
    sha = data.tree.find((entry) => entry.path === folder && entry.type === 'tree')?.sha
    if (sha === undefined) break
  }
  return sha
}

export async function readLayer(octokit: Octokit, name: LayerName, place: LayerPlace): Promise<Layer> {
  const { repository, treeSha } = place
  const { data } = await octokit.rest.git.getTree({ ...repository, tree_sha: treeSha, recursive: '1' })
  const blobs = data.tree.filter((entry) => entry.type === 'blob' && entry.mode !== '120000')
  const root = name === 'organisation' ? `${repository.repo}: ${FOLDER}` : FOLDER
  if (data.truncated || blobs.length > LAYER_FILES_MAX) {
    throw new LayerTooLarge(`${root} holds more than ${LAYER_FILES_MAX} files`)
  }
  const large = blobs.find((blob) => (blob.size ?? 0) > LAYER_FILE_BYTES_MAX)
  if (large) throw new LayerTooLarge(`${root}/${large.path} is longer than ${LAYER_FILE_BYTES_MAX} bytes`)
  const files = new Map<string, string>()
  for (let at = 0; at < blobs.length; at += BLOBS_AT_ONCE) {
    const texts = blobs.slice(at, at + BLOBS_AT_ONCE).map(async ({ path, sha }) => {
      const { data: blob } = await octokit.rest.git.getBlob({ ...repository, file_sha: sha })
      return [path, Buffer.from(blob.content, 'base64').toString('utf8')] as const
    })
    for (const [path, text] of await Promise.all(texts)) files.set(path, text)
  }
  return { name, root, files, isShared: ORGANISATION_REPOSITORIES.includes(repository.repo) }
}
