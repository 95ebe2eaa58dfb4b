/**
 * What a repository's refs name, read from its files: a process of git for each of a test's questions takes longer. So
 * does waiting for another thread to read the few bytes of each.
 */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The id that `ref` names, or null; no symbolic refs. */
export function readRef(gitDir: string, ref: string): string | null {
  return readLoose(gitDir, ref) ?? readPacked(gitDir).get(ref) ?? null
}

/** Every ref whose name begins with `prefix`, by name. */
export function readRefs(gitDir: string, prefix = 'refs/'): Map<string, string> {
  const found = readPacked(gitDir)
  const entries = readdirSync(join(gitDir, 'refs'), { recursive: true, withFileTypes: true })
  const names = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.lock'))
    .map((entry) => join(entry.parentPath, entry.name).slice(join(gitDir, '/').length))
  for (const name of names) {
    const sha = readLoose(gitDir, name)
    if (sha !== null) found.set(name, sha)
  }
  return new Map(
    [...found].filter(([name]) => name.startsWith(prefix)).sort(([one], [other]) => (one < other ? -1 : 1)),
  )
}

/** Names that git takes without a doubt. */
const plainName = /^refs\/(heads|tags|pull)(\/[A-Za-z0-9][\w-]*)+$/

/**
 * Lets `ref` name `to`, under the lock that git takes: where it names `from` (null: nothing), or whatever it names when that
 * is left out. Answers whether it did; null for what git has to be asked.
 */
export function writeRef(gitDir: string, ref: string, to: string, from?: string | null): boolean | null {
  if (!plainName.test(ref)) return null
  const path = join(gitDir, ref)
  const lock = `${path}.lock`
  let file: number
  try {
    mkdirSync(dirname(path), { recursive: true })
    file = openSync(lock, 'wx')
  } catch {
    return null
  }
  let isMoved = false
  try {
    if (from !== undefined && readRef(gitDir, ref) !== from) return false
    writeSync(file, `${to}\n`)
    renameSync(lock, path)
    isMoved = true
    return true
  } catch {
    return null
  } finally {
    closeSync(file)
    if (!isMoved) rmSync(lock, { force: true })
  }
}

/** Null where there is none, also when it went in the meantime. */
function readLoose(gitDir: string, ref: string): string | null {
  const text = readText(join(gitDir, ref))
  return /^[0-9a-f]{40}$/m.exec(text)?.[0] ?? null
}

function readPacked(gitDir: string): Map<string, string> {
  const text = readText(join(gitDir, 'packed-refs'))
  return new Map([...text.matchAll(/^([0-9a-f]{40}) (\S+)$/gm)].map(([, sha = '', name = '']) => [name, sha]))
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
