/**
 * That the organisation has made another variant the standard, or taken one back: told where its workflow is used, since what
 * was decided stands in another repository.
 */
import { type AcceptedSpend, perAcceptedWords } from '../outcome/portfolio-counts.ts'
import { code, link } from './markdown.ts'
import { workflowName } from './workflow-name.ts'

export interface NewStandard {
  readonly decision: 'promote' | 'rollback'
  readonly workflow: string
  /** The variant that became the standard, or was it for a while. */
  readonly variant: string
  /** The day of the merge: `2026-11-20`. */
  readonly since: string
  readonly issue: Elsewhere
  readonly pull?: Elsewhere | undefined
  /** The variant that runs the old standard, where it is still on offer. */
  readonly old?: string | undefined
  /** When it was decided. Left out where who reads this may not know it. */
  readonly worth?: { readonly now: AcceptedSpend; readonly before: AcceptedSpend } | undefined
}

export interface Elsewhere {
  /** `acme/.github`. */
  readonly repository: string
  readonly number: number
  readonly url: string
}

export function newStandardText(view: NewStandard): string {
  const { decision, workflow, variant, since, issue, old } = view
  const name = code(workflowName({ workflow, variant }))
  const what =
    decision === 'promote'
      ? `**The standard ${code(workflow)} is another one since ${since}:** the organisation made ${name} it in ${elsewhereLink(issue)}.`
      : `**${code(workflow)} is again what it was before ${name}, since ${since}:** the organisation rolled that back in ${elsewhereLink(issue)}.`
  const once = old === undefined ? [] : [`${code(`/agent ${workflow}/${old}`)} runs it once`]
  const before = view.pull === undefined ? '' : `, with a commit before ${elsewhereLink(view.pull)},`
  const stay = [
    ...once,
    `${code('inherit: organisation@<commit>')} in ${code('portfolios.yml')}${before} keeps the whole catalog as it was`,
  ]
  return [
    what,
    ...worthWords(view.worth),
    'Prices and figures here may still rest on runs of the old one.',
    `To stay with that: ${stay.join('; ')}.`,
  ].join(' ')
}

function worthWords(worth: NewStandard['worth']): readonly string[] {
  const now = worth && perAcceptedWords(worth.now)
  if (now === undefined) return []
  return [
    `When that was decided: ${now}; of the old one: ${perAcceptedWords(worth?.before ?? nothing) ?? 'no run yet'}.`,
  ]
}

const nothing: AcceptedSpend = { accepted: 0, unknown: 0, spendMicroUsd: 0n }

function elsewhereLink({ repository, number, url }: Elsewhere): string {
  return link(`${repository}#${number}`, url)
}
