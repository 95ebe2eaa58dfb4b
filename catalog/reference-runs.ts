/**
 * What our own runs of the built-in workflows used, for a quote that has no history yet. They are plays: a scripted model on
 * a small repository. Their tokens are counted, but a real model takes more turns, so no price is made of them.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const count = z.int().nonnegative()
const referenceRunSchema = z.object({ modelCalls: count, inputTokens: count, outputTokens: count })
export type ReferenceRun = z.infer<typeof referenceRunSchema>

export const REFERENCE_RUNS = 'reference-runs.json'

/** `refactor+tests` or `fix-ci/diagnose-first` -> its run. */
export function readReferenceRuns(folder: string = import.meta.dirname): Readonly<Record<string, ReferenceRun>> {
  return z.record(z.string(), referenceRunSchema).parse(JSON.parse(readFileSync(join(folder, REFERENCE_RUNS), 'utf8')))
}
