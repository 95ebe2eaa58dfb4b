/**
 * How many lines a file's change has at least, whoever says how many it has. Texts are bytes as characters (latin1), so
 * that nothing depends on an encoding.
 */
import type { ChangedFile } from './changeset.ts'

/** How much of a file git looks at to tell whether it is text. */
const BINARY_BYTES_LOOKED_AT = 8_000

export interface ChangedLines {
  readonly addedLines: number
  readonly deletedLines: number
}

/** As git decides it. A binary file counts no lines; its size is bounded instead. */
export function isBinary(bytes: string): boolean {
  return bytes.slice(0, BINARY_BYTES_LOOKED_AT).includes('\0')
}

/**
 * A proven lower bound. A diff keeps at most the lines that both texts have, each as often as the rarer side has it, so
 * no honest count, by whatever algorithm, is below what is left over: lines that were only moved may be missed, new ones
 * and lost ones never.
 */
export function changedLinesAtLeast(before: string, after: string): ChangedLines {
  if (isBinary(before) || isBinary(after)) return { addedLines: 0, deletedLines: 0 }
  const old = linesOf(before)
  const left = new Map<string, number>()
  for (const line of old) left.set(line, (left.get(line) ?? 0) + 1)
  const now = linesOf(after)
  let kept = 0
  for (const line of now) {
    const times = left.get(line) ?? 0
    if (times === 0) continue
    left.set(line, times - 1)
    kept += 1
  }
  return { addedLines: now.length - kept, deletedLines: old.length - kept }
}

/** The file with what it says of its lines, or with what it must have where that is more. `before`: base64 or nothing. */
export function withLinesAtLeast(file: ChangedFile, before: string | undefined): ChangedFile {
  const least = changedLinesAtLeast(atob(before ?? ''), atob(file.contentBase64 ?? ''))
  return {
    ...file,
    addedLines: Math.max(file.addedLines, least.addedLines),
    deletedLines: Math.max(file.deletedLines, least.deletedLines),
  }
}

/** With their ends: git tells a last line without one from the same line with one. */
export function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+/g) ?? []
}
