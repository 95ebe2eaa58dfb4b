/** A file or a folder that the system refuses, in words: what is wrong with which, what was expected, an example. */

interface Wrong {
  readonly is: string
  readonly expected: string
  readonly example: string
}

const MOVED: Wrong = {
  is: 'lies in what is a file',
  expected: 'folders all the way to it',
  example: 'after moving that file elsewhere',
}
const RIGHTS: Wrong = {
  is: 'may not be used by this user',
  expected: 'the right to read and write it',
  example: 'after `chown` or `chmod u+rw`',
}
const ROOM: Wrong = {
  is: 'can’t be written, since there is no room left on its disk',
  expected: 'some',
  example: 'after clearing the temporary folder',
}

/** By the code of the system. */
const WRONG: Readonly<Record<string, Wrong>> = {
  ENOTDIR: MOVED,
  EEXIST: { is: 'is there already', expected: 'nothing there', example: 'after moving it elsewhere' },
  EISDIR: { is: 'is a folder', expected: 'a plain file', example: 'after moving that folder elsewhere' },
  ENOENT: { is: 'is not there', expected: 'one that is', example: 'a name that `ls` shows' },
  EACCES: RIGHTS,
  EPERM: RIGHTS,
  EROFS: { is: 'can’t be written there', expected: 'a disk that is not read-only', example: 'another folder' },
  ENOSPC: ROOM,
  EDQUOT: ROOM,
  ELOOP: { is: 'is a link that leads to itself', expected: 'a plain file or folder', example: 'after removing it' },
  ENAMETOOLONG: { is: 'has too long a name', expected: 'a shorter one', example: 'a folder nearer to the root' },
}

/** `undefined` for everything that is not about a file, or not known. */
export function systemProblem(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && 'path' in error)) return undefined
  const wrong = WRONG[String(error.code)]
  if (wrong === undefined) return undefined
  return `${String(error.path)} ${wrong.is} (${String(error.code)}); expected ${wrong.expected}; for example ${wrong.example}`
}
