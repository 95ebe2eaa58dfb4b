/** One run in one job, from inputs to outputs. Here is the one catch: whatever goes wrong below still ends in outputs. */
import { join } from 'node:path'
import { usdDecimal } from '../core/money.ts'
import type { Plan } from '../core/plan.ts'
import { type ClaimAnswer, OIDC_AUDIENCE, type Report } from '../core/protocol.ts'
import { isRefusal, type ReasonCode, type Refusal, reasons, refuse } from '../core/reason.ts'
import { redactor } from '../core/redact.ts'
import type { Conclusion } from '../core/run.ts'
import { jobSummary, refusalSummary } from '../core/text/job-summary.ts'
import { type CommitSource, checkOut, ensureCommit, fetchCommit, hasCommit, openCheckout } from './checkout.ts'
import { type Door, isSilence, openDoor } from './door.ts'
import { showPlan } from './dry-run.ts'
import { type Executed, execute } from './execute.ts'
import { type Git, GitError } from './git.ts'
import { getIdentity, type Inputs, type Outputs, readInputs, saveState, writeOutputs, writeSummary } from './io.ts'
import { commitSource, type Job, jobSubject, pushedFrom, readJob } from './job.ts'
import { openJournal } from './journal.ts'
import { holdLease, type Lease } from './lease.ts'
import { actionsLog, type Log } from './log.ts'
import { openModel } from './model.ts'
import { readNotes } from './notes.ts'
import { resolveOwnPlan } from './own-plan.ts'
import { checkTemplates } from './prompt.ts'
import { Purse } from './purse.ts'
import { createRunDirectory, journalPath, writeReport } from './run-files.ts'
import { openSandbox, type Sandbox } from './sandbox.ts'
import { Stop } from './stop.ts'

const MINUTE_MS = 60_000

/** What this process was given, so that nothing below reaches for it. */
export interface Host {
  readonly environment: NodeJS.ProcessEnv
  /** Where this package lies: `catalog/` is below it. */
  readonly packageDir: string
  readonly temporaryDir: string
  readonly write: (text: string) => void
  /** Called once when the job is told to end. */
  readonly onInterrupt: (stop: () => void) => void
  readonly now: () => Date
  readonly monotonicMs: () => number
}

/** Resolves to the process's exit code. */
export async function run(host: Host): Promise<number> {
  const secrets: string[] = []
  let failOnRefusal = false
  try {
    // 1. What was asked for. Nothing is known yet of what to redact, so problems name inputs and no values.
    const inputs = readInputs(host.environment)
    if ('problem' in inputs)
      return await conclude(refused(refuse('input-invalid', inputs.problem)), failOnRefusal, host)
    failOnRefusal = inputs.failOnRefusal
    secrets.push(inputs.apiKey ?? '', inputs.githubToken ?? '', host.environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? '')
    const log = actionsLog(redactor(secrets), host.write)
    return await conclude(await runJob(inputs, host, log, secrets), failOnRefusal, host)
  } catch (error) {
    const log = actionsLog(redactor(secrets), host.write)
    log.foreign(error instanceof Error ? (error.stack ?? error.message) : String(error))
    const message = error instanceof Error ? error.message : 'something was thrown that is not an error'
    return await conclude({ ...nothing, conclusion: 'failed', reason: 'internal', message, log }, failOnRefusal, host)
  }
}

/** How it ended, as outputs, annotation, summary and exit code need it. */
interface Ended {
  readonly conclusion: Conclusion
  readonly reason: ReasonCode | undefined
  readonly message: string
  readonly todo?: string | undefined
  readonly claim?: Pick<ClaimAnswer, 'runId' | 'sessionId'> | undefined
  readonly plan?: Plan | undefined
  readonly report?: Report | undefined
  readonly reportPath?: string | undefined
  readonly remainingMicroUsd?: bigint | undefined
  readonly delivery?: string | undefined
  readonly summary?: string | undefined
  readonly log?: Log | undefined
}

const nothing = { reason: undefined, message: '' } as const

function refused(refusal: Refusal, claim?: Ended['claim']): Ended {
  return { conclusion: 'refused', reason: refusal.reason, message: refusal.message, todo: refusal.todo, claim }
}

