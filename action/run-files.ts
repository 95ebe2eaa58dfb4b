/** The files of one run: its private directory, and the report and patch that stay for later steps of the job. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type Report, reportSchema } from '../core/report.ts'
import { JOURNAL } from './journal.ts'

const REPORT = 'report.json'
const PATCH = 'work.patch'

/** Answers the path of the report. The patch is beside it. */
export function writeReport(baseDir: string, report: Report, patch: string): string {
  writeFileSync(join(baseDir, PATCH), patch)
  const path = join(baseDir, REPORT)
  writeFileSync(path, `${JSON.stringify(z.encode(reportSchema, report), null, 2)}\n`)
  return path
}

/** `undefined` when the run did not live to write one. */
export function readReport(baseDir: string): Report | undefined {
  const path = join(baseDir, REPORT)
  return existsSync(path) ? z.decode(reportSchema, JSON.parse(readFileSync(path, 'utf8'))) : undefined
}

/** Removes the checkout and everything else but the report, the patch and the journal. */
export function clearRunDirectory(baseDir: string): void {
  const kept = new Set([REPORT, PATCH, JOURNAL])
  for (const name of readdirSync(baseDir)) {
    if (!kept.has(name)) rmSync(join(baseDir, name), { recursive: true, force: true })
  }
}
