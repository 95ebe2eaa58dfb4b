/**
 * A repository's loose objects, read and written where git keeps them: a process of git for each of a test's questions
 * takes a hundred times longer. What is not loose, or is nothing simple, is null here, and git is asked.
 */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync, inflateSync } from 'node:zlib'

export type GitObject = { type: string; body: Buffer }
export type Signed = { name: string; email: string; seconds: number }
export type CommitObject = { tree: string; parents: string[]; author: Signed; committer: Signed; message: string }
export type Listed = { path: string; mode: string; type: 'blob' | 'tree' | 'commit'; sha: string; size: number | null }

const isId = (text: string): boolean => /^[0-9a-f]{40}$/.test(text)
const pathOf = (gitDir: string, id: string): string => join(gitDir, 'objects', id.slice(0, 2), id.slice(2))

export function readObject(gitDir: string, id: string): GitObject | null {
  if (!isId(id)) return null
  let raw: Buffer
  try {
    raw = inflateSync(readFileSync(pathOf(gitDir, id)))
  } catch {
    return null
  }
  const end = raw.indexOf(0)
  const [type = ''] = raw.toString('latin1', 0, end).split(' ')
  return { type, body: raw.subarray(end + 1) }
}

export function writeObject(gitDir: string, type: 'blob' | 'tree' | 'commit', content: Buffer): string {
  const raw = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content])
  const id = createHash('sha1').update(raw).digest('hex')
  const path = pathOf(gitDir, id)
  if (existsSync(path)) return id
  mkdirSync(join(path, '..'), { recursive: true })
  const unfinished = join(gitDir, 'objects', `tmp_obj_${randomUUID()}`)
  writeFileSync(unfinished, deflateSync(raw), { mode: 0o444 })
  renameSync(unfinished, path)
  return id
}

/** Null for what is no commit, too. */
export function readCommit(gitDir: string, id: string): CommitObject | null {
  const object = readObject(gitDir, id)
  if (object?.type !== 'commit') return null
  const text = object.body.toString()
  const end = text.indexOf('\n\n')
  const head = text.slice(0, end).split('\n')
  const values = (name: string): string[] =>
    head.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1))
  const [tree] = values('tree')
  const author = readSigned(values('author')[0])
  const committer = readSigned(values('committer')[0])
  if (tree === undefined || author === null || committer === null || values('encoding').length > 0) return null
  return { tree, parents: values('parent'), author, committer, message: text.slice(end + 2) }
}

function readSigned(line = ''): Signed | null {
  const found = /^(.*) <(.*)> (\d+) [+-]\d{4}$/.exec(line)
  return found && { name: found[1] ?? '', email: found[2] ?? '', seconds: Number(found[3]) }
}

interface TreeItem {
  mode: string
  sha: string
}

const TREE = '40000'

/**
 * Writes the tree that `base` becomes with `changes`; a change without a sha removes the path, and one below a file
 * replaces that. Answers null when a tree on the way can't be read.
 */
export function writeTree(
  gitDir: string,
  base: string | null,
  changes: readonly { path: string; mode: string; sha: string | null }[],
): string | null {
  const items = base === null ? new Map<string, TreeItem>() : readItems(gitDir, base)
  // A name that is no UTF-8 would not be written as it was read.
  if (items === null || [...items.keys()].some((name) => name.includes('\ufffd'))) return null
  const below = new Map<string, { path: string; mode: string; sha: string | null }[]>()
  for (const { path, mode, sha } of changes) {
    const [name = '', ...rest] = path.split('/')
    if (rest.length > 0) below.set(name, [...(below.get(name) ?? []), { path: rest.join('/'), mode, sha }])
    else if (sha === null) items.delete(name)
    else items.set(name, { mode: mode.replace(/^0/, ''), sha })
  }
  for (const [name, within] of below) {
    const there = items.get(name)
    const isTree = there?.mode === TREE
    if (there !== undefined && !isTree && within.every(({ sha }) => sha === null)) continue
    const sha = writeTree(gitDir, isTree ? there.sha : null, within)
    if (sha === null) return null
    if (sha === EMPTY_TREE) items.delete(name)
    else items.set(name, { mode: TREE, sha })
  }
  // Git orders a tree as if its name ended with a slash.
  const ordered = [...items]
    .map(([name, { mode, sha }]) => ({ key: Buffer.from(mode === TREE ? `${name}/` : name), name, mode, sha }))
    .sort((one, other) => one.key.compare(other.key))
  const rows = ordered.flatMap(({ name, mode, sha }) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(sha, 'hex')])
  return writeObject(gitDir, 'tree', Buffer.concat(rows))
}

