/** What an embedded database begins with, so that it need not be made from nothing. */
import { readFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { inject } from 'vitest'

/** One in memory: `dataDir` of its options. */
export function inMemory(): Blob {
  return new Blob([readFileSync(inject('embeddedBeginning'))])
}

/** One on disk, in a folder that is not there yet; answers the folder. */
export async function onDisk(dataDir: string): Promise<string> {
  await cp(inject('embeddedFolder'), dataDir, { recursive: true })
  return dataDir
}
