/** What `purser run` works on: the change that is checked out. */
import type { Plan } from '../../core/plan/plan.ts'
import { expressionsIn } from '../../core/plan/template.ts'
import { type Refusal, refuse } from '../../core/reason.ts'
import type { LocalHead } from './local-git.ts'

const OF_THE_CHANGE = ['subject.files', 'subject.diff', 'subject.commits']

export function subjectLine({ base, filesChanged }: LocalHead): string {
  return `subject: ${filesChanged} ${filesChanged === 1 ? 'file' : 'files'} changed since ${base.words}`
}

/** Whether a prompt shows an agent what changed: then without a change there is nothing to pay it for. */
export function worksOnChange({ steps }: Plan): boolean {
  const named = steps.flatMap((step) => ('agent' in step ? expressionsIn(step.promptText) : []))
  return named.some((name) => OF_THE_CHANGE.includes(name))
}

export function nothingChanged({ workflow }: Plan, { base }: LocalHead): Refusal {
  return refuse(
    'wrong-subject',
    `\`${workflow}\` works on what a change touches, and nothing changed since ${base.words}.`,
    'Commit the change, or name an earlier commit to compare with, as in --base HEAD~3.',
  )
}
