/**
 * The pinned commit in a fresh workspace, with the git directory outside of it, so that whoever works in the
 * workspace sees no `.git`, no remote and no credentials.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Git, GitError, openGit } from './git.ts'
import { ObjectReader } from './objects.ts'

/**
 * Attributes of the tree name filters and line ends; what is in the objects is what shall be in the workspace. Nor does
 * the tree say which files are binary: a file that says so of others would hide their lines from the guards.
 */
const ATTRIBUTES = '* -text -eol -ident -filter -working-tree-encoding !diff\n'

/** Where commits come from that are not on this machine. */
export interface CommitSource {
  /** A remote that has them, and the header that opens it for one fetch. */
  readonly remote?: { readonly url: string; readonly authorization?: string | undefined } | undefined
}

/** Makes an empty git directory by hand, which saves a process: HEAD, a format and where more objects lie. */
function createGitDirectory(gitDir: string, objectsDir: string | undefined): void {
  for (const dir of ['objects/info', 'objects/pack', 'refs/heads', 'info']) {
    mkdirSync(join(gitDir, dir), { recursive: true, mode: 0o700 })
  }
  writeFileSync(join(gitDir, 'HEAD'), 'ref: refs/heads/none\n')
  writeFileSync(join(gitDir, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = false\n')
  writeFileSync(join(gitDir, 'info', 'attributes'), ATTRIBUTES)
  if (objectsDir !== undefined && existsSync(objectsDir)) {
    writeFileSync(join(gitDir, 'objects', 'info', 'alternates'), `${objectsDir}\n`)
  }
}

/** Fetches a commit by its id, or a branch by its ref, unless the objects are here. Rejects with git's words. */
export async function ensureCommit(
  { git, objects }: Checkout,
  source: CommitSource,
  commit: string,
  signal?: AbortSignal,
): Promise<void> {
  if (await objects.isCommit(commit)) return
  if (source.remote === undefined) throw new GitError(`commit ${commit} is not in this repository`)
  await fetchCommit(git, source.remote, commit, signal)
}

/** Fetches up to `depth` commits, this one and those before it, unless as many are here. Rejects with git's words. */
export async function ensureHistory(
  { git }: Checkout,
  source: CommitSource,
  commit: string,
  depth: number,
): Promise<void> {
  const walked = await git.text(['rev-list', `--max-count=${depth}`, commit]).catch(() => '')
  // Where a fetch cut the history off, git walks to there and takes it for the beginning.
  const isWhole = walked !== '' && !existsSync(join(git.gitDir, 'shallow'))
  if (!isWhole && source.remote !== undefined) await fetchCommit(git, source.remote, commit, undefined, depth)
}

/** Resolves to the id of what was fetched. */
export async function fetchCommit(
  git: Git,
  remote: NonNullable<CommitSource['remote']>,
  commitOrRef: string,
  signal?: AbortSignal,
  depth = 1,
): Promise<string> {
  const args = ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', `--depth=${depth}`, '--end-of-options']
  await git.text([...args, remote.url, commitOrRef], { env: authorization(remote), signal })
  return (await git.text(['rev-parse', '--verify', 'FETCH_HEAD^{commit}'])).trim()
}

/** A run's own repository and workspace. */
export interface Checkout {
  readonly git: Git
  readonly objects: ObjectReader
  readonly workDir: string
  /** A commit on its way into the workspace, so that it can be begun before it is waited for. */
  begun: { readonly commit: string; readonly done: Promise<void> } | undefined
}

export function openCheckout(baseDir: string, objectsDir: string | undefined): Checkout {
  const gitDir = join(baseDir, 'git')
  const workDir = join(baseDir, 'work')
  createGitDirectory(gitDir, objectsDir)
  mkdirSync(workDir, { mode: 0o700 })
  return { git: openGit(gitDir, workDir), objects: new ObjectReader(gitDir), workDir, begun: undefined }
}

/**
 * Puts a commit into the workspace; the commit has to be here. Asking for the same one again is waiting for it, and
 * trying once more where it failed: what was begun on a guess may have been begun before the commit was here.
 */
export function checkOut(checkout: Checkout, commit: string): Promise<void> {
  const start = () => checkout.git.text(['read-tree', '-u', '--reset', commit]).then(() => undefined)
  const { begun } = checkout
  const done = begun === undefined ? start() : begun.done.then(() => begun.commit === commit || start(), start)
  checkout.begun = { commit, done: done.then(() => undefined) }
  return checkout.begun.done
}

/** A header through the environment of one process: it is in no file and on no command line. */
function authorization(remote: NonNullable<CommitSource['remote']>): Record<string, string> {
  if (remote.authorization === undefined) return {}
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `http.${new URL(remote.url).origin}/.extraheader`,
    GIT_CONFIG_VALUE_0: `AUTHORIZATION: ${remote.authorization}`,
  }
}
