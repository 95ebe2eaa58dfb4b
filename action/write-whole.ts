import { writeSync } from 'node:fs'

/**
 * Answers how many bytes were written, which is all of them. The system may take a part alone, as where a disk is nearly full:
 * then the rest is written, or that throws.
 */
export function writeWhole(file: number, bytes: Buffer): number {
  let written = 0
  while (written < bytes.length) written += writeSync(file, bytes, written)
  return bytes.length
}
