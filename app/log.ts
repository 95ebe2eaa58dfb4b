/**
 * The App's log: JSON lines by pino. Nothing that names a person or opens a door may reach it, so errors are cut down
 * to what tells an operator where to look: GitHub's answers, requests and webhook payloads stay out.
 */
import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger }

export interface LogOptions {
  readonly level?: 'debug' | 'info' | 'warn' | 'error' | 'silent' | undefined
  /** Where the lines go; standard output when left out. */
  readonly destination?: DestinationStream | undefined
}

/** How many nested causes of an error are kept. */
const CAUSES_MAX = 3

const redacted = [
  'payload',
  'event',
  'body',
  'headers',
  'authorization',
  'token',
  'privateKey',
  'secret',
  'webhookSecret',
  'databaseUrl',
]

export function createLog(options: LogOptions = {}): Logger {
  const paths = redacted.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])
  const settings = {
    level: options.level ?? 'info',
    base: null,
    redact: { paths, remove: true },
    serializers: { err: errorFacts, error: errorFacts },
  }
  return options.destination ? pino(settings, options.destination) : pino(settings)
}

/** Octokit's errors carry the whole request and answer, and webhook errors the whole event: none of that is copied. */
export function errorFacts(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return reportedFacts(error)
  const facts: Record<string, unknown> = { type: error.name, message: error.message, stack: error.stack }
  if ('status' in error && typeof error.status === 'number') facts.status = error.status
  if ('code' in error && typeof error.code === 'string') facts.code = error.code
  if (depth >= CAUSES_MAX) return facts
  if (error instanceof AggregateError) facts.errors = error.errors.map((one) => errorFacts(one, depth + 1))
  if (error.cause !== undefined) facts.cause = errorFacts(error.cause, depth + 1)
  return facts
}

/** What pg-boss reports is no `Error` but an object with the message and the code of one. */
function reportedFacts(thrown: unknown): Record<string, unknown> {
  if (typeof thrown !== 'object' || thrown === null || !('message' in thrown)) return { message: String(thrown) }
  const code = 'code' in thrown && typeof thrown.code === 'string' ? { code: thrown.code } : {}
  return { message: String(thrown.message), ...code }
}
