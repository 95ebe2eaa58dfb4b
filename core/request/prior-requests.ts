/**
 * What the provider reported for earlier requests, so that one that goes on where an earlier one ended is bounded by that
 * report and the bytes of what is new, as `ConversationBound` does for our own. An agent may keep several conversations.
 */
import type { BoundedRequest } from './request.ts'

/** Requests that are remembered; older ones are forgotten, which only makes a bound larger. */
const REQUESTS_MAX = 8

interface Prior {
  readonly request: BoundedRequest
  readonly inputTokens: number
}

export class PriorRequests {
  #priors: readonly Prior[] = []

  /** The most input tokens that the request can have. */
  bound(request: BoundedRequest): number {
    const continued = this.#priors.filter((prior) => continues(request, prior.request))
    const byBytes = request.frame.tokensBound + tokensOf(request, 0)
    if (continued.length === 0) return byBytes
    // A longer beginning can't have fewer tokens than a shorter one, so a report that falls lowers nothing.
    const known = continued.reduce((most, prior) => Math.max(most, prior.inputTokens), 0)
    const count = continued.reduce((most, prior) => Math.max(most, prior.request.items.length), 0)
    return known + tokensOf(request, count)
  }

  /** The provider has reported `inputTokens` for this very request. */
  learn(request: BoundedRequest, inputTokens: number): void {
    this.#priors = [{ request, inputTokens }, ...this.#priors].slice(0, REQUESTS_MAX)
  }
}

function continues(request: BoundedRequest, prior: BoundedRequest): boolean {
  return (
    request.model === prior.model &&
    request.frame.text === prior.frame.text &&
    request.items.length >= prior.items.length &&
    prior.items.every((item, index) => item.text === request.items[index]?.text)
  )
}

function tokensOf(request: BoundedRequest, from: number): number {
  return request.items.slice(from).reduce((sum, item) => sum + item.tokensBound, 0)
}
