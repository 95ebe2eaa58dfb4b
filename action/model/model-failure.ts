/** What a failed model call means: what it is billed, whether another try may go better, and whether the context was too small. */
import { APIConnectionError, APIError } from 'openai'
import {
  causesOf,
  connectionFailure,
  isTooLong,
  outcomeOfConnection,
  outcomeOfStatus,
} from '../../core/money/failed-call.ts'
import type { CallOutcome } from '../../core/money/meter.ts'
import { EndlessAnswer } from './bounded-fetch.ts'

const RETRY_AFTER_SECONDS_MAX = 60
const MESSAGE_CHARACTERS_MAX = 300

export interface CallFailed {
  readonly kind: 'failed'
  readonly message: string
  /** At least so long; absent where another try would fail as well. */
  readonly retryAfterMs: number | undefined
  /** The conversation is longer than the model's context. */
  readonly overflow: boolean
  readonly outcome: CallOutcome
}

const WORTH_RETRYING = new Set([408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529])

export function failed(
  message: string,
  outcome: CallOutcome,
  more: { readonly retryAfterMs?: number | undefined; readonly code?: string | undefined } = { retryAfterMs: 0 },
): CallFailed {
  return {
    kind: 'failed',
    message: message.slice(0, MESSAGE_CHARACTERS_MAX),
    retryAfterMs: more.retryAfterMs,
    overflow: isTooLong(`${more.code ?? ''} ${message}`),
    outcome,
  }
}

/** `timedOutMs`: the call was ended by its own deadline. `toItsOwnAddress`: as of `RefusedRequest`. */
export function readFailure(error: unknown, timedOutMs: number | undefined, toItsOwnAddress: boolean): CallFailed {
  const unknown: CallOutcome = { kind: 'unknown' }
  if (timedOutMs !== undefined)
    return failed(`the provider did not end its answer within ${timedOutMs / 1000} s`, unknown)
  if (causesOf(error).some((one) => one instanceof EndlessAnswer))
    return failed(new EndlessAnswer().message, unknown, {})
  if (error instanceof APIConnectionError) {
    const { code = error.message } = connectionFailure(error) ?? {}
    return failed(`no answer from the provider (${code})`, outcomeOfConnection(error))
  }
  if (error instanceof APIError && typeof error.status === 'number') {
    return failed(
      // The client puts the status before the words once more.
      `the provider answered ${error.status}: ${error.message.replace(/^\d{3} /, '')}`,
      outcomeOfStatus({
        status: error.status,
        said: error.error === undefined ? undefined : JSON.stringify(error.error),
        toItsOwnAddress,
      }),
      {
        retryAfterMs: WORTH_RETRYING.has(error.status) ? retryAfterMs(error.headers) : undefined,
        code: error.code ?? undefined,
      },
    )
  }
  // An error in the midst of the events.
  if (error instanceof APIError) {
    return failed(`the provider’s answer ended with an error: ${error.message}`, unknown, {
      retryAfterMs: 0,
      code: error.code ?? undefined,
    })
  }
  // A body that broke off or is no JSON surfaces as whatever parsing it threw.
  const message = error instanceof Error ? error.message : String(error)
  return failed(`the provider’s answer broke off (${message.slice(0, 200)})`, unknown)
}

function retryAfterMs(headers: Headers | undefined): number {
  const written = headers?.get('retry-after') ?? ''
  const seconds = /^\d{1,6}$/.test(written) ? Number(written) : (Date.parse(written) - Date.now()) / 1000
  if (!Number.isFinite(seconds)) return 0
  return Math.max(0, Math.min(seconds, RETRY_AFTER_SECONDS_MAX)) * 1000
}
