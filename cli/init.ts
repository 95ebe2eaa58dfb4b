/** `purser init`: writes what a repository starts with. What is there already stays as it is. */
import { lstatSync, mkdirSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { refuse } from '../core/reason.ts'
import type { InitOptions } from './commands/init.ts'
import { type ExitCode, endRefused, exitCodes, printJson } from './exit.ts'
import { starterFiles } from './starter.ts'

const NEXT = [
  'Look at the budgets in .github/purser/portfolios.yml, then run `purser check`.',
  'Commit both folders to the default branch; nothing on another branch is read.',
  'On GitHub make an environment `purser` that only the default branch may use, with the secret OPENAI_API_KEY.',
  'Set the variable PURSER_APP_URL to your App’s address. Without an App only the cap of each run is kept.',
]

export function init(dir: string, { force, json }: InitOptions): ExitCode {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) {
    return endRefused(
      refuse('no-configuration', `There is no folder ${dir}.`, 'Name the folder of a repository.'),
      json,
    )
  }
  const written: string[] = []
  const kept: string[] = []
  for (const [path, text] of Object.entries(starterFiles())) {
    const file = join(dir, path)
    if (leadsOut(file, dir)) {
      return endRefused(
        refuse(
          'configuration-invalid',
          `${path} is, or lies behind, a link out of the repository.`,
          'Make it a plain file in plain folders.',
        ),
        json,
      )
    }
    if (!force && lstatSync(file, { throwIfNoEntry: false })) {
      kept.push(path)
      continue
    }
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    written.push(path)
  }
  if (json) printJson({ written, kept, next: NEXT })
  else process.stdout.write(`${summary(written, kept)}\n`)
  return exitCodes.done
}

function summary(written: readonly string[], kept: readonly string[]): string {
  return [
    ...written.map((path) => `wrote ${path}`),
    ...kept.map((path) => `kept  ${path} (it is there already; --force writes over it)`),
    '',
    'Next:',
    ...NEXT.map((step, index) => `${index + 1}. ${step}`),
  ].join('\n')
}

/** Writing through a link would change something that is not of this repository. */
function leadsOut(file: string, dir: string): boolean {
  const root = realpathSync(dir)
  for (let at = file; at !== dir && dirname(at) !== at; at = dirname(at)) {
    const stat = lstatSync(at, { throwIfNoEntry: false })
    if (!stat) continue
    if (at === file && stat.isSymbolicLink()) return true
    const real = realpathSync(at)
    return real !== root && !real.startsWith(root + sep)
  }
  return false
}
