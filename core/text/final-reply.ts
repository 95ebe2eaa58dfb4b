/** The one short reply at a session's end, since the edits of its comment notify nobody. */
import type { EndedRun } from './ended-run.ts'

export interface FinalReplyView {
  readonly sessionId: string
  readonly workflow: string
  readonly variant?: string | undefined
  readonly capMicroUsd: bigint
  readonly run: EndedRun
  /** The session's comment, where the whole of it stands. */
  readonly commentUrl: string
}

export function finalReply(view: FinalReplyView): string {
  throw new Error(`not written yet: ${view.sessionId}`)
}
