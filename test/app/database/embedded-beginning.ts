/** What an embedded database begins with, so that it need not be made from nothing. */
import { cpSync, readFileSync } from 'node:fs'
import { inject } from 'vitest'

/** One in memory: `dataDir` of its options. */
export function inMemory(): Blob {
  return new Blob([readFileSync(inject('embeddedBeginning'))])
}

/** One on disk, in a folder that is not there yet; answers the folder. The other `cp` takes twice as long for its thousand files. */
export function onDisk(dataDir: string): string {
  cpSync(inject('embeddedFolder'), dataDir, { recursive: true })
  return dataDir
}
