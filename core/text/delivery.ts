/**
 * The texts around a delivery. `title` and `body` are an agent's words and must already be inert; what is added
 * here says which session they come from and what they cost.
 */

export interface DeliveryView {
  readonly sessionId: string
  readonly runId: string
  readonly workflow: string
  readonly variant?: string | undefined
  /** The agent's own words, already inert. */
  readonly title: string
  readonly body: string
  readonly spentMicroUsd: bigint
  readonly capMicroUsd: bigint
  /** The session's comment, where there is one. */
  readonly sessionUrl?: string | undefined
}

/** The commit message: the title, the body, and the trailers as the last paragraph. */
export function commitMessage(view: DeliveryView): string {
  throw new Error(`not written yet: ${view.sessionId}`)
}

/** Title and body of a pull request. `why` says why it is one where a commit was declared. */
export function pullRequestText(view: DeliveryView, why?: string): { title: string; body: string } {
  throw new Error(`not written yet: ${view.sessionId} ${why}`)
}

/** The body of a review or of a comment that is itself the delivery. */
export function reviewBody(view: DeliveryView): string {
  throw new Error(`not written yet: ${view.sessionId}`)
}

/** The session and run that a commit's last paragraph names; `undefined` for everybody else's commits. */
export function deliveryOf(message: string): { sessionId: string; runId: string } | undefined {
  throw new Error(`not written yet: ${message.length}`)
}
