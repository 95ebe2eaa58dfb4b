/** JSON as PostgreSQL takes it. */
import type { Prisma } from '../../prisma/client/client.ts'

/**
 * A value for a `jsonb` column. What a command prints or an agent writes may hold NUL characters and halves of
 * surrogate pairs, which PostgreSQL refuses in text; they become U+FFFD.
 */
export function toJson(value: object): Prisma.InputJsonObject {
  return JSON.parse(JSON.stringify(value, (_key, inner) => (typeof inner === 'string' ? storableText(inner) : inner)))
}

/** Text that PostgreSQL can store. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}

/** As text for a `json` column; a bigint as the decimal string that it is on the wire (`core/wire.ts`). */
export function toJsonText(value: object): string {
  const text = JSON.stringify(value, (_key, inner) => (typeof inner === 'bigint' ? inner.toString() : inner))
  return storableJson(text)
}

/** JSON that PostgreSQL can store. */
export function storableJson(text: string): string {
  return UNSTORABLE.test(text) ? JSON.stringify(toJson(JSON.parse(text))) : text
}

/** What is unstorable comes out of `JSON.stringify` as one of these escapes; so does a backslash before a `u`, harmlessly. */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/
