/** Path patterns that can never match, since paths are given from the repository's root and with `/`. */
import type { Path } from './document.ts'
import type { Finding } from './problem.ts'

export function globFindings(globs: readonly string[], path: Path): { path: Path; finding: Finding }[] {
  return globs.flatMap((glob, index) => {
    const wrong = reason(glob)
    if (wrong === undefined) return []
    const example =
      glob
        .replaceAll('\\', '/')
        .replace(/^(!|\.?\/+|(\.\.\/)+)+/, '')
        .replaceAll('/../', '/') || '**'
    return [
      {
        path: [...path, index],
        finding: { wrong: `"${glob}" ${wrong}`, expected: 'a pattern from the repository’s root', example },
      },
    ]
  })
}

function reason(glob: string): string | undefined {
  if (glob.startsWith('!')) return 'begins with !, which turns nothing around here'
  if (glob.startsWith('/')) return 'begins with /, and no path does'
  if (glob.startsWith('./')) return 'begins with ./, and no path does'
  if (glob.includes('\\')) return 'has a backslash, and paths have /'
  if (glob.split('/').includes('..')) return 'goes up with .., and nothing above the root is reached'
  return undefined
}
