/** Links that lead out of a repository: writing through one would change something that is not of it. */
import { lstatSync, realpathSync, type Stats } from 'node:fs'
import { dirname, sep } from 'node:path'
import { type Refusal, refuse } from '../core/reason.ts'

/** Whether what is written at `file`, below `dir`, would land outside of it. */
export function leadsOut(file: string, dir: string): boolean {
  const root = realpathSync(dir)
  for (let at = file; at !== dir && dirname(at) !== at; at = dirname(at)) {
    const stat = statOf(at)
    if (!stat) continue
    if (at === file && stat.isSymbolicLink()) return true
    const real = realpathSync(at)
    return real !== root && !real.startsWith(root + sep)
  }
  return false
}

/** Of what has the name itself, a link too; none where there is nothing, as below a file. */
export function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

export function linkedOut(path: string): Refusal {
  const message = `${path} is, or lies behind, a link out of the repository.`
  return refuse('configuration-invalid', message, 'Make it a plain file in plain folders.')
}
