/**
 * What takes seconds to make and is the same each time, kept from one start of the tests to the next: found by what it was
 * made from, so that a changed migration makes it anew.
 */
import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const CACHE = join(ROOT, 'node_modules/.cache/purser-tests')
const DAY_MS = 86_400_000

/** The folder that `make` has filled, now or earlier from the same `madeFrom` and the same code and migrations. */
export async function kept(
  name: string,
  madeFrom: readonly string[],
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([madeFrom, await sources()]))
  const folder = join(CACHE, `${name}-${hash.digest('hex').slice(0, 16)}`)
  if (await isThere(folder)) return folder
  await mkdir(CACHE, { recursive: true })
  const unfinished = await mkdtemp(join(CACHE, 'unfinished-'))
  await make(unfinished)
  // Where another start of the tests was quicker, its folder stays.
  await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true, force: true }))
  await removeOld(name, folder)
  return folder
}

/** All that decides what a fresh, migrated database is like: paths and contents. */
async function sources(): Promise<readonly string[]> {
  const folders = ['prisma', 'app/database', 'test/app/database']
  const files = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    }),
  )
  const paths = [...files.flat().toSorted(), join(ROOT, 'app/work.ts'), join(ROOT, 'package-lock.json')]
  return Promise.all(paths.map(async (path) => `${path.slice(ROOT.length)}\n${await readFile(path, 'utf8')}`))
}

/** Those of other sources, once no start of the tests can be using them any more. */
async function removeOld(name: string, current: string): Promise<void> {
  for (const entry of await readdir(CACHE)) {
    const folder = join(CACHE, entry)
    if (folder === current || !(entry.startsWith(`${name}-`) || entry.startsWith('unfinished-'))) continue
    const { mtimeMs } = await stat(folder)
    if (Date.now() - mtimeMs > DAY_MS) await rm(folder, { recursive: true, force: true })
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
