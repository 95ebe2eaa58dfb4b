/** The door to the interfaces: what a request can cost at most, and the request with its output limited. */
import { boundMessages, limitMessages } from './messages.ts'
import type { Api, BoundedRequest, LimitedRequest, SealedTokens, Unbounded } from './request.ts'
import { boundResponses, limitResponses } from './responses.ts'

export function boundRequest(api: Api, body: unknown, sealedTokens: SealedTokens): BoundedRequest | Unbounded {
  switch (api) {
    case 'responses':
      return boundResponses(body, sealedTokens)
    case 'messages':
      return boundMessages(body, sealedTokens)
  }
}

/**
 * The request as it may be sent, for a body that `boundRequest` has let through. `serviceTiers`: the provider has tiers of
 * several prices, and without a word takes the one that the key's project is set to.
 */
export function limitRequest(api: Api, body: object, outputTokensMax: number, serviceTiers: boolean): LimitedRequest {
  switch (api) {
    case 'responses':
      return { body: limitResponses(body, outputTokensMax, serviceTiers), isReadAsAsked: true }
    case 'messages':
      return limitMessages(body, outputTokensMax, serviceTiers)
  }
}
