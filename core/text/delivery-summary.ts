/** The summary of a job that delivers what another one made. */
import { type ReasonCode, reasons } from '../reason.ts'
import type { Conclusion } from '../run/run.ts'
import { code, link, paragraphs, prose } from './markdown.ts'

export interface DeliverySummaryView {
  readonly workflow: string
  readonly conclusion: Conclusion
  readonly reason: ReasonCode | undefined
  /** One sentence about this very work, told instead of the reason's own words. */
  readonly detail: string | undefined
  readonly url: string | undefined
}

export function deliverySummary({ workflow, conclusion, reason, detail, url }: DeliverySummaryView): string {
  return paragraphs(
    `### Purser: the delivery of ${code(workflow)}`,
    reason === undefined ? undefined : whyText(reason, detail),
    url === undefined ? 'There was nothing to deliver.' : `The run is ${code(conclusion)}. Its work: ${link(url, url)}`,
  )
}

function whyText(reason: ReasonCode, detail: string | undefined): string {
  const { says, todo } = reasons[reason]
  return `${detail === undefined ? says : prose(detail)} ${todo} (${code(reason)})`
}
