/** What a model call that failed is billed: nothing only where it is sure that nobody worked on it. */
import type { CallOutcome } from './meter.ts'

/**
 * Requests that a provider turned away at its door. Any other failure may have been worked on, a server's error among
 * them, and is billed at its reservation: rather too much than less than the provider bills.
 */
const NOT_BILLED = new Set([400, 401, 403, 404, 405, 413, 415, 422, 429])
/** Failures before a byte of the request was sent. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/** `explained`: the provider's own words came with the status, which a gateway in between may have made up. */
export function outcomeOfStatus(status: number, explained: boolean): CallOutcome {
  return NOT_BILLED.has(status) && explained ? { kind: 'unbilled' } : { kind: 'unknown' }
}

/** `code`: what the connection failed with, where it is known. */
export function outcomeOfConnection(code: string | undefined): CallOutcome {
  return code !== undefined && NEVER_SENT.has(code) ? { kind: 'unbilled' } : { kind: 'unknown' }
}
