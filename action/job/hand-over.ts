/**
 * What becomes of a planned run's report: it stays in the job's files, and the App settles it and delivers the work.
 * Loaded when a run ends.
 */
import type { Plan } from '../../core/plan/plan.ts'
import type { Refusal } from '../../core/reason.ts'
import type { Redact } from '../../core/redact.ts'
import type { Report } from '../../core/run/report.ts'
import { jobSummary } from '../../core/text/job-summary.ts'
import type { AppRun } from '../app-run.ts'
import type { Executed } from '../finish-run.ts'
import { callsReport } from '../money/calls-report.ts'
import { journalPath, readJournal } from '../money/journal.ts'
import { type Ended, refused } from './conclude.ts'
import { saveState } from './io.ts'
import type { Log } from './log.ts'
import { readReport, withoutWork, writeReport } from './run-files.ts'

export interface PlannedRun {
  readonly plan: Plan
  readonly app: AppRun | undefined
  readonly baseDir: string
  /** The App gets the report without the work. */
  readonly keepWork: boolean
  /** What could not be kept here, in sentences. */
  readonly notKept: readonly string[]
  readonly log: Log
  readonly redact: Redact
}

export async function handOver(run: PlannedRun, { report, patch }: Executed): Promise<Ended> {
  return settle(run, report, patch, writeReport(run.baseDir, report, patch))
}

/**
 * Something broke. What was spent until then is spent: a report that was written stands, else the journal says what
 * there is to say. Where that is lost as well, nobody knows what was spent, and the App is told nothing: what was drawn
 * counts when the run's lease is over.
 */
export async function handOverBroken(run: PlannedRun, message: string): Promise<Ended> {
  const written = readReport(run.baseDir)
  if (written !== undefined) return settle(run, written.report, '', written.path)
  const calls = readJournal(journalPath(run.baseDir))
  if (calls === undefined) return brokenWithoutJournal(run, message)
  const report = callsReport(calls, 'failed', 'internal', message)
  return settle(run, report, '', tryToWrite(run, report))
}

function brokenWithoutJournal({ plan, app }: PlannedRun, message: string): Ended {
  const said = `${message} The run's journal is lost, so nobody knows what it spent.`
  return { conclusion: 'failed', reason: 'internal', message: said, plan, claim: app?.claim }
}

/** A run that can't start is given back at once, so that its hold is released. */
export async function giveBack(run: PlannedRun, refusal: Refusal): Promise<Ended> {
  const report = callsReport([], 'refused', refusal.reason, refusal.message)
  if (run.app === undefined) return refused(refusal)
  // `post` repeats it from the file when the App does not take it now.
  writeReport(run.baseDir, report, '')
  await send(run.app, report, run.log)
  return refused(refusal, run.app.claim)
}

async function settle(run: PlannedRun, report: Report, patch: string, reportPath: string | undefined): Promise<Ended> {
  const { plan, app } = run
  const answer = app && (await send(app, run.keepWork ? withoutWork(report) : report, run.log))
  const own = { delivery: report.delivery === undefined ? '' : 'kept in the report' }
  const { conclusion, reason, delivery } = answer ?? { ...report, ...own }
  const remaining = answer?.paidBy && { microUsd: answer.remainingMicroUsd, ...answer.paidBy }
  const summary = jobSummary({
    plan,
    report,
    conclusion,
    reason,
    delivery,
    remaining,
    sessionUrl: app?.claim.sessionUrl,
    notKept: run.notKept,
    patch,
  })
  return {
    conclusion,
    reason,
    message: report.message,
    delivery,
    remainingMicroUsd: remaining?.microUsd,
    plan,
    claim: app?.claim,
    report,
    reportPath,
    summary: run.redact(summary),
  }
}

/** What the App made of the report; `undefined` when it did not take it. */
async function send(app: AppRun, report: Report, log: Log) {
  const answer = await app.finish(report)
  if ('notTaken' in answer) {
    log.warning(
      `The App did not take the report (${answer.notTaken}). It stays in this job's files, and what was drawn counts as spent unless it can be sent when the job ends.`,
    )
    return undefined
  }
  saveState({ finished: 'true' })
  return answer
}

/** The disk may be what broke. */
function tryToWrite(run: PlannedRun, report: Report): string | undefined {
  try {
    return writeReport(run.baseDir, report, '')
  } catch (error) {
    run.log.warning(`The report could not be written: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}