async function runJob(inputs: Inputs, host: Host, log: Log, secrets: string[]): Promise<Ended> {
  const job = readJob(host.environment, host.temporaryDir)
  const source = commitSource(job, inputs.githubToken)
  const baseDir = createRunDirectory(job.temporaryDir)
  const { git, workDir } = openCheckout(baseDir, source)

  // 2. The sandbox is probed while the plan is made.
  const sandboxOpening = openSandbox(
    { workDir, homeDir: join(baseDir, 'home'), outputDir: join(baseDir, 'output'), hidden: [baseDir] },
    host.environment.PURSER_SANDBOX === 'none' ? 'none' : 'bubblewrap',
    host.environment,
  )

  // 3. The plan, and with an App the hold and the bearer token of this run.
  const granted =
    inputs.appUrl === undefined
      ? await ownPlan(inputs, job, git, source, host)
      : await askApp(inputs, inputs.appUrl, job)
  const sandbox = await sandboxOpening
  if (isRefusal(granted)) return refused(granted)
  const { plan, claim, door } = granted
  if (claim !== undefined) {
    secrets.push(claim.token)
    saveState({ baseDir, appUrl: inputs.appUrl ?? '', runId: claim.runId, token: claim.token })
  } else {
    saveState({ baseDir })
  }
  const wholeLog = actionsLog(redactor(secrets), host.write)
  const notKept = whatIsNotKept(inputs, sandbox)

  // 4. What must be there before anything is spent.
  const obstacle = checkTemplates(plan) ?? (isRefusal(sandbox) ? sandbox : undefined) ?? missingKey(inputs)
  if (inputs.dryRun) {
    showPlan(plan, log, isRefusal(obstacle) ? obstacle : undefined)
    return { ...nothing, conclusion: 'completed', message: 'A dry run: nothing was started or spent.', claim, plan }
  }
  if (obstacle !== undefined || isRefusal(sandbox))
    return refuseClaimed(obstacle ?? refuse('sandbox-unavailable'), claim, door)

  // 5. The run itself.
  const executed = await carryOut({
    inputs,
    host,
    plan,
    claim,
    door,
    git,
    workDir,
    baseDir,
    source,
    sandbox,
    log: wholeLog,
    secrets,
  })
  const reportPath = writeReport(baseDir, executed.report, executed.patch)
  log.line(`Report: ${reportPath}`)

  // 6. The App settles and delivers; without one, the report is all there is.
  const settled = await settle(executed.report, inputs, claim, door, wholeLog)
  const summary = jobSummary({
    plan,
    report: executed.report,
    conclusion: settled.conclusion,
    reason: settled.reason,
    delivery: settled.delivery ?? '',
    remainingMicroUsd: settled.remainingMicroUsd,
    sessionUrl: claim?.sessionUrl,
    notKept,
    patch: executed.patch,
  })
  saveState({ finished: 'true' })
  return {
    ...settled,
    plan,
    claim,
    report: executed.report,
    reportPath,
    summary: redactor(secrets)(summary),
    log: wholeLog,
  }
}

interface Granted {
  readonly plan: Plan
  readonly claim?: ClaimAnswer | undefined
  readonly door?: Door | undefined
}

async function askApp(inputs: Inputs, appUrl: string, job: Job): Promise<Granted | Refusal> {
  const identity = await getIdentity(OIDC_AUDIENCE).catch((error: unknown) => {
    return refuse(
      'identity-invalid',
      `The job got no identity from GitHub: ${error instanceof Error ? error.message : String(error)}`,
    )
  })
  if (isRefusal(identity)) return identity
  const door = openDoor(appUrl)
  if (inputs.run === undefined && inputs.workflow === undefined)
    return refuse('input-invalid', 'Neither `workflow` nor `run` is given.')
  const baseSha = pushedFrom(job)
  const answer =
    inputs.run !== undefined
      ? await door.claim(identity, inputs.run)
      : await door.ask(identity, {
          workflow: inputs.workflow ?? '',
          inputs: { ...inputs.values },
          ...(inputs.variant !== undefined && { variant: inputs.variant }),
          ...(inputs.model !== undefined && { model: inputs.model }),
          ...(inputs.effort !== undefined && { effort: inputs.effort }),
          ...(inputs.capUsd !== undefined && { capUsd: inputs.capUsd }),
          ...(baseSha !== undefined && { baseSha }),
        })
  if (isSilence(answer))
    return refuse('app-unreachable', `The App at ${appUrl} did not answer (${answer.message}), so nothing was spent.`)
  if (isRefusal(answer)) return answer
  return { plan: answer.plan, claim: answer, door }
}

