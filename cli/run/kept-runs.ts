/** Reports of local runs, kept in `.purser/runs` of the repository, where `purser quote` finds what runs have cost. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { reportSchema } from '../../core/run/report.ts'
import { conclusionSchema } from '../../core/run/run.ts'
import { microUsdWire } from '../../core/wire.ts'

const FOLDER = '.purser/runs'
/** Files looked at, newest first, and bytes of one. */
const FILES_MAX = 500
const FILE_BYTES_MAX = 10_000_000

const keptRunSchema = z.object({
  version: z.literal(1),
  /** Ends the file's name, so that names sort by time. */
  id: z.string().regex(/^[\w-]{1,80}$/),
  endedAt: z.iso.datetime(),
  workflow: z.string(),
  variant: z.string().nullable(),
  capMicroUsd: microUsdWire,
  /** Of a run that went on from a checkpoint: what the runs before it cost. */
  beforeMicroUsd: z.optional(microUsdWire),
  report: reportSchema,
})
export type KeptRun = z.infer<typeof keptRunSchema>

/** What a quote needs of a kept run; the rest may have grown in a later version. */
const settledSchema = z.object({
  workflow: z.string(),
  variant: z.string().nullable(),
  beforeMicroUsd: z.optional(microUsdWire),
  report: z.object({ reason: z.optional(z.string()), conclusion: conclusionSchema, spentMicroUsd: microUsdWire }),
})

/** Writes `.purser/runs/<endedAt>-<id>.json` and says where. */
export function keepRun(root: string, run: KeptRun): string {
  const folder = join(root, FOLDER)
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${run.endedAt.replaceAll(':', '-')}-${run.id}.json`)
  writeFileSync(file, `${JSON.stringify(z.encode(keptRunSchema, run), null, 2)}\n`)
  return file
}

/** What the newest runs of a workflow and variant cost, in micro-USD. A file that can't be read counts for nothing. */
export function keptSpends(root: string, workflow: string, variant: string | undefined, most: number): bigint[] {
  const folder = join(root, FOLDER)
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return []
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .reverse()
    .slice(0, FILES_MAX)
  const spends: bigint[] = []
  for (const name of names) {
    if (spends.length === most) break
    const run = readKept(join(folder, name))
    if (run?.workflow !== workflow || run.variant !== (variant ?? null)) continue
    const { conclusion, reason = '' } = run.report
    // Of a session that was paused, the run that ended it tells what all of it cost; what had nothing to do called no model.
    if (conclusion === 'refused' || ['paused', 'nothing-to-do'].includes(reason)) continue
    spends.push((run.beforeMicroUsd ?? 0n) + run.report.spentMicroUsd)
  }
  return spends
}

function readKept(file: string): z.infer<typeof settledSchema> | undefined {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat?.isFile() || stat.size > FILE_BYTES_MAX) return undefined
  try {
    const parsed = settledSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')))
    return parsed.success ? parsed.data : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
