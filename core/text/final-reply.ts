/** The one short reply at a run's end, since the edits of its comment notify nobody. */
import { costLine, deliveredLine, type EndedRun, ending, whySentence } from './ended-run.ts'
import { code, link } from './markdown.ts'
import { sessionMarker } from './marker.ts'
import { workflowName } from './workflow-name.ts'

export interface FinalReplyView {
  readonly sessionId: string
  readonly runId: string
  readonly workflow: string
  readonly variant?: string | undefined
  readonly capMicroUsd: bigint
  readonly run: EndedRun
  /** How to go on with it, where its work is not done. */
  readonly goOn?: string | undefined
  /** The session's comment, which says the rest. */
  readonly commentUrl: string
}

export function finalReply(view: FinalReplyView): string {
  const { run } = view
  const said = [
    `${code(workflowName(view))}: ${ending(run)}.`,
    whySentence(run),
    costLine(run, view.capMicroUsd),
    deliveredLine(run.delivered),
    view.goOn,
    `${link('Details', view.commentUrl)}.`,
  ]
  return `${sessionMarker(view.sessionId, 'reply', view.runId)}\n${said.filter((part) => part !== undefined).join(' ')}`
}
