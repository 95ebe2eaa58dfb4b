/** What the errors of the database, of `pg` and of Prisma say: whether to try again, and whether it is about what was asked at all. */
import { z } from 'zod'

/** Thrown within a transaction that finds, too late to go on, what another one has done meanwhile: it is begun again. */
export class LostToAnother extends Error {
  override readonly name = 'LostToAnother'
}

/** unique_violation, serialization_failure, deadlock_detected. */
const LOST_STATES = new Set(['23505', '40001', '40P01'])

/** Whether it may well succeed when it is begun again. */
export function lostToAnother(error: unknown): boolean {
  return error instanceof LostToAnother || LOST_STATES.has(codeOf(error) ?? '')
}

/**
 * Of PostgreSQL: connection_exception and its kind, a server that goes down or comes up, and one that has ended a connection
 * whose transaction was idle for too long. Of the system: a socket's end, or none to be found.
 */
const BROKEN =
  /^(08...|25P03|57P0[123]|ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ENOENT)$/
/** What `pg` says, without a code, where the server hangs up. */
const HUNG_UP = 'Connection terminated'

/** Whether the connection broke, or there is none to be had: that says nothing about what was asked. */
export function lostConnection(error: unknown): boolean {
  if (isUnanswered(error)) return false
  return BROKEN.test(codeOf(error) ?? '') || (error instanceof Error && error.message.includes(HUNG_UP))
}

/** What `pg` and its pool say, without a code, where a wait came to its end. */
const UNANSWERED = new Set([
  'timeout exceeded when trying to connect',
  'Connection terminated due to connection timeout',
  'Query read timeout',
])

/** Whether every connection was taken, or the server did not answer in time. */
export function isUnanswered(error: unknown): error is Error {
  return error instanceof Error && UNANSWERED.has(error.message)
}

/** lock_not_available: `lock_timeout`. */
const HELD_STATE = '55P03'
/** query_canceled: `statement_timeout`; and what Prisma says where it got no connection for a transaction in time. */
const ENDED_WAITS = new Set(['57014', 'P2028'])

/** Whether a wait came to its end, for a connection, for an answer or for somebody else's lock. Another try would wait as long again. */
export function waitedInVain(error: unknown): boolean {
  return isUnanswered(error) || isHeld(error) || ENDED_WAITS.has(codeOf(error) ?? '')
}

/** Whether an error says something about the database, or about a row that somebody holds, and nothing about what was asked of it. */
export function isAway(error: unknown): boolean {
  return lostConnection(error) || waitedInVain(error)
}

/** Whether somebody else has kept a row locked for longer than could be waited for. */
export function isHeld(error: unknown): boolean {
  return codeOf(error) === HELD_STATE
}

/** Where `pg` keeps PostgreSQL's own code or the system's, and where adapter-pg does, of Prisma's statements and of raw ones alike. */
const pgError = z.object({ code: z.string() })
const adapterError = z.object({
  meta: z.object({ driverAdapterError: z.object({ cause: z.object({ originalCode: z.string() }) }) }),
})

function codeOf(error: unknown): string | undefined {
  const adapter = adapterError.safeParse(error)
  if (adapter.success) return adapter.data.meta.driverAdapterError.cause.originalCode
  return pgError.safeParse(error).data?.code
}
