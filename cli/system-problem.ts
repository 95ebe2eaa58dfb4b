/** A file or a folder that the system refuses, in words: what is wrong with which, what was expected, an example. */
import type { Finding } from '../core/config/problem.ts'

const MOVED: Finding = {
  wrong: 'lies in what is a file',
  expected: 'folders all the way to it',
  example: 'after moving that file elsewhere',
}
const RIGHTS: Finding = {
  wrong: 'may not be used by this user',
  expected: 'the right to read and write it',
  example: 'after `chown` or `chmod u+rw`',
}
const ROOM: Finding = {
  wrong: 'can’t be written, since there is no room left on its disk',
  expected: 'some',
  example: 'after clearing the temporary folder',
}

/** By the code of the system. */
const FINDINGS: Readonly<Record<string, Finding>> = {
  ENOTDIR: MOVED,
  EEXIST: { wrong: 'is there already', expected: 'nothing there', example: 'after moving it elsewhere' },
  EISDIR: { wrong: 'is a folder', expected: 'a plain file', example: 'after moving that folder elsewhere' },
  ENOENT: { wrong: 'is not there', expected: 'one that is', example: 'a name that `ls` shows' },
  EACCES: RIGHTS,
  EPERM: RIGHTS,
  EROFS: { wrong: 'can’t be written there', expected: 'a disk that is not read-only', example: 'another folder' },
  ENOSPC: ROOM,
  EDQUOT: ROOM,
  ELOOP: { wrong: 'is a link that leads to itself', expected: 'a plain file or folder', example: 'after removing it' },
  ENAMETOOLONG: { wrong: 'has too long a name', expected: 'a shorter one', example: 'a folder nearer to the root' },
}

/** `undefined` for everything that is not about a file, or not known. */
export function systemProblem(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && 'path' in error)) return undefined
  const finding = FINDINGS[String(error.code)]
  if (finding === undefined) return undefined
  return `${String(error.path)} ${finding.wrong} (${String(error.code)}); expected ${finding.expected}; for example ${finding.example}`
}
