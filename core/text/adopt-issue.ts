/** The issue that proposes overrides which keep earning accepted work as a variant, with its file ready. */

import { perAcceptedWords } from '../outcome/portfolio-counts.ts'
import { formatShare } from '../promotion/measure.ts'
import { type OverrideCounts, type OverrideSet, overlayFor, overrideWords } from '../promotion/override-set.ts'
import { code, fenced, paragraphs, table } from './markdown.ts'
import { trialMarker } from './marker.ts'
import { decisionLabels, howToDecide, overdueLine } from './promotion-decision.ts'
import type { IssueText } from './promotion-issue.ts'
import { workflowName } from './workflow-name.ts'

export interface AdoptView {
  readonly workflow: string
  readonly variant: string
  readonly set: OverrideSet
  readonly counts: OverrideCounts
  readonly windowDays: number
  readonly required: { readonly runs: number; readonly subjects: number; readonly acceptedBasisPoints: number }
  /** Where its file belongs. */
  readonly path: string
  readonly overdueSince?: string | undefined
}

export function adoptIssue(view: AdoptView): IssueText {
  const { workflow, variant, set, counts, windowDays, required, path } = view
  const { accepted, reworked, rejected, unknown, subjects } = counts
  const settled = accepted + reworked + rejected
  const asked = code(`/agent ${workflow} ${overrideWords(set)}`)
  return {
    title: `Make ${workflow} with ${overrideWords(set)} a variant`,
    labels: [decisionLabels.adopt.proposed],
    body: paragraphs(
      `${trialMarker(workflow, variant, settled)}\n${asked} keeps earning accepted work: the same overrides, asked for by hand again ` +
        `and again. As the variant ${code(workflowName({ workflow, variant }))} it would have a name and a price, and be compared with its baseline. ` +
        'Nothing changes until a maintainer decides, and the standard stays what it is in any case.',
      view.overdueSince === undefined ? undefined : overdueLine(view.overdueSince),
      table(
        ['threshold', 'required', `last ${windowDays} days`],
        [
          ['runs with an outcome', `at least ${required.runs}`, `${settled}`],
          ['different subjects', `at least ${required.subjects}`, `${subjects}`],
          ['accepted', `at least ${required.acceptedBasisPoints / 100}%`, formatShare(accepted, settled) ?? 'none'],
        ],
      ),
      `Their cost, which decides nothing: ${perAcceptedWords({ ...counts, unknown }) ?? 'none yet'}.`,
      `Counted are runs of ${code(workflow)} with exactly these overrides, whatever their inputs, by the whole days (UTC) on which they ended. ` +
        'The comment of each one’s session names its overrides.',
      `## The file\n\n${code(path)}:\n\n${fenced('yaml', overlayFor(set))}`,
      `## How to decide\n\n${howToDecide('adopt')}`,
      '<sub>The thresholds are `overrides` of `promotion.yml`. Nothing is kept of who asked.</sub>',
    ),
  }
}
