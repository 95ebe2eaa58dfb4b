/** What a run did, for a reader of its comment: the files, the guards that they passed, and the agents' own words. */

import type { ChangedFile } from '../changes/changeset.ts'
import type { TestChange } from '../changes/test-changes.ts'
import { inertText } from '../inert.ts'
import type { Plan, PlanGuards } from '../plan/plan.ts'
import { type InputValues, showCommand } from '../plan/template.ts'
import { code, details, paragraphs, prose, table } from './markdown.ts'
import { testChangeSentence } from './test-change-words.ts'

export interface WorkDone {
  readonly files: readonly Pick<ChangedFile, 'path' | 'addedLines' | 'deletedLines'>[]
  /** What the agents said of it, as they wrote it; empty when they said nothing, absent where it is shown by itself. */
  readonly words: string | undefined
  /** In words, from `guardWords`; empty where nothing was held against them. */
  readonly guardsPassed: readonly string[]
  /** How the work loosens the tests that judge it. */
  readonly testChanges?: readonly TestChange[] | undefined
}

const FILES_SHOWN_MAX = 50
const WORDS_CHARACTERS_MAX = 4_000

export function workText(work: WorkDone | undefined): string | undefined {
  if (!work) return undefined
  return paragraphs(guardsLine(work), testChangesText(work.testChanges), filesDetails(work), wordsDetails(work))
}

/** A list under a line that asks for a look; nothing where no test is loosened. It also stands in commit messages, where code spans protect nothing. */
export function testChangesText(changes: readonly TestChange[] = []): string | undefined {
  if (changes.length === 0) return undefined
  const listed = inertText(changes.map((change) => `- ${prose(testChangeSentence(change))}`).join('\n'))
  return `**Look at the tests:** the work loosens what judges it.\n\n${listed}`
}

/** A workflow's own guards as a reader says them; each is Markdown. What no workflow may do is not repeated. */
export function guardWords(guards: PlanGuards, inputs: InputValues): readonly string[] {
  const { paths, diff, scope, run = [] } = guards
  const listed = (globs: readonly string[]) => globs.map(code).join(', ')
  return [
    ...(diff?.files === undefined ? [] : [`at most ${diff.files} file${diff.files === 1 ? '' : 's'}`]),
    ...(diff?.lines === undefined ? [] : [`at most ${diff.lines} line${diff.lines === 1 ? '' : 's'}`]),
    ...(paths?.allow === undefined ? [] : [`only ${listed(paths.allow)}`]),
    ...(scope === undefined ? [] : [`only ${listed(scope.paths)} (the experiment’s scope)`]),
    ...(paths?.deny === undefined || paths.deny.length === 0 ? [] : [`nothing in ${listed(paths.deny)}`]),
    ...run.map((command) => `${code(showCommand(command, inputs))} passes`),
  ]
}

/** Those of nested workflows too; what two of them ask alike is said once. */
export function planGuardWords({ guards, nested = {}, inputs }: Pick<Plan, 'guards' | 'nested' | 'inputs'>): string[] {
  const all = Object.values(nested).flatMap((one) => guardWords(one.guards, one.inputs))
  return [...new Set([...guardWords(guards, inputs), ...all])]
}

function guardsLine({ guardsPassed, files }: WorkDone): string | undefined {
  if (guardsPassed.length === 0 || files.length === 0) return undefined
  return `**Guards passed:** ${guardsPassed.join('; ')}.`
}

function filesDetails({ files }: WorkDone): string | undefined {
  if (files.length === 0) return undefined
  const added = files.reduce((sum, file) => sum + file.addedLines, 0)
  const deleted = files.reduce((sum, file) => sum + file.deletedLines, 0)
  const what = files.length === 1 ? 'One file' : `${files.length} files`
  const rows = files
    .slice(0, FILES_SHOWN_MAX)
    .map((file) => [code(file.path), `${file.addedLines}`, `${file.deletedLines}`])
  const left = files.length - rows.length
  return details(
    `${what} changed: ${lines(added)} added, ${deleted} deleted`,
    paragraphs(table(['file', 'added', 'deleted'], rows), left > 0 ? `and ${left} more.` : undefined),
  )
}

function lines(count: number): string {
  return count === 1 ? '1 line' : `${count} lines`
}

/** Quoted, so that a code block which its writer never closed ends with the quotation and not with the comment. */
function wordsDetails({ words, files }: WorkDone): string | undefined {
  if (words === undefined) return undefined
  const said = words.trim()
  if (said === '') return files.length === 0 ? undefined : 'The agent left no summary of its work.'
  const shown = said.length <= WORDS_CHARACTERS_MAX ? said : `${said.slice(0, WORDS_CHARACTERS_MAX).toWellFormed()}…`
  const quoted = inertText(shown)
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n')
  return details('What the agent says of it', quoted)
}
