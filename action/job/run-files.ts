/** The files of one run: its private directory, and the report and patch that stay for later steps of the job. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod/mini'
import { type Report, reportSchema } from '../../core/run/report.ts'
import type { Checkpoint } from '../../core/session/checkpoint.ts'
import { JOURNAL } from '../money/journal.ts'
import { CHECKPOINT, savedSessionSchema } from '../session/checkpoint-file.ts'
import { EVENTS } from '../session/recording.ts'

const REPORT = 'report.json'
const PATCH = 'work.patch'

/** Answers the path of the report, which is there wholly or not at all. The patch is beside it. */
export function writeReport(baseDir: string, report: Report, patch: string): string {
  const path = join(baseDir, REPORT)
  writeFileSync(`${path}.new`, `${JSON.stringify(z.encode(reportSchema, report), null, 2)}\n`)
  renameSync(`${path}.new`, path)
  writeFileSync(join(baseDir, PATCH), patch)
  return path
}

/** `undefined` when the run did not live to write one. */
export function readReport(baseDir: string): { readonly report: Report; readonly path: string } | undefined {
  const path = join(baseDir, REPORT)
  if (!existsSync(path)) return undefined
  return { report: z.decode(reportSchema, JSON.parse(readFileSync(path, 'utf8'))), path }
}

/** The newest one; `undefined` where none was made, or it can't be read. */
export function readCheckpoint(baseDir: string): Checkpoint | undefined {
  try {
    const saved: unknown = JSON.parse(readFileSync(join(baseDir, CHECKPOINT), 'utf8'))
    return savedSessionSchema.safeParse(saved).data?.checkpoint
  } catch {
    return undefined
  }
}

/** What the App is told of a run whose work is to stay in the job. */
export function withoutWork({ delivery, ...report }: Report): Report {
  return report
}

/** Removes the checkout and everything else but the report, the patch, the journal, the log and the last checkpoint. */
export function clearRunDirectory(baseDir: string): void {
  const kept = new Set([REPORT, PATCH, JOURNAL, EVENTS, CHECKPOINT])
  for (const name of readdirSync(baseDir)) {
    if (!kept.has(name)) rmSync(join(baseDir, name), { recursive: true, force: true })
  }
}
