/** From a path that a model wrote to a file below the workspace, and nowhere else. */
import { lstat, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'

/** A real path below the root, or why there is none, in words for the model. */
export type Place = { readonly path: string } | { readonly problem: string }

/**
 * Follows links and takes the result only if it lies below `root`. For a file that is to be made, its directory is
 * what has to be there. Nothing that could change a file runs beside a tool, so what is checked here stays so.
 */
export async function placeBelow(root: string, written: string): Promise<Place> {
  const realRoot = await realpath(root)
  const asked = isAbsolute(written) ? relativeToMount(written) : written
  const wanted = resolve(realRoot, asked)
  if (wanted !== realRoot && !isBelow(wanted, realRoot)) return outside(written)
  const real = await realpath(wanted).catch(() => undefined)
  if (real !== undefined) return real === realRoot || isBelow(real, realRoot) ? { path: real } : outside(written)
  if (await isLink(wanted)) return { problem: `error: ${written} is a link to nothing` }
  const parent = await nearestDirectory(dirname(wanted))
  if (parent === undefined || !(parent.real === realRoot || isBelow(parent.real, realRoot))) return outside(written)
  return { path: join(parent.real, relative(parent.named, wanted)) }
}

/** Commands see the workspace as `/tmp/repo`, so that is how a model may write a path. */
function relativeToMount(path: string): string {
  return path.startsWith('/tmp/repo/') ? path.slice('/tmp/repo/'.length) : path === '/tmp/repo' ? '.' : path
}

/** The nearest directory that is there, as named and as it really is; none when the way leads over a dangling link. */
async function nearestDirectory(dir: string): Promise<{ named: string; real: string } | undefined> {
  for (let named = dir; ; named = dirname(named)) {
    const real = await realpath(named).catch(() => undefined)
    if (real !== undefined) return { named, real }
    if (await isLink(named)) return undefined
  }
}

async function isLink(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  return found?.isSymbolicLink() === true
}

function isBelow(path: string, dir: string): boolean {
  return path.startsWith(`${dir}${sep}`)
}

function outside(written: string): Place {
  return {
    problem: `error: ${basename(written) === '' ? 'that' : written} is not in the workspace; give a path relative to it`,
  }
}
