/** Reading the layers of working trees, each from its `.github/purser`. */
import { closeSync, lstatSync, openSync, readdirSync, readSync, realpathSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { LAYER_FILE_BYTES_MAX, LAYER_FILES_MAX, type Layer, type LayerName } from '../core/config/configuration.ts'
import { ORGANISATION_REPOSITORIES } from '../core/config/settings.ts'
import { type Refusal, refuse } from '../core/reason.ts'
import { wrongFolder } from './places.ts'

export const LAYER_FOLDER = '.github/purser'
/** What can be nothing else: a file of that name would be overlooked, with all that was meant to be in it. */
const FOLDERS = [`${LAYER_FOLDER}/catalog/agents`, `${LAYER_FOLDER}/catalog/skills`] as const
/** Folders within folders below the layer's root; a catalog needs three. */
const FOLDER_DEPTH_MAX = 6

/** The repository that a folder belongs to: the nearest above it with `.git` or a layer, else the folder itself. */
export function repositoryRoot(dir: string): string {
  const start = resolve(dir)
  for (let at = start; ; at = dirname(at)) {
    if (exists(join(at, '.git')) || exists(join(at, LAYER_FOLDER))) return at
    if (dirname(at) === at) return start
  }
}

/** The layer of a working tree; without files where there is no such folder. Links are not followed. */
export function readFolderLayer(root: string, name: LayerName): Layer | Refusal {
  const folder = join(root, LAYER_FOLDER)
  const shownRoot = name === 'organisation' ? folder : LAYER_FOLDER
  for (const path of FOLDERS) {
    const refusal = wrongFolder(root, path)
    if (refusal === undefined) continue
    return name === 'organisation' ? { ...refusal, message: `In ${root}: ${refusal.message}` } : refusal
  }
  if (!exists(folder)) return { name, root: shownRoot, files: new Map() }
  if (!isBelow(realpathSync(folder), realpathSync(root))) {
    return refuse('configuration-invalid', `${LAYER_FOLDER} is a link out of the repository.`, 'Make it a folder.')
  }
  const paths = listFiles(folder)
  if (paths.length > LAYER_FILES_MAX) {
    return refuse(
      'configuration-invalid',
      `${LAYER_FOLDER} holds more than ${LAYER_FILES_MAX} files.`,
      'Keep only what the catalog needs there.',
    )
  }
  const files = new Map(paths.map((path) => [path, readBounded(join(folder, path))]))
  // A checkout of such a repository has its name, by git's custom and in GitHub's own jobs.
  return { name, root: shownRoot, files, isShared: ORGANISATION_REPOSITORIES.includes(basename(resolve(root))) }
}

/** Plain files only, with `/` in their paths, sorted; one more than allowed at most. */
function listFiles(root: string): string[] {
  const found: string[] = []
  const visit = (folder: string, depth: number): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (found.length > LAYER_FILES_MAX) return
      const path = join(folder, entry.name)
      if (entry.isDirectory() && depth < FOLDER_DEPTH_MAX) visit(path, depth + 1)
      else if (entry.isFile() && /\.(md|ya?ml)$/.test(entry.name)) found.push(relative(root, path).split(sep).join('/'))
    }
  }
  visit(root, 1)
  return found.sort()
}

/** A longer file comes back a byte too long, which is enough for it to be called too long. */
function readBounded(file: string): string {
  const buffer = Buffer.alloc(LAYER_FILE_BYTES_MAX + 1)
  const descriptor = openSync(file, 'r')
  try {
    let length = 0
    for (;;) {
      const read = readSync(descriptor, buffer, length, buffer.length - length, null)
      length += read
      if (read === 0 || length === buffer.length) return buffer.toString('utf8', 0, length)
    }
  } finally {
    closeSync(descriptor)
  }
}

function exists(path: string): boolean {
  try {
    lstatSync(path)
    return true
  } catch {
    return false
  }
}

function isBelow(path: string, root: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep)
}
