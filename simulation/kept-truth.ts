/** What providers truly charged, in a file: one line for each change, the last of a run counts. */
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import { z } from 'zod'
import { type RunTruth, Truth } from './truth.ts'

const amount = z.string().transform(BigInt)
const lineSchema = z.tuple([z.string(), amount, amount, amount, amount, z.boolean()])

export function keepTruth(file: string): { readonly truth: Truth; close(): void } {
  const handle = openSync(file, 'a')
  const truth = new Truth((runId, { withinMicroUsd, withinTokens, beyondMicroUsd, beyondTokens, told }) => {
    const line = [runId, `${withinMicroUsd}`, `${withinTokens}`, `${beyondMicroUsd}`, `${beyondTokens}`, told]
    writeSync(handle, `${JSON.stringify(line)}\n`)
  })
  return { truth, close: () => closeSync(handle) }
}

/** Of all files together; each run is in one of them. */
export function readTruth(files: readonly string[]): ReadonlyMap<string, RunTruth> {
  const runs = new Map<string, RunTruth>()
  for (const file of files) {
    if (!existsSync(file)) continue
    // A torn last line was written by a process that died over it, before it did anything more.
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    for (const line of lines) {
      const [runId, withinMicroUsd, withinTokens, beyondMicroUsd, beyondTokens, told] = lineSchema.parse(
        JSON.parse(line),
      )
      runs.set(runId, { withinMicroUsd, withinTokens, beyondMicroUsd, beyondTokens, told })
    }
  }
  return runs
}
