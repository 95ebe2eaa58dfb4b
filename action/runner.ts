/** One run in one job, from inputs to outputs. Here is the one catch: whatever goes wrong below still ends in outputs. */
import './plain-schemas.ts'
import { isRefusal, type Refusal, refuse } from '../core/reason.ts'
import { redactor } from '../core/redact.ts'
import type { Report } from '../core/report.ts'
import { jobSummary } from '../core/text/job-summary.ts'
import type { AppRun } from './app-run.ts'
import { carryOut, emptyReport } from './carry-out.ts'
import { conclude, type Ended, refused } from './conclude.ts'
import { showPlan } from './dry-run.ts'
import type { Early } from './early.ts'
import { type Inputs, readInputs, saveState } from './io.ts'
import { commitSource, readJob } from './job.ts'
import { journalPath } from './journal.ts'
import { actionsLog, type Log } from './log.ts'
import { openModel } from './model.ts'
import { planOwnRun } from './own-run.ts'
import { checkTemplates } from './prompt.ts'
import type { Sandbox } from './sandbox.ts'

/** What this process was given, so that nothing below reaches for it. */
export interface Host {
  readonly environment: NodeJS.ProcessEnv
  readonly early: Early
  /** Where what comes with Purser lies: `catalog/` of this package. */
  readonly builtInDir: string
  readonly write: (text: string) => void
  /** Takes what is to be called when the job is told to end. */
  readonly onInterrupt: (stop: () => void) => void
  readonly now: () => Date
  readonly monotonicMs: () => number
}

/** Resolves to the process's exit code. */
export async function run(host: Host): Promise<number> {
  const secrets: string[] = []
  const redact = (text: string) => redactor(secrets)(text)
  const log = actionsLog(redact, host.write)
  let failOnRefusal = false
  try {
    // 1. What was asked for.
    const inputs = readInputs(host.environment)
    if ('problem' in inputs) return await conclude(refused(refuse('input-invalid', inputs.problem)), failOnRefusal, log)
    failOnRefusal = inputs.failOnRefusal
    for (const secret of [inputs.apiKey, inputs.githubToken, host.environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN]) {
      if (secret !== undefined) secrets.push(secret)
    }
    return await conclude(await runJob(inputs, host, log, secrets), failOnRefusal, log)
  } catch (error) {
    log.foreign(error instanceof Error ? (error.stack ?? error.message) : String(error))
    const message = error instanceof Error ? error.message : 'Something was thrown that is not an error.'
    return await conclude({ conclusion: 'failed', reason: 'internal', message: redact(message) }, failOnRefusal, log)
  }
}

async function runJob(inputs: Inputs, host: Host, log: Log, secrets: string[]): Promise<Ended> {
  const { early } = host
  const job = readJob(host.environment)
  const source = commitSource(job, inputs.githubToken)

  // 2. The plan, and with an App the hold and the bearer token of this run.
  const today = host.now().toISOString().slice(0, 10)
  const { appUrl } = inputs
  const app = appUrl === undefined ? undefined : await (await import('./app-run.ts')).startAppRun(inputs, appUrl, job)
  if (isRefusal(app)) return refused(app)
  const plan = app?.claim.plan ?? (await planOwnRun(inputs, job, early.checkout, source, host.builtInDir, today))
  if (isRefusal(plan)) return refused(plan)
  if (app !== undefined) secrets.push(app.claim.token)
  const redact = redactor(secrets)
  saveState({
    baseDir: early.baseDir,
    appUrl: inputs.appUrl ?? '',
    runId: app?.claim.runId ?? '',
    token: app?.claim.token ?? '',
  })

  // 3. What must be there before anything is spent.
  const sandbox = await early.sandbox
  const obstacle = checkTemplates(plan) ?? missingKey(inputs)
  if (inputs.dryRun) {
    showPlan(plan, log, obstacle ?? (isRefusal(sandbox) ? sandbox : undefined))
    if (app !== undefined) await giveBack(app, refuse('cancelled', 'A dry run: nothing was started or spent.'))
    return { conclusion: 'completed', reason: undefined, message: 'A dry run: nothing was started or spent.', plan }
  }
  if (obstacle !== undefined) return giveBack(app, obstacle)
  if (isRefusal(sandbox)) return giveBack(app, sandbox)

  // 4. The run itself.
  const executed = await carryOut({
    plan,
    app,
    checkout: early.checkout,
    source,
    sandbox,
    model: openModel(inputs.apiKey ?? '', inputs.baseUrl),
    journalFile: journalPath(early.baseDir),
    log,
    redact,
    monotonicMs: host.monotonicMs,
    onInterrupt: host.onInterrupt,
    onTurn: (turn) => {
      const did = turn.tools.length === 0 ? 'answers' : turn.tools.join('; ')
      log.foreign(`${turn.step}, turn ${turn.number}: ${did}`)
    },
  })

  // 5. The report stays in the job; the App settles and delivers.
  const { writeReport } = await import('./run-files.ts')
  const reportPath = writeReport(early.baseDir, executed.report, executed.patch)
  const settled = await settle(executed.report, inputs, app, log)
  const summary = jobSummary({
    plan,
    report: executed.report,
    conclusion: settled.conclusion,
    reason: settled.reason,
    delivery: settled.delivery ?? '',
    remainingMicroUsd: settled.remainingMicroUsd,
    sessionUrl: app?.claim.sessionUrl,
    notKept: whatIsNotKept(inputs, sandbox),
    patch: executed.patch,
  })
  return { ...settled, plan, claim: app?.claim, report: executed.report, reportPath, summary: redact(summary) }
}

/** What the App made of the report; as the report says without one, or where it does not answer. */
async function settle(report: Report, inputs: Inputs, app: AppRun | undefined, log: Log): Promise<Ended> {
  const own: Ended = {
    conclusion: report.conclusion,
    reason: report.reason,
    message: report.message,
    delivery: report.delivery === undefined ? '' : 'kept in the report',
  }
  if (app === undefined) return own
  const { delivery, ...withoutWork } = report
  const sent = inputs.keepWork || delivery === undefined ? withoutWork : report
  const answer = await app.finish(sent)
  if ('notTaken' in answer) {
    log.warning(
      `The App did not take the report (${answer.notTaken}). It stays in this job's files, and what was drawn counts as spent.`,
    )
    return own
  }
  saveState({ finished: 'true' })
  return {
    ...own,
    conclusion: answer.conclusion,
    reason: answer.reason,
    delivery: answer.delivery,
    remainingMicroUsd: answer.remainingMicroUsd,
  }
}

/** A claimed run that can't start is given back at once, so that its hold is released. */
async function giveBack(app: AppRun | undefined, refusal: Refusal): Promise<Ended> {
  if (app === undefined) return refused(refusal)
  await app.finish(emptyReport('refused', refusal.reason, refusal.message))
  saveState({ finished: 'true' })
  return refused(refusal, app.claim)
}

function missingKey(inputs: Inputs): Refusal | undefined {
  return inputs.apiKey === undefined ? refuse('no-key') : undefined
}

function whatIsNotKept(inputs: Inputs, sandbox: Sandbox): string[] {
  const said: string[] = []
  if (inputs.appUrl === undefined) {
    said.push(
      'No App is set: the cap of this run is kept, but the portfolio’s budget across runs is not, and nothing is delivered.',
    )
  }
  if (sandbox.kind === 'none') said.push('Commands were not confined: `PURSER_SANDBOX=none` is set on this machine.')
  return said
}
