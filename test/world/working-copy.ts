import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Files } from './contract.ts'
import { filesOf } from './files.ts'
import { git } from './git-process.ts'
import type { Identified } from './git-store.ts'

/** Writes `files` into a checkout and commits all that is there; an empty commit is allowed. Answers the sha. */
export async function commitFiles(
  checkout: string,
  files: Files,
  message: string,
  author: Identified,
): Promise<string> {
  for (const [path, file] of filesOf(files)) {
    const target = join(checkout, path)
    await rm(target, { force: true, recursive: true })
    if (file === null) continue
    await mkdir(dirname(target), { recursive: true })
    if (file.mode === '120000') await symlink(file.content.toString(), target)
    else await writeFile(target, file.content, { mode: file.mode === '100755' ? 0o755 : 0o644 })
  }
  await git(checkout, ['add', '--all', '--force'])
  await git(checkout, ['commit', '-q', '--allow-empty', '-m', message], '', identityEnv(author))
  return (await git(checkout, ['rev-parse', 'HEAD'])).trim()
}

export const identityEnv = (who: Identified): Record<string, string> => ({
  GIT_AUTHOR_NAME: who.name,
  GIT_AUTHOR_EMAIL: who.email,
  GIT_AUTHOR_DATE: who.date,
  GIT_COMMITTER_NAME: who.name,
  GIT_COMMITTER_EMAIL: who.email,
  GIT_COMMITTER_DATE: who.date,
})
