import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileMode, Files } from './contract.ts'
import { filesOf } from './files.ts'
import { git, tryGit } from './git-process.ts'
import {
  commitsBetween,
  hasAncestor,
  listTree,
  readCommit,
  readObject,
  type Signed,
  writeTree as writeLooseTree,
  writeObject,
} from './objects.ts'
import { readRef, readRefs, writeRef } from './refs.ts'

export type TreeEntry = {
  path: string
  mode: string
  type: 'blob' | 'tree' | 'commit'
  sha: string
  size: number | null
}
export type TreeChange = { path: string; mode: FileMode | '160000' | '040000'; sha: string | null }
export type Identified = { name: string; email: string; date: string }
export type Commit = {
  sha: string
  tree: string
  parents: string[]
  message: string
  author: Identified
  committer: Identified
}
export type NewCommit = { tree: string; parents: string[]; message: string; author: Identified; committer: Identified }
export type FileDiff = {
  filename: string
  previousFilename: string | null
  status: 'added' | 'removed' | 'modified' | 'renamed' | 'changed'
  sha: string
  additions: number
  deletions: number
  patch: string | null
}

const none = '0'.repeat(40)

/** A bare repository, read and written with git's plumbing: the one truth for objects and refs. */
export type GitStore = ReturnType<typeof openStore>

const settings = `[core]
	repositoryformatversion = 0
	filemode = true
	bare = true
[http]
	receivepack = true
[uploadpack]
	allowAnySHA1InWant = true
	allowFilter = true
[gc]
	auto = 0
[receive]
	autogc = false
`

