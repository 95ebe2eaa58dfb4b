/** What a model call that failed is billed: nothing only where it is sure that nobody worked on it. */
import type { CallOutcome } from './meter.ts'

/**
 * Requests that a provider turned away at its door. Any other failure may have been worked on, a server's error among
 * them, and is billed at its reservation: rather too much than less than the provider bills.
 */
const TURNED_AWAY = new Set([400, 401, 403, 404, 405, 413, 415, 422, 429])
/** Failures before a byte of the request was sent. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])
/** These too while it connects; a kernel says them of a connection that was made, as well. */
const UNREACHABLE = new Set(['EHOSTUNREACH', 'ENETUNREACH'])
const CAUSES_MAX = 5

/** How providers say that a conversation is too long for the model; OpenAI has a code for it, others have words. */
const TOO_LONG =
  /context_length_exceeded|context[ _](length|size|window)|maximum context|prompt is too long|input is too long|too many (input )?tokens|reduce the length of the (messages|prompt)/i
const FILTERED = /filter|moderat|responsible.?ai|content.{0,12}polic|safety|jailbreak|flagged/i

export interface RefusedRequest {
  readonly status: number
  /** The provider's own words, with its codes; none came where a gateway in between may have made up the status. */
  readonly said: string | undefined
  /** It was sent to OpenAI's or Anthropic's own address. Neither bills what it answers with an error. */
  readonly toItsOwnAddress: boolean
}

/**
 * That a text is too long, or that a filter stops it, is known only by whoever has read it. Azure bills both though they are
 * answered with 400 (learn.microsoft.com, "Plan to manage costs for Azure OpenAI"), and others may.
 */
export function outcomeOfStatus({ status, said, toItsOwnAddress }: RefusedRequest): CallOutcome {
  if (!TURNED_AWAY.has(status) || said === undefined) return { kind: 'unknown' }
  const wasRead = !toItsOwnAddress && (isTooLong(said) || FILTERED.test(said))
  return { kind: wasRead ? 'unknown' : 'unbilled' }
}

export function isTooLong(said: string): boolean {
  return TOO_LONG.test(said)
}

export function outcomeOfConnection(error: unknown): CallOutcome {
  const { code = '', syscall } = connectionFailure(error) ?? {}
  const neverSent = NEVER_SENT.has(code) || (UNREACHABLE.has(code) && syscall === 'connect')
  return { kind: neverSent ? 'unbilled' : 'unknown' }
}

/** What the connection failed with, where it is known: the first of the causes that has a code. */
export function connectionFailure(
  error: unknown,
): { readonly code: string; readonly syscall: string | undefined } | undefined {
  for (const cause of causesOf(error)) {
    if (!('code' in cause) || typeof cause.code !== 'string') continue
    // Of several addresses, all of which were tried in vain.
    const at: unknown = cause instanceof AggregateError ? cause.errors[0] : cause
    const syscall = at instanceof Error && 'syscall' in at ? String(at.syscall) : undefined
    return { code: cause.code, syscall }
  }
  return undefined
}

export function causesOf(error: unknown): Error[] {
  const causes: Error[] = []
  for (let cause = error; causes.length < CAUSES_MAX && cause instanceof Error; cause = cause.cause) causes.push(cause)
  return causes
}