async function ownPlan(
  inputs: Inputs,
  job: Job,
  git: Git,
  source: CommitSource,
  host: Host,
): Promise<Granted | Refusal> {
  if (inputs.workflow === undefined) {
    const why =
      inputs.run === undefined ? '`workflow` is not given.' : '`run` names a run of an App, and `app-url` is not given.'
    return refuse('input-invalid', why)
  }
  const subject = jobSubject(job)
  if (isRefusal(subject)) return subject
  const configSha = await findConfiguration(job, git, source)
  if (isRefusal(configSha)) return configSha
  const plan = await resolveOwnPlan(
    {
      workflow: inputs.workflow,
      variant: inputs.variant,
      portfolio: inputs.portfolio,
      inputs: inputs.values,
      overrides: {
        ...(inputs.model !== undefined && { model: inputs.model }),
        ...(inputs.effort !== undefined && { effort: inputs.effort }),
        ...(inputs.capUsd !== undefined && { cap: inputs.capUsd }),
      },
    },
    subject,
    git,
    configSha,
    host.packageDir,
    host.now().toISOString().slice(0, 10),
  )
  return isRefusal(plan) ? plan : { plan }
}

/** The commit of the default branch: the job's own, if that is where it runs, else what GitHub has now. */
async function findConfiguration(job: Job, git: Git, source: CommitSource): Promise<string | Refusal> {
  const branch = job.event.repository?.default_branch
  try {
    if (branch !== undefined && job.ref === `refs/heads/${branch}`) {
      await ensureCommit(git, source, job.sha)
      return job.sha
    }
    if (source.remote === undefined) return refuse('no-configuration')
    return await fetchCommit(git, source.remote, branch === undefined ? 'HEAD' : `refs/heads/${branch}`)
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    return refuse(
      'no-configuration',
      `The default branch could not be read: ${said}`,
      'Give the job `permissions: contents: read`.',
    )
  }
}

interface Running {
  readonly inputs: Inputs
  readonly host: Host
  readonly plan: Plan
  readonly claim: ClaimAnswer | undefined
  readonly door: Door | undefined
  readonly git: Git
  readonly workDir: string
  readonly baseDir: string
  readonly source: CommitSource
  readonly sandbox: Sandbox
  readonly log: Log
  readonly secrets: readonly string[]
}

async function carryOut(running: Running): Promise<Executed> {
  const { inputs, host, plan, claim, door, git, workDir, log } = running
  const abort = new AbortController()
  const stop = (reason: Stop) => abort.abort(reason)
  host.onInterrupt(() => stop(new Stop('cancelled')))
  const deadline = setTimeout(() => stop(new Stop('time-exhausted')), plan.timeoutMinutes * MINUTE_MS)
  const lease: Lease | undefined = claim && door && holdLease(door, claim, stop, host.monotonicMs)
  const journal = openJournal(journalPath(running.baseDir))
  const hold = {
    capMicroUsd: plan.capMicroUsd,
    drawnMicroUsd: claim?.drawnMicroUsd ?? plan.capMicroUsd,
    capTokens: plan.capTokens,
    drawnTokens: claim === undefined ? plan.capTokens : claim.drawnTokens,
  }
  const purse = new Purse(hold, journal, lease?.draw)
  let step = ''
  const parts = {
    plan,
    git,
    workDir,
    sandbox: running.sandbox,
    model: openModel(inputs.apiKey ?? '', inputs.baseUrl),
    purse,
    log,
    redact: redactor(running.secrets),
    signal: abort.signal,
    onStep: (id: string) => {
      step = id
    },
    onTurn: (turn: { step: string; number: number; text: string; tools: readonly string[] }) => {
      const tools = turn.tools.length === 0 ? 'answers' : turn.tools.join('; ')
      log.foreign(`${turn.step} ${turn.number}: ${tools} (${purse.percentOfCap}% of the cap)`)
    },
  }
  try {
    lease?.keep(purse, () => step)
    const missing = await prepareCheckout(running)
    if (missing !== undefined) return { report: emptyReport('failed', 'checkout-failed', missing), patch: '' }
    const notes = await readNotes(git, plan.subject)
    return await execute(parts, notes)
  } finally {
    clearTimeout(deadline)
    lease?.end()
    journal.close()
  }
}

/** Answers why the pinned commit can't be had, in git's words. */
async function prepareCheckout({ git, workDir, source, plan }: Running): Promise<string | undefined> {
  const { headSha, baseSha } = plan.subject
  try {
    await ensureCommit(git, source, headSha)
    await checkOut(git, workDir, headSha)
  } catch (error) {
    if (error instanceof GitError) return `The commit ${headSha} could not be checked out: ${error.message}`
    throw error
  }
  // Only the diff needs the base; without it the prompt says that nothing is known.
  if (baseSha !== undefined && !(await hasCommit(git, baseSha)))
    await ensureCommit(git, source, baseSha).catch(() => {})
  return undefined
}