const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'

function readItems(gitDir: string, id: string): Map<string, TreeItem> | null {
  const body = readTree(gitDir, id)
  if (body === null) return null
  const items = new Map<string, TreeItem>()
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(32, at)
    const end = body.indexOf(0, space)
    const sha = body.toString('hex', end + 1, end + 21)
    items.set(body.toString('utf8', space + 1, end), { mode: body.toString('latin1', at, space), sha })
    at = end + 21
  }
  return items
}

/** As `git ls-tree --long` lists what `id` names; with `recursive` what is in its trees too, behind each. */
export function listTree(gitDir: string, id: string, recursive: boolean, prefix = ''): Listed[] | null {
  const items = readItems(gitDir, id)
  if (items === null) return null
  const listed: Listed[] = []
  for (const [name, item] of items) {
    const { sha } = item
    const mode = item.mode.padStart(6, '0')
    const path = prefix + name
    const type = mode === '040000' ? 'tree' : mode === '160000' ? 'commit' : 'blob'
    const size = type === 'blob' ? remembered(sizes, gitDir, sha, () => readObject(gitDir, sha)?.body.length) : null
    if (size === undefined) return null
    listed.push({ path, mode, type, sha, size })
    const below = type === 'tree' && recursive ? listTree(gitDir, sha, true, `${path}/`) : []
    if (below === null) return null
    listed.push(...below)
  }
  return listed
}

function readTree(gitDir: string, id: string): Buffer | null {
  const object = readObject(gitDir, readCommit(gitDir, id)?.tree ?? id)
  return object?.type === 'tree' ? object.body : null
}

/**
 * The commits that `to` has and `from` has not, oldest first, where they can stand in one order only: each behind its
 * parents. Null where they can't, or where a commit can't be read.
 */
export function commitsBetween(gitDir: string, from: string, to: string): string[] | null {
  const line = lineBetween(gitDir, from, to)
  if (line !== null) return line
  const had = ancestry(gitDir, from)
  const has = had && ancestry(gitDir, to)
  if (had === null || has === null) return null
  const missing = new Map([...has].filter(([id]) => !had.has(id)))
  const order: string[] = []
  while (missing.size > 0) {
    const parents = new Set([...missing.values()].flat())
    const [last, ...others] = [...missing.keys()].filter((id) => !parents.has(id))
    if (last === undefined || others.length > 0) return null
    order.unshift(last)
    missing.delete(last)
  }
  return order
}

/** Whether `young` has `old` among its ancestors, or is it; null where a commit can't be read. */
export function hasAncestor(gitDir: string, old: string, young: string): boolean | null {
  return lineBetween(gitDir, old, young) !== null || (ancestry(gitDir, young)?.has(old) ?? null)
}

/** What never changes of an object is read once, or a story would take longer the more of it lies behind. */
const parents = new Map<string, string[]>()
const sizes = new Map<string, number>()

/** By repository, since another need not have it. What can't be read is asked for again. */
function remembered<Value>(known: Map<string, Value>, gitDir: string, id: string, read: () => Value | undefined) {
  const key = `${gitDir} ${id}`
  const value = known.get(key) ?? read()
  if (value !== undefined) known.set(key, value)
  return value
}

function parentsOf(gitDir: string, id: string): string[] | undefined {
  return remembered(parents, gitDir, id, () => readCommit(gitDir, id)?.parents)
}

/** A commit and all before it, each with its parents. */
function ancestry(gitDir: string, id: string): Map<string, string[]> | null {
  const found = new Map<string, string[]>()
  for (const open = [id]; ; ) {
    const next = open.pop()
    if (next === undefined) return found
    if (found.has(next)) continue
    const parents = parentsOf(gitDir, next)
    if (parents === undefined) return null
    found.set(next, parents)
    open.push(...parents)
  }
}

/** The commits after `from` up to `to`, oldest first, where each of them has one parent. */
function lineBetween(gitDir: string, from: string, to: string): string[] | null {
  const line: string[] = []
  for (let id = to; id !== from; ) {
    const [parent, ...others] = parentsOf(gitDir, id) ?? []
    if (parent === undefined || others.length > 0) return null
    line.unshift(id)
    id = parent
  }
  return line
}
