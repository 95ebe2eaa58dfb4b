/**
 * The lines of an export: a header, one for each row, a trailer. A row stands as PostgreSQL writes it, so that no amount
 * passes through a number of JavaScript's and a new column is carried without new code.
 */
import { z } from 'zod'
import { API_BODY_BYTES_MAX } from '../../../core/run/protocol.ts'
import { carriedTables, totalsSchema } from './tables.ts'

export const FORMAT_VERSION = 1

/** The longest row is a run's: its plan, and its report, which came in one body. */
export const LINE_BYTES_MAX = 8 * API_BODY_BYTES_MAX

export const headerSchema = z.object({
  purser: z.literal('ledger'),
  version: z.literal(FORMAT_VERSION),
  /** The names of the migrations that the tables had. */
  migrations: z.array(z.string()),
})

export const rowSchema = z.strictObject({
  table: z.enum(carriedTables),
  row: z.record(z.string(), z.unknown()),
})

export const trailerSchema = totalsSchema.extend({
  end: z.literal('ledger'),
  /** SHA-256 of every line before this one with its line feed, in hex. */
  sha256: z.string(),
})
