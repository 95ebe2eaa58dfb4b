/** What an embedded database in memory begins with, so that it need not be made from nothing: `dataDir` of its options. */
import { readFileSync } from 'node:fs'
import { inject } from 'vitest'

export function inMemory(): Blob {
  return new Blob([readFileSync(inject('embeddedBeginning'))])
}
