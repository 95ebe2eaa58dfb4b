/** The repository that `purser run` works for: its commit, and its working tree when the work is done. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Refusal, refuse } from '../core/reason.ts'
import { git } from './git.ts'

export interface LocalHead {
  readonly sha: string
  readonly title: string
  /** What the commit is compared with: where it left the default branch, else the commit before it. */
  readonly baseSha: string | undefined
  readonly objectsDir: string
  /** Whether something is not committed, which a run does not see. */
  readonly dirty: boolean
}

export function readHead(root: string): LocalHead | Refusal {
  const sha = git(root, ['rev-parse', '--verify', 'HEAD^{commit}'])
  if (sha === undefined) {
    return refuse(
      'checkout-failed',
      `${root} has no commit to work on.`,
      'Commit something first; a run is pinned to a commit.',
    )
  }
  const branched = git(root, ['merge-base', 'HEAD', 'origin/HEAD'])
  const baseSha = branched !== undefined && branched !== sha ? branched : git(root, ['rev-parse', '--verify', 'HEAD^1'])
  return {
    sha,
    title: (git(root, ['log', '-1', '--format=%s']) ?? '').slice(0, 500),
    baseSha,
    objectsDir: resolve(root, git(root, ['rev-parse', '--git-path', 'objects']) ?? '.git/objects'),
    dirty: (git(root, ['status', '--porcelain', '--untracked-files=no']) ?? '') !== '',
  }
}

export interface AppliedWork {
  readonly applied: boolean
  /** Where the patch lies, when there is one. */
  readonly patch: string | null
  readonly says: string
}

/** Writes the patch beside the report, and applies it where it applies cleanly. */
export function applyWork(root: string, patch: string, patchFile: string, deliverable: boolean): AppliedWork {
  if (patch === '') return { applied: false, patch: null, says: 'Nothing was changed.' }
  writeFileSync(patchFile, patch)
  const look = `Look at it, or apply it yourself: git apply ${patchFile}`
  if (!deliverable) return { applied: false, patch: patchFile, says: `The work was not applied. ${look}` }
  const applied = git(root, ['apply', '--whitespace=nowarn', patchFile]) !== undefined
  if (!applied)
    return { applied, patch: patchFile, says: `The work does not apply cleanly to your working tree. ${look}` }
  return { applied, patch: patchFile, says: 'The work is in your working tree, not committed.' }
}

/** Keeps `.purser/` out of commits without touching a file of the repository. */
export function ignoreKept(root: string): void {
  const path = git(root, ['rev-parse', '--git-path', 'info/exclude'])
  if (path === undefined || git(root, ['check-ignore', '--quiet', '.purser/runs']) !== undefined) return
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
