/** How much of a delivered change people rewrote before they merged it: of its lines, those no longer there afterwards. */
import { isBinary, linesOf } from '../changes/changed-lines.ts'

/** Lines of the delivered change, added and taken out, and how many of them the merged tree no longer has. */
export interface Rewritten {
  readonly lines: number
  readonly gone: number
}

/** A file in three states, as bytes in characters (latin1); undefined where there is none. */
export interface FileStates {
  /** Before the work. */
  readonly before: string | undefined
  readonly delivered: string | undefined
  readonly merged: string | undefined
}

/**
 * A line that the work added is gone when the merged file has fewer of it than the delivered one; one that the work took out
 * is gone, as work, when it is back. Lines are compared without the blanks around them and empty ones don't count, so
 * that no formatter rewrites anything. Where the same line stood in the file before, what is missing is counted against the
 * work first. A binary file has no lines.
 */
export function rewrittenIn({ before = '', delivered = '', merged = '' }: FileStates): Rewritten {
  if ([before, delivered, merged].some(isBinary)) return { lines: 0, gone: 0 }
  const [old, made, now] = [countedLines(before), countedLines(delivered), countedLines(merged)]
  let lines = 0
  let gone = 0
  for (const line of new Set([...old.keys(), ...made.keys()])) {
    const [was, then, is] = [old.get(line) ?? 0, made.get(line) ?? 0, now.get(line) ?? 0]
    lines += Math.abs(then - was)
    gone += then > was ? within(then - is, then - was) : within(is - then, was - then)
  }
  return { lines, gone }
}

export function rewrittenInAll(files: Iterable<FileStates>): Rewritten {
  let [lines, gone] = [0, 0]
  for (const file of files) {
    const one = rewrittenIn(file)
    lines += one.lines
    gone += one.gone
  }
  return { lines, gone }
}

/** Whether at least `basisPoints` of the lines are gone. Of no lines, and of what was not measured, nothing is said. */
export function isMostlyGone(rewritten: Rewritten | undefined, basisPoints: number): boolean {
  return rewritten !== undefined && rewritten.lines > 0 && rewritten.gone * 10_000 >= basisPoints * rewritten.lines
}

function within(missing: number, most: number): number {
  return Math.max(0, Math.min(missing, most))
}

function countedLines(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const whole of linesOf(text)) {
    const line = whole.trim()
    if (line !== '') counts.set(line, (counts.get(line) ?? 0) + 1)
  }
  return counts
}
