/** What a repository's refs name, read from its files: a process of git for each of a test's questions takes longer. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The id that `ref` names, or null; no symbolic refs. */
export async function readRef(gitDir: string, ref: string): Promise<string | null> {
  const loose = await readLoose(gitDir, ref)
  return loose ?? (await readPacked(gitDir)).get(ref) ?? null
}

/** Every ref whose name begins with `prefix`, by name. */
export async function readRefs(gitDir: string, prefix = 'refs/'): Promise<Map<string, string>> {
  const found = await readPacked(gitDir)
  const entries = await readdir(join(gitDir, 'refs'), { recursive: true, withFileTypes: true })
  const names = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.lock'))
    .map((entry) => join(entry.parentPath, entry.name).slice(join(gitDir, '/').length))
  for (const name of names) {
    const sha = await readLoose(gitDir, name)
    if (sha !== null) found.set(name, sha)
  }
  return new Map(
    [...found].filter(([name]) => name.startsWith(prefix)).sort(([one], [other]) => (one < other ? -1 : 1)),
  )
}

/** Null where there is none, also when it went in the meantime. */
async function readLoose(gitDir: string, ref: string): Promise<string | null> {
  const text = await readFile(join(gitDir, ref), 'utf8').catch(() => '')
  return /^[0-9a-f]{40}$/m.exec(text)?.[0] ?? null
}

async function readPacked(gitDir: string): Promise<Map<string, string>> {
  const text = await readFile(join(gitDir, 'packed-refs'), 'utf8').catch(() => '')
  return new Map([...text.matchAll(/^([0-9a-f]{40}) (\S+)$/gm)].map(([, sha = '', name = '']) => [name, sha]))
}
