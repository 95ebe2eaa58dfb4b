/** Names for what the ledger keeps. */
import { randomInt, randomUUID } from 'node:crypto'

/** Letters and digits that are not mistaken for each other, nor form words. */
const ALPHABET = '23456789bcdfghjkmnpqrstvwxyz'
const SESSION_ID_LENGTH = 8

/** Short, to be read out and typed: `k7m2-9xqd`. */
export function newSessionId(): string {
  const letters = Array.from({ length: SESSION_ID_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)])
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`
}

export function newRunId(): string {
  return randomUUID()
}
