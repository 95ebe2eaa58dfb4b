/** One run in one job, from inputs to outputs. Here is the one catch: whatever goes wrong below still ends in outputs. */
import './job/plain-schemas.ts'
import type { Plan } from '../core/plan/plan.ts'
import { isRefusal, type Refusal, refuse } from '../core/reason.ts'
import { type Redact, redactor } from '../core/redact.ts'
import { checkTemplates } from './agent/prompt.ts'
import type { AppRun } from './app-run.ts'
import { carryOut } from './carry-out.ts'
import { conclude, type Ended, refused } from './job/conclude.ts'
import { showPlan } from './job/dry-run.ts'
import type { Early } from './job/early.ts'
import type { PlannedRun } from './job/hand-over.ts'
import { type Inputs, readInputs, saveState } from './job/io.ts'
import { commitSource, readJob } from './job/job.ts'
import { actionsLog, type Log } from './job/log.ts'
import { missingProgram } from './meter/agent-program.ts'
import { openModel } from './model/model.ts'
import { missingKey, NOT_GIVEN, type ProviderKeys } from './model/provider-keys.ts'
import { createJournal, journalPath } from './money/journal.ts'
import { planOwnRun } from './own-run.ts'
import type { Sandbox } from './sandbox/sandbox.ts'

const UNCONFINED =
  'Commands are not confined, since `PURSER_SANDBOX=none` is set on this machine: they can read this process’s environment, the model’s key among it, and all that its user can.'

/** What this process was given, so that nothing below reaches for it. */
export interface Host {
  readonly environment: NodeJS.ProcessEnv
  readonly early: Promise<Early>
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
  const redact = growingRedactor(secrets)
  const log = actionsLog(redact, host.write)
  let failOnRefusal = false
  const begun: Begun = { planned: undefined }
  try {
    // 1. What was asked for.
    const inputs = readInputs(host.environment)
    if ('problem' in inputs) return await conclude(refused(refuse('input-invalid', inputs.problem)), failOnRefusal, log)
    failOnRefusal = inputs.failOnRefusal
    for (const secret of [
      inputs.apiKey,
      inputs.anthropicApiKey,
      inputs.githubToken,
      host.environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN,
    ]) {
      if (secret !== undefined) secrets.push(secret)
    }
    return await conclude(await runJob(inputs, host, { log, secrets, redact }, begun), failOnRefusal, log)
  } catch (error) {
    log.foreign(error instanceof Error ? (error.stack ?? error.message) : String(error))
    const message = redact(error instanceof Error ? error.message : 'Something was thrown that is not an error.')
    const ended: Ended =
      begun.planned === undefined
        ? { conclusion: 'failed', reason: 'internal', message }
        : await (await import('./job/hand-over.ts')).handOverBroken(begun.planned, message)
    return await conclude(ended, failOnRefusal, log)
  }
}

/** What a job says, and what it must not. */
interface Saying {
  readonly log: Log
  /** More are added as they become known. */
  readonly secrets: string[]
  readonly redact: Redact
}

/** Takes out what is in the list by then. Making a redactor costs more than using it. */
function growingRedactor(secrets: readonly string[]): Redact {
  let made = { count: secrets.length, redact: redactor(secrets) }
  return (text) => {
    if (made.count !== secrets.length) made = { count: secrets.length, redact: redactor(secrets) }
    return made.redact(text)
  }
}

/** Node loads its HTTP client when a part of it is first named, which takes as long as git takes to answer. */
function loadFetch(): boolean {
  return 'prototype' in Response
}

/** How far a job came, for when something breaks. */
interface Begun {
  planned: PlannedRun | undefined
}

async function runJob(inputs: Inputs, host: Host, { log, secrets, redact }: Saying, begun: Begun): Promise<Ended> {
  const early = await host.early
  const job = readJob()
  const source = commitSource(job, inputs.githubToken)

  // 2. The plan, and with an App the hold and the bearer token of this run.
  const { appUrl } = inputs
  const { builtInDir } = host
  const app = appUrl === undefined ? undefined : await (await import('./app-run.ts')).startAppRun(inputs, appUrl, job)
  if (isRefusal(app)) return refused(app)
  const planning =
    app?.claim.plan ??
    planOwnRun({ inputs, job, checkout: early.checkout, source, builtInDir, now: host.now(), isWorkedOn: true })
  loadFetch()
  const plan = await planning
  if (isRefusal(plan)) return refused(plan)
  if (app !== undefined) secrets.push(app.claim.token)
  createJournal(journalPath(early.baseDir))
  saveState({
    baseDir: early.baseDir,
    appUrl: inputs.appUrl ?? '',
    runId: app?.claim.runId ?? '',
    token: app?.claim.token ?? '',
    keepWork: inputs.keepWork ? 'true' : '',
  })

  // 3. What must be there before anything is spent.
  const sandbox = await early.sandbox
  const { baseDir } = early
  const { keepWork } = inputs
  const keys = keysOf(inputs)
  const planned = { plan, app, baseDir, keepWork, notKept: whatIsNotKept(inputs, sandbox), log, redact }
  begun.planned = planned
  const obstacle =
    checkTemplates(plan) ??
    missingKey(plan, keys) ??
    missingProgram(plan, host.environment) ??
    (await unusableCheckpoint(plan, app))
  if (inputs.dryRun) {
    showPlan(plan, log, obstacle ?? (isRefusal(sandbox) ? sandbox : undefined))
    await giveBack(planned, refuse('cancelled', 'A dry run: nothing was started or spent.'))
    return { conclusion: 'completed', reason: undefined, message: 'A dry run: nothing was started or spent.', plan }
  }
  if (obstacle !== undefined) return giveBack(planned, obstacle)
  if (isRefusal(sandbox)) return giveBack(planned, sandbox)

  // 4. The run itself.
  if (sandbox.kind === 'none') log.warning(UNCONFINED)
  const executed = await carryOut({
    plan,
    app,
    checkout: early.checkout,
    source,
    sandbox,
    keys,
    model: openModel(inputs.apiKey ?? NOT_GIVEN, inputs.baseUrl, plan.endpoint),
    journalFile: journalPath(early.baseDir),
    sessionDir: early.baseDir,
    keepWork,
    checkpoint: app?.claim.resume,
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
  const { handOver } = await import('./job/hand-over.ts')
  return handOver(planned, executed)
}

async function giveBack(planned: PlannedRun, refusal: Refusal): Promise<Ended> {
  const { giveBack: give } = await import('./job/hand-over.ts')
  return give(planned, refusal)
}

async function unusableCheckpoint(plan: Plan, app: AppRun | undefined): Promise<Refusal | undefined> {
  const checkpoint = app?.claim.resume
  return checkpoint && (await import('../core/session/resume.ts')).checkResume(plan, checkpoint)
}

function keysOf(inputs: Inputs): ProviderKeys {
  return {
    openai: { apiKey: inputs.apiKey, baseUrl: inputs.baseUrl },
    anthropic: { apiKey: inputs.anthropicApiKey, baseUrl: inputs.anthropicBaseUrl },
  }
}

function whatIsNotKept(inputs: Inputs, sandbox: Sandbox | Refusal): string[] {
  const said: string[] = []
  if (inputs.appUrl === undefined) {
    said.push(
      'No App is set: the cap of this run is kept, but the portfolio’s budget across runs is not, and this job delivers nothing: a second one can, which `purser init` writes.',
    )
  }
  if ('kind' in sandbox && sandbox.kind === 'none') said.push(UNCONFINED)
  return said
}