/** Makes the bare repository: fetching any commit by its sha is allowed, as GitHub does, and pushing over HTTP. */
export async function initStore(gitDir: string): Promise<GitStore> {
  for (const folder of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags'])
    await mkdir(join(gitDir, folder), { recursive: true })
  await writeFile(join(gitDir, 'HEAD'), 'ref: refs/heads/main\n')
  await writeFile(join(gitDir, 'config'), settings)
  return openStore(gitDir)
}

export function openStore(gitDir: string) {
  const run = (...args: string[]): Promise<string> => git(gitDir, args)
  const line = async (...args: string[]): Promise<string> => (await run(...args)).trim()

  /** The sha of what `revision` names as `kind`, or null. */
  async function resolve(revision: string, kind: 'commit' | 'tree' = 'commit'): Promise<string | null> {
    if (revision === '' || revision.startsWith('-')) return null
    if (revision.startsWith('refs/heads/') && kind === 'commit') return readRef(gitDir, revision)
    const commit = readCommit(gitDir, revision)
    if (commit !== null) return kind === 'commit' ? revision : commit.tree
    if (kind === 'tree' && readObject(gitDir, revision)?.type === 'tree') return revision
    const { code, stdout } = await tryGit(gitDir, [
      'rev-parse',
      '--verify',
      '--quiet',
      '--end-of-options',
      `${revision}^{${kind}}`,
    ])
    return code === 0 ? stdout.toString().trim() : null
  }

  async function typeOf(sha: string): Promise<string | null> {
    const loose = readObject(gitDir, sha)
    if (loose !== null) return loose.type
    const { code, stdout } = await tryGit(gitDir, ['cat-file', '-t', sha])
    return code === 0 ? stdout.toString().trim() : null
  }

  async function blob(sha: string): Promise<Buffer | null> {
    const loose = readObject(gitDir, sha)
    if (loose !== null) return loose.type === 'blob' ? loose.body : null
    const { code, stdout } = await tryGit(gitDir, ['cat-file', 'blob', sha])
    return code === 0 ? stdout : null
  }

  async function commit(sha: string): Promise<Commit | null> {
    const loose = readCommit(gitDir, sha)
    if (loose !== null) {
      const message = loose.message.trimEnd()
      return { ...loose, sha, message, author: identified(loose.author), committer: identified(loose.committer) }
    }
    const format = ['%H', '%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'].join('%x00')
    const { code, stdout } = await tryGit(gitDir, ['show', '-s', `--format=${format}`, '--end-of-options', sha])
    if (code !== 0) return null
    const [id = '', tree = '', parents = '', an = '', ae = '', ad = '', cn = '', ce = '', cd = '', body = ''] = stdout
      .toString()
      .split('\0')
    return {
      sha: id,
      tree,
      parents: parents === '' ? [] : parents.split(' '),
      message: body.trimEnd(),
      author: { name: an, email: ae, date: utc(ad) },
      committer: { name: cn, email: ce, date: utc(cd) },
    }
  }

  const refs = (prefix = 'refs/'): Map<string, string> => readRefs(gitDir, prefix)

  async function tree(revision: string, recursive: boolean): Promise<TreeEntry[]> {
    const listed = listTree(gitDir, revision, recursive)
    if (listed !== null) return listed
    const text = await run('ls-tree', '-z', '--long', ...(recursive ? ['-r', '-t'] : []), revision)
    return text
      .split('\0')
      .filter(Boolean)
      .map((row) => {
        const [meta = '', path = ''] = split(row, '\t')
        const [mode = '', type = '', sha = '', size = ''] = meta.split(/\s+/)
        return { path, mode, type: type as TreeEntry['type'], sha, size: size === '-' ? null : Number(size) }
      })
  }

  /** The tree that `base` becomes with `changes`; a change without a sha removes the path. */
  async function writeTree(base: string | null, changes: TreeChange[]): Promise<string> {
    const loose = writeLooseTree(gitDir, base, changes)
    if (loose !== null) return loose
    const scratch = await mkdtemp(join(tmpdir(), 'world-index-'))
    const env = { GIT_INDEX_FILE: join(scratch, 'index'), GIT_DIR: gitDir }
    try {
      await git(gitDir, ['read-tree', ...(base === null ? ['--empty'] : [base])], '', env)
      const rows = changes
        .filter((change) => change.mode !== '040000')
        .map((change) => `${change.sha === null ? '0' : change.mode} ${change.sha ?? none}\t${change.path}\0`)
      await git(gitDir, ['update-index', '--replace', '-z', '--index-info'], rows.join(''), env)
      for (const change of changes.filter((change) => change.mode === '040000' && change.sha !== null)) {
        await git(gitDir, ['read-tree', `--prefix=${change.path}/`, change.sha ?? none], '', env)
      }
      return (await git(gitDir, ['write-tree'], '', env)).trim()
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  }

  async function writeCommit(made: NewCommit): Promise<string> {
    const lines = [
      `tree ${made.tree}`,
      ...made.parents.map((parent) => `parent ${parent}`),
      `author ${signature(made.author)}`,
      `committer ${signature(made.committer)}`,
      '',
      made.message.endsWith('\n') ? made.message : `${made.message}\n`,
    ]
    return writeObject(gitDir, 'commit', Buffer.from(lines.join('\n')))
  }

  /** Commits `files` on top of `parent`, or as a first commit; no ref is moved. Answers the sha. */
  async function commitFiles(
    parent: string | null,
    files: Files,
    message: string,
    author: Identified,
  ): Promise<string> {
    const base = parent === null ? null : await resolve(parent, 'tree')
    const changes = filesOf(files).map(([path, file]) => ({
      path,
      mode: file?.mode ?? '100644',
      sha: file && writeObject(gitDir, 'blob', Buffer.from(file.content)),
    }))
    const tree = await writeTree(base, changes)
    return writeCommit({ tree, parents: parent === null ? [] : [parent], message, author, committer: author })
  }

  /** Moves a ref if it still stands at `from` (null: if it doesn't exist). Answers whether it moved. */
  async function moveRef(ref: string, to: string, from: string | null): Promise<boolean> {
    return writeRef(gitDir, ref, to, from) ?? (await tryGit(gitDir, ['update-ref', ref, to, from ?? none])).code === 0
  }

  async function diff(base: string, head: string): Promise<FileDiff[]> {
    const text = await run('diff', '--raw', '--patch', '-z', '--no-abbrev', '-M', '--full-index', base, head)
    // The fields of `--raw` end with a NUL each, and one more parts them from the patches.
    const end = text.indexOf('\0\0')
    const patches = text.slice(end + 2).split(/^(?=diff --git )/m)
    return readRaw(text.slice(0, end + 1)).map((file) => {
      const patch = patches.shift() ?? ''
      // A file that became a symlink, or the reverse, has two patches: one that removes it and one that adds it.
      return withPatch(file, file.status === 'changed' ? patch + (patches.shift() ?? '') : patch)
    })
  }

  /** The merged tree of two commits, or null when they conflict. */
  async function mergeTrees(ours: string, theirs: string): Promise<string | null> {
    if (hasAncestor(gitDir, ours, theirs)) return resolve(theirs, 'tree')
    const { code, stdout } = await tryGit(gitDir, ['merge-tree', '--write-tree', ours, theirs])
    return code === 0 ? (stdout.toString().split('\n')[0] ?? '').trim() : null
  }

  /** `shas` picked one after the other onto `onto`: the last new commit, or null on a conflict. */
  async function pick(onto: string, shas: string[], committer: Identified): Promise<string | null> {
    const scratch = await mkdtemp(join(tmpdir(), 'world-pick-'))
    const env = {
      GIT_COMMITTER_NAME: committer.name,
      GIT_COMMITTER_EMAIL: committer.email,
      GIT_COMMITTER_DATE: committer.date,
    }
    try {
      await git(gitDir, ['worktree', 'add', '-q', '--detach', scratch, onto])
      const { code } = await tryGit(scratch, ['cherry-pick', '--allow-empty', ...shas], '', env)
      return code === 0 ? (await git(scratch, ['rev-parse', 'HEAD'])).trim() : null
    } finally {
      await tryGit(gitDir, ['worktree', 'remove', '--force', scratch])
      await rm(scratch, { recursive: true, force: true })
    }
  }

  return {
    gitDir,
    resolve,
    typeOf,
    blob,
    commit,
    ref: (name: string): string | null => readRef(gitDir, name),
    refs,
    tree,
    writeTree,
    writeCommit,
    commitFiles,
    moveRef,
    diff,
    mergeTrees,
    pick,
    writeBlob: async (content: Buffer): Promise<string> => writeObject(gitDir, 'blob', content),
    /** Lets a ref name `to`, whatever it named. */
    setRef: async (ref: string, to: string): Promise<void> => {
      if (!writeRef(gitDir, ref, to)) await run('update-ref', ref, to)
    },
    deleteRef: (ref: string): Promise<string> => run('update-ref', '-d', ref),
    isAncestor: async (old: string, young: string): Promise<boolean> =>
      hasAncestor(gitDir, old, young) ?? (await tryGit(gitDir, ['merge-base', '--is-ancestor', old, young])).code === 0,
    mergeBase: async (one: string, other: string): Promise<string> => {
      if (hasAncestor(gitDir, one, other)) return one
      if (hasAncestor(gitDir, other, one)) return other
      return line('merge-base', one, other)
    },
    /** Commits reachable from the first and not from the second, oldest first. */
    between: async (from: string, to: string): Promise<string[]> =>
      commitsBetween(gitDir, from, to) ??
      (await run('rev-list', '--reverse', '--topo-order', `${from}..${to}`)).split('\n').filter(Boolean),
    log: async (from: string, path: string | null): Promise<string[]> =>
      (await run('rev-list', '--max-count=500', from, ...(path === null ? [] : ['--', path])))
        .split('\n')
        .filter(Boolean),
    textDiff: (base: string, head: string): Promise<string> => run('diff', '-M', '--full-index', base, head),
  }
}

/** Git's `--raw -z`: `:oldmode newmode oldsha newsha status\0path\0`, with a second path for a rename. */
function readRaw(raw: string): FileDiff[] {
  const fields = raw.split('\0')
  const files: FileDiff[] = []
  const names = { A: 'added', D: 'removed', M: 'modified', T: 'changed', R: 'renamed' } as const
  for (let at = 0; at < fields.length - 1; ) {
    const [, , oldSha = '', newSha = '', code = 'M'] = (fields[at++] ?? '').split(' ')
    const first = fields[at++] ?? ''
    const renamed = code.startsWith('R')
    const second = renamed ? (fields[at++] ?? '') : first
    const status = names[code.charAt(0) as keyof typeof names] ?? 'modified'
    files.push({
      filename: second,
      previousFilename: renamed ? first : null,
      status,
      sha: status === 'removed' ? oldSha : newSha,
      additions: 0,
      deletions: 0,
      patch: null,
    })
  }
  return files
}

function withPatch(file: FileDiff, patch: string): FileDiff {
  const start = patch.indexOf('\n@@ ')
  if (start < 0) return file
  const body = patch.slice(start + 1).replace(/\n$/, '')
  const lines = body.split('\n')
  return {
    ...file,
    patch: body,
    additions: lines.filter((text) => text.startsWith('+')).length,
    deletions: lines.filter((text) => text.startsWith('-')).length,
  }
}

const signature = (who: Identified): string =>
  `${who.name} <${who.email}> ${Math.floor(Date.parse(who.date) / 1000)} +0000`

const identified = ({ name, email, seconds }: Signed): Identified => ({
  name,
  email,
  date: utc(new Date(seconds * 1000).toISOString()),
})

const utc = (date: string): string => `${new Date(date).toISOString().slice(0, 19)}Z`

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
