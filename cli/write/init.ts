/** `purser init`: writes what a repository starts with. What is there already stays as it is. */
import { lstatSync, realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import type { InitOptions } from '../commands/init.ts'
import { type ExitCode, endRefused, endWrongUsage, exitCodes, printJson } from '../exit.ts'
import { isBare, withoutGit, workingCopyOf } from '../git.ts'
import { leadsOut, linkedOut } from '../links.ts'
import { wrongFile } from '../places.ts'
import { isAction, ownAction, placeholderProblems } from './own-action.ts'
import { ACTION_PLACEHOLDER, ACTIONS_WORKFLOW, deliveryOf, starterFiles } from './starter.ts'
import { type WholeFile, writeWhole } from './write-whole.ts'

const NEXT = [
  'Look at the budgets in .github/purser/portfolios.yml, then run `purser check`.',
  'Commit both folders to the default branch; nothing on another branch is read.',
  'On GitHub make an environment `purser` that only the default branch may use, with the secret OPENAI_API_KEY.',
  'Set the variable PURSER_APP_URL to your App’s address. Without an App only the cap of each run is kept.',
]
const REPLACE =
  `In ${ACTIONS_WORKFLOW} replace ${ACTION_PLACEHOLDER} by the repository and the branch or tag that your Purser is ` +
  `kept in, and ${deliveryOf(ACTION_PLACEHOLDER)} likewise.`

export function init(dir: string, { force, json, action = ownAction() }: InitOptions): ExitCode {
  if (!isAction(action)) {
    return endWrongUsage(`"${action}" is no Action; expected OWNER/REPO@REF; for example acme/purser@v1`, json)
  }
  const root = topOf(dir)
  if (isRefusal(root)) return endRefused(root, json)
  const places: (WholeFile & { kept: boolean })[] = []
  for (const [path, text] of Object.entries(starterFiles(action))) {
    const file = join(root, path)
    const refusal = wrongFile(root, path) ?? (leadsOut(file, root) ? linkedOut(path) : undefined)
    if (refusal !== undefined) return endRefused(refusal, json)
    const isNew = lstatSync(file, { throwIfNoEntry: false }) === undefined
    places.push({ path, file, text, isNew, kept: !force && !isNew })
  }
  writeWhole(places.filter((place) => !place.kept))
  const written = places.flatMap((place) => (place.kept ? [] : [place.path]))
  const kept = places.flatMap((place) => (place.kept ? [place.path] : []))
  const next = placeholderProblems(root).length > 0 ? [REPLACE, ...NEXT] : NEXT
  if (json) printJson({ root, written, kept, next })
  else process.stdout.write(`${[...where(dir, root), ...summary(written, kept, next)].join('\n')}\n`)
  return exitCodes.done
}

/** Configuration is read from the top of a working copy alone. */
function topOf(dir: string): string | Refusal {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) {
    return refuse('no-configuration', `There is no folder ${dir}.`, 'Name the folder of a repository.')
  }
  const top = workingCopyOf(dir)
  if (top !== undefined) return top
  const { message, todo } = withoutGit() ?? (isBare(dir) ? withoutFiles(dir) : withoutRepository(dir))
  return refuse('no-configuration', message, todo)
}

function withoutFiles(dir: string) {
  return {
    message: `The repository of ${resolve(dir)} has no working copy there.`,
    todo: 'Name the folder of one; for example after `git worktree add` or `git clone`.',
  }
}

function withoutRepository(dir: string) {
  return {
    message: `${resolve(dir)} is in no git repository.`,
    todo: 'Run `git init` there first, or name the folder of a working copy.',
  }
}

function where(dir: string, root: string): string[] {
  return realpathSync(dir) === realpathSync(root) ? [] : [`At the top of the working copy, ${root}:`]
}

function summary(written: readonly string[], kept: readonly string[], next: readonly string[]): string[] {
  return [
    ...(written.length === 0 ? ['Nothing written: everything is there already.'] : []),
    ...written.map((path) => `wrote ${path}`),
    ...kept.map((path) => `kept  ${path} (it is there already; --force writes over it)`),
    '',
    'Next:',
    ...next.map((step, index) => `${index + 1}. ${step}`),
  ]
}
