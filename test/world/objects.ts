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

export function writeBlob(gitDir: string, content: Buffer): string {
  const raw = Buffer.concat([Buffer.from(`blob ${content.length}\0`), content])
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

/** As `git ls-tree --long` lists what `id` names; with `recursive` what is in its trees too, behind each. */
export function listTree(gitDir: string, id: string, recursive: boolean, prefix = ''): Listed[] | null {
  const body = readTree(gitDir, id)
  if (body === null) return null
  const listed: Listed[] = []
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf(0, at)
    const entry = body.toString('utf8', at, end)
    const space = entry.indexOf(' ')
    const sha = body.toString('hex', end + 1, end + 21)
    at = end + 21
    const mode = entry.slice(0, space).padStart(6, '0')
    const path = prefix + entry.slice(space + 1)
    const type = mode === '040000' ? 'tree' : mode === '160000' ? 'commit' : 'blob'
    const blob = type === 'blob' ? readObject(gitDir, sha) : undefined
    if (blob === null) return null
    listed.push({ path, mode, type, sha, size: blob?.body.length ?? null })
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

/** The commits after `from` up to `to`, oldest first, where each of them has one parent. */
export function lineBetween(gitDir: string, from: string, to: string): string[] | null {
  const line: string[] = []
  for (let id = to; id !== from; ) {
    const [parent, ...others] = readCommit(gitDir, id)?.parents ?? []
    if (parent === undefined || others.length > 0) return null
    line.unshift(id)
    id = parent
  }
  return line
}
