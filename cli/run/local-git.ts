/** The repository that `purser run` works for: its commit, and its working tree when the work is done. */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Refusal, refuse } from '../../core/reason.ts'
import { git, withoutGit } from '../git.ts'

/** The tree without files that git knows by itself. */
const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'

export interface LocalHead {
  readonly sha: string
  readonly title: string
  readonly base: Base
  /** How many files differ between the two. */
  readonly filesChanged: number
  readonly objectsDir: string
  /** Whether something is not committed, which a run does not see. */
  readonly dirty: boolean
}

/** What the commit is compared with. */
export interface Base {
  readonly sha: string
  /** `1a2b3c4, where it left main` */
  readonly words: string
}

/** `base`: a commit to compare with instead. */
export function readHead(root: string, base?: string): LocalHead | Refusal {
  const place = git(root, ['rev-parse', '--is-inside-work-tree', '--git-path', 'objects'])?.split('\n') ?? []
  const [isInside, objects = '.git/objects'] = place
  if (isInside !== 'true') {
    const { message, todo } = withoutGit() ?? {
      message: `${root} is no git repository.`,
      todo: 'Run `git init` and commit something; a run is pinned to a commit.',
    }
    return refuse('checkout-failed', message, todo)
  }
  const head = git(root, ['log', '-1', '--no-show-signature', '--format=%H%n%P%n%s', 'HEAD', '--'])?.split('\n')
  if (head === undefined) {
    const todo = 'Commit something first; a run is pinned to a commit.'
    return refuse('checkout-failed', `${root} has no commit to work on.`, todo)
  }
  const [sha = '', parents = '', title = ''] = head
  const compared = base === undefined ? usualBase(root, sha, parents.split(' ')[0]) : namedBase(root, sha, base)
  if (compared === undefined) {
    const todo = 'Name a branch, a tag or a commit that `git log` shows, as in --base main.'
    return refuse('checkout-failed', `--base ${base} names no commit of ${root}.`, todo)
  }
  return {
    sha,
    title: title.slice(0, 500),
    base: compared,
    filesChanged: countFiles(root, compared.sha, sha),
    objectsDir: resolve(root, objects),
    dirty: (git(root, ['status', '--porcelain', '--untracked-files=no']) ?? '') !== '',
  }
}

/**
 * Where HEAD left the default branch. On the default branch itself the change is the last commit: it is compared with
 * the one before it, and a first commit with nothing at all.
 */
function usualBase(root: string, sha: string, parent: string | undefined): Base {
  const branch = defaultBranch(root)
  const left = branch === undefined || branch.sha === sha ? undefined : git(root, ['merge-base', sha, branch.sha])
  if (left !== undefined && left !== sha) return { sha: left, words: `${short(left)}, where it left ${branch?.name}` }
  if (parent) return { sha: parent, words: `${short(parent)}, the commit before it` }
  return { sha: git(root, ['hash-object', '-t', 'tree', '/dev/null']) ?? EMPTY_TREE, words: 'the beginning' }
}

function namedBase(root: string, sha: string, name: string): Base | undefined {
  const named = commitOf(root, name)
  if (named === undefined) return undefined
  // What a branch went on to do since is no part of this change.
  const left = git(root, ['merge-base', sha, named]) ?? named
  return { sha: left, words: left === named ? name : `${short(left)}, where it left ${name}` }
}

/** What the remote says, else the first of the usual names that there is. */
function defaultBranch(root: string): { readonly name: string; readonly sha: string } | undefined {
  const asked = ['remotes/origin/HEAD', 'remotes/origin/main', 'remotes/origin/master', 'heads/main', 'heads/master']
  const refs = asked.map((name) => `refs/${name}`)
  const listed = git(root, ['for-each-ref', '--format=%(refname) %(objectname) %(symref)', ...refs]) ?? ''
  const found = listed.split('\n').map((line) => line.split(' '))
  const branches = refs.flatMap((ref) => {
    const [, sha = '', target = ''] = found.find(([name]) => name === ref) ?? []
    const named = ref.endsWith('/HEAD') ? target : ref
    return sha === '' || named === '' ? [] : [{ name: named.replace(/^refs\/\w+\//, ''), sha }]
  })
  return branches[0]
}

function commitOf(root: string, name: string): string | undefined {
  return git(root, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`])
}

function countFiles(root: string, base: string, sha: string): number {
  const names = git(root, ['diff-tree', '-r', '-z', '--name-only', '--no-commit-id', '--no-renames', base, sha]) ?? ''
  return names.split('\0').filter((name) => name !== '').length
}

function short(sha: string): string {
  return sha.slice(0, 7)
}

/** Keeps `.purser/` out of commits without touching a file of the repository. */
export function ignoreKept(root: string): void {
  if (git(root, ['check-ignore', '--quiet', '.purser/runs']) !== undefined) return
  const path = git(root, ['rev-parse', '--git-path', 'info/exclude'])
  if (path === undefined) return
  const file = resolve(root, path)
  mkdirSync(dirname(file), { recursive: true })
  const before = readIfThere(file)
  appendFileSync(file, `${before === '' || before.endsWith('\n') ? '' : '\n'}.purser/\n`)
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
