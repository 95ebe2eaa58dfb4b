/** Work that waits for a person: all of it as it would be delivered, and how to go on. */
import type { Access } from '../command/permission.ts'
import type { DeliveryKind } from '../run/run.ts'
import { code, details, fenced, inline, linesWithin, paragraphs } from './markdown.ts'

export interface ProposedWork {
  readonly delivers: DeliveryKind
  /** What somebody needs on GitHub to have it delivered. */
  readonly access: Access
  /** When it is put aside. */
  readonly until: Date
  /** Of changed files, as git writes it: redacted, and invisible characters shown. */
  readonly patch: string
  /** What is posted, already inert: all of a delivery of words, the title and body of one of files. */
  readonly title: string
  readonly body: string
  /** Of an issue. */
  readonly labels: readonly string[]
}

/** Of what stands around a part: its heading, and what is said of lines that did not fit. */
const AROUND_CHARACTERS = 600

const whats = {
  commit: 'A commit',
  'pull-request': 'A pull request',
  review: 'A review',
  comment: 'A comment',
  issue: 'An issue',
  none: 'Nothing',
} as const satisfies Record<DeliveryKind, string>

export function waitingText({ delivers, access, until }: ProposedWork): string {
  const day = until.toISOString().slice(0, 10)
  const aside = isOfFiles(delivers) ? 'goes to a side branch' : 'stays in the report'
  return paragraphs(
    `**It waits for a person.** ${whats[delivers]} is ready, as shown below. ${code('/agent deliver')} (${access} access) delivers it; ` +
      `its guards are looked at again on the head as it is then. ${code('/agent say "..."')} has it changed.`,
    `Until ${day}; what nobody has approved by then is not delivered and ${aside}.`,
  )
}

/** As much as fits into so many characters, and how much does not. */
export function proposedText(work: ProposedWork, charactersMax: number): string {
  const { delivers, title, body, labels, patch } = work
  const labelled =
    labels.length === 0 ? '' : `with ${labels.length === 1 ? 'the label' : 'the labels'} ${labels.join(', ')}`
  const heading = isOfFiles(delivers)
    ? 'What the agent says of it'
    : `${whats[delivers]}${labelled === '' ? '' : ` ${inline(labelled)}`}`
  const quoted = paragraphs(title, body)
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
  const words = within(quoted, charactersMax - AROUND_CHARACTERS, (lines) => lines.join('\n'))
  const said = details(heading, words)
  if (patch === '') return said
  const diff = (lines: readonly string[]) => fenced('diff', lines.join('\n'))
  return paragraphs(
    said,
    details('The changes', within(patch.split('\n'), charactersMax - said.length - 2 * AROUND_CHARACTERS, diff)),
  )
}

/** A fence grows with what it holds, so the form itself is measured. */
function within(lines: readonly string[], charactersMax: number, form: (lines: readonly string[]) => string): string {
  let { shown } = linesWithin(lines, Math.max(0, charactersMax))
  while (shown.length > 0 && form(shown).length > charactersMax) {
    const part = Math.max(0, charactersMax) / form(shown).length
    shown = shown.slice(0, Math.min(shown.length - 1, Math.floor(shown.length * part)))
  }
  const left = lines.length - shown.length
  return paragraphs(
    shown.length === 0 ? undefined : form(shown),
    left === 0
      ? undefined
      : `${left} more ${left === 1 ? 'line does' : 'lines do'} not fit into this comment; the job’s page shows more.`,
  )
}

function isOfFiles(delivers: DeliveryKind): boolean {
  return delivers === 'commit' || delivers === 'pull-request'
}