async function settle(
  report: Report,
  inputs: Inputs,
  claim: ClaimAnswer | undefined,
  door: Door | undefined,
  log: Log,
): Promise<Ended> {
  const own: Ended = {
    conclusion: report.conclusion,
    reason: report.reason,
    message: report.message,
    delivery: report.delivery === undefined ? '' : 'kept in the report',
  }
  if (claim === undefined || door === undefined) return own
  const { delivery, ...withoutWork } = report
  const answer = await door.finish(
    claim.token,
    claim.runId,
    inputs.keepWork ? withoutWork : { ...withoutWork, ...(delivery && { delivery }) },
  )
  if (isSilence(answer) || isRefusal(answer)) {
    log.warning(
      `The App did not take the report (${answer.message}); it stands in this job's files, and what was drawn is counted as spent.`,
    )
    return own
  }
  return {
    ...own,
    conclusion: answer.conclusion,
    reason: answer.reason,
    delivery: answer.delivery,
    remainingMicroUsd: answer.remainingMicroUsd,
  }
}

/** A claimed run that can't start is given back at once, so that its hold is released. */
async function refuseClaimed(refusal: Refusal, claim: ClaimAnswer | undefined, door: Door | undefined): Promise<Ended> {
  if (claim !== undefined && door !== undefined) {
    await door.finish(claim.token, claim.runId, emptyReport('refused', refusal.reason, refusal.message))
    saveState({ finished: 'true' })
  }
  return refused(refusal, claim)
}

export function emptyReport(conclusion: Conclusion, reason: ReasonCode, message: string): Report {
  return {
    version: 1,
    conclusion,
    reason,
    message: message.slice(0, 1_900),
    spentMicroUsd: 0n,
    inputTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
    steps: [],
    calls: [],
  }
}

function missingKey(inputs: Inputs): Refusal | undefined {
  return inputs.apiKey === undefined ? refuse('no-key') : undefined
}

function whatIsNotKept(inputs: Inputs, sandbox: Sandbox | Refusal): string[] {
  return [
    ...(inputs.appUrl === undefined
      ? [
          'No App is set: the cap of this run is kept, but the portfolio’s budget across runs is not, and nothing is delivered.',
        ]
      : []),
    ...(!isRefusal(sandbox) && sandbox.kind === 'none'
      ? ['Commands were not confined: `PURSER_SANDBOX=none` is set on this machine.']
      : []),
  ]
}

/** 7. Outputs, summary, annotation and exit code, however it ended. */
async function conclude(ended: Ended, failOnRefusal: boolean, host: Host): Promise<number> {
  const { report, plan } = ended
  const outputs: Outputs = {
    conclusion: ended.conclusion,
    reason: ended.reason ?? '',
    'session-id': ended.claim?.sessionId ?? '',
    'run-id': ended.claim?.runId ?? '',
    'spend-usd': usdDecimal(report?.spentMicroUsd ?? 0n),
    'held-usd': ended.conclusion === 'refused' ? '0.00' : usdDecimal(plan?.capMicroUsd ?? 0n),
    'remaining-usd': ended.remainingMicroUsd === undefined ? '' : usdDecimal(ended.remainingMicroUsd),
    'input-tokens': String(report?.inputTokens ?? 0),
    'cached-tokens': String(report?.cachedTokens ?? 0),
    'output-tokens': String(report?.outputTokens ?? 0),
    delivery: ended.delivery ?? '',
    report: ended.reportPath ?? '',
  }
  writeOutputs(outputs)
  const log = ended.log ?? actionsLog(redactor([]), host.write)
  const todo = ended.todo ?? (ended.reason && reasons[ended.reason].todo) ?? ''
  await writeSummary(
    ended.summary ?? (ended.reason ? refusalSummary(ended.reason, ended.message, todo) : ended.message),
  )
  const said = `${ended.reason === undefined ? '' : `${ended.reason}: `}${ended.message} ${todo}`.trim()
  const code = exitCode(ended.conclusion, failOnRefusal)
  if (code !== 0) log.error(said)
  else if (ended.conclusion === 'completed')
    log.line(`Completed. ${ended.message} It cost ${usdDecimal(report?.spentMicroUsd ?? 0n)} USD.`)
  else log.warning(said)
  return code
}

function exitCode(conclusion: Conclusion, failOnRefusal: boolean): number {
  if (conclusion === 'failed' || conclusion === 'cancelled') return 1
  return conclusion === 'refused' && failOnRefusal ? 1 : 0
}
