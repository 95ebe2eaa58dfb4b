/**
 * Delivers the report of a run that another job made, where there is no App. The report is data of a job that ran an
 * agent, so nothing in it decides: the plan with its guards is resolved again from the default branch, and the work is
 * looked at as the App looks at it. Nothing is checked out, and no model key is near.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Octokit } from '@octokit/rest'
import { z } from 'zod/mini'
import type { Plan } from '../../core/plan/plan.ts'
import { isRefusal, type ReasonCode, type Refusal, refuse } from '../../core/reason.ts'
import { redactor } from '../../core/redact.ts'
import { type Report, reportSchema } from '../../core/run/report.ts'
import type { Conclusion } from '../../core/run/run.ts'
import { deliveryPauseSeconds } from '../../core/run/run-life.ts'
import { deliverySummary } from '../../core/text/delivery-summary.ts'
import { type DeliveryOrder, deliver } from '../../delivery/deliver.ts'
import type { Delivered } from '../../delivery/delivered.ts'
import { isRefused } from '../../delivery/github.ts'
import { deliveryView } from '../../delivery/view.ts'
import { planOwnRun } from '../own-run.ts'
import { openCheckout } from '../workspace/checkout.ts'
import { type DeliverInputs, readDeliverInputs, writeDelivered } from './deliver-io.ts'
import { commitSource, type Job, readJob } from './job.ts'
import { actionsLog, type Log } from './log.ts'

/** A changeset of 4 MB is 5.4 MB in base64; the evidence of the calls comes beside it. */
const REPORT_BYTES_MAX = 20_000_000
/** Faults of GitHub's own are waited out a few times; whoever runs the job again goes on from what was made. */
const TRIES_MAX = 3
const SECOND_MS = 1_000
const RUN_ID_CHARACTERS = 16

export interface DeliverHost {
  readonly environment: NodeJS.ProcessEnv
  /** Where a directory for the configuration's objects is made. */
  readonly temporaryDir: string
  /** Where what comes with Purser lies. */
  readonly builtInDir: string
  readonly write: (text: string) => void
  readonly now: () => Date
}

interface Ended {
  readonly workflow: string
  readonly conclusion: Conclusion
  readonly reason?: ReasonCode | undefined
  readonly detail?: string | undefined
  readonly url?: string | undefined
}

/** Resolves to the process's exit code. */
export async function deliverReport(host: DeliverHost): Promise<number> {
  const inputs = readDeliverInputs()
  const secrets = 'problem' in inputs ? [] : [inputs.githubToken]
  const log = actionsLog(redactor(secrets), host.write)
  if ('problem' in inputs) return conclude(log, ofRefusal('', refuse('input-invalid', inputs.problem)))
  const workflow = inputs.own.workflow ?? ''
  try {
    return await conclude(log, await deliverJob(host, inputs, log))
  } catch (error) {
    log.foreign(error instanceof Error ? (error.stack ?? error.message) : String(error))
    const detail = error instanceof Error ? error.message : 'Something was thrown that is not an error.'
    return conclude(log, { workflow, conclusion: 'failed', reason: 'internal', detail })
  }
}

async function deliverJob(
  host: DeliverHost,
  { reportPath, own, githubToken }: DeliverInputs,
  log: Log,
): Promise<Ended> {
  const workflow = own.workflow ?? ''
  const job = readJob()
  const kept = readKept(reportPath)
  if (isRefusal(kept)) return ofRefusal(workflow, kept)
  const plan = await planAgain(host, job, own, githubToken)
  if (isRefusal(plan)) return ofRefusal(workflow, plan)
  const { GITHUB_API_URL: baseUrl = 'https://api.github.com', GITHUB_RUN_ID: actionsRunId = '0' } = host.environment
  const octokit = new Octokit({ auth: githubToken, baseUrl, log: quiet })
  const [owner = '', repo = ''] = job.repository.split('/')
  const name = { owner, repo }
  const known = job.event.repository?.default_branch
  const defaultBranch = known ?? (await octokit.rest.repos.get(name)).data.default_branch
  const site = `${job.serverUrl}/${job.repository}`
  const jobUrl = `${site}/actions/runs/${actionsRunId}`
  const { report } = kept
  const delivered = await tryTo(
    {
      place: { octokit, name, defaultBranch, self: () => viewerOf(octokit) },
      site,
      plan,
      report,
      // Nobody is asked by a job, and no job waits for days.
      approval: 'impossible',
      view: deliveryView(plan, report, {
        sessionId: `actions-${actionsRunId}`,
        runId: kept.runId,
        spentMicroUsd: report.spentMicroUsd,
        capMicroUsd: plan.capMicroUsd,
        sessionUrl: jobUrl,
      }),
      onRefused: (error) => log.foreign(`GitHub refused a part of the delivery: ${String(error)}`),
    },
    log,
  )
  return endedOf(workflow, report, delivered, jobUrl)
}

/** Whoever the token belongs to: GitHub Actions, where the job has no other. REST tells that of a person's alone. */
async function viewerOf({ graphql }: Octokit): Promise<string> {
  const { viewer } = await graphql<{ readonly viewer: { readonly login: string } }>('{ viewer { login } }')
  return viewer.login
}

/** A part of the work that is nowhere else is kept in the run's artifact, which the Actions run's page shows. */
function endedOf(workflow: string, report: Report, delivered: Delivered, jobUrl: string): Ended {
  const isChanged = delivered.reason !== undefined && delivered.reason !== report.reason
  const reason = delivered.reason ?? report.reason
  const nothing = report.delivery === undefined || reason === 'nothing-to-deliver'
  return {
    workflow,
    conclusion: delivered.conclusion ?? report.conclusion,
    reason,
    detail: isChanged || report.message === '' ? undefined : report.message,
    url: delivered.url ?? (nothing ? undefined : jobUrl),
  }
}

async function tryTo(order: DeliveryOrder, log: Log): Promise<Delivered> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await deliver(order)
    } catch (error) {
      if (tries === TRIES_MAX || isRefused(error)) throw error
      log.warning(`GitHub did not answer as expected; trying again: ${error instanceof Error ? error.message : ''}`)
      await wait(deliveryPauseSeconds(tries) * SECOND_MS)
    }
  }
}

/** The report, and an id that names this very report: a job that is run again adopts what an earlier try made. */
function readKept(path: string): { readonly report: Report; readonly runId: string } | Refusal {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found?.isFile()) return refuse('input-invalid', `\`report\`: there is no file ${path}.`)
  if (found.size > REPORT_BYTES_MAX) {
    return refuse('input-invalid', `\`report\`: ${path} has more than ${REPORT_BYTES_MAX} bytes.`)
  }
  const text = readFileSync(path, 'utf8')
  try {
    const report = z.decode(reportSchema, JSON.parse(text))
    return { report, runId: createHash('sha256').update(text).digest('hex').slice(0, RUN_ID_CHARACTERS) }
  } catch {
    return refuse('input-invalid', `\`report\`: ${path} is not the report of a run.`)
  }
}

async function planAgain(
  { temporaryDir, builtInDir, now }: DeliverHost,
  job: Job,
  inputs: DeliverInputs['own'],
  token: string,
): Promise<Plan | Refusal> {
  mkdirSync(temporaryDir, { recursive: true })
  const baseDir = mkdtempSync(join(temporaryDir, 'purser-delivery-'))
  const checkout = openCheckout(baseDir, undefined)
  try {
    const source = commitSource(job, token)
    return await planOwnRun({ inputs, job, checkout, source, builtInDir, now: now(), isWorkedOn: false })
  } finally {
    checkout.objects.close()
    rmSync(baseDir, { recursive: true, force: true })
  }
}

function ofRefusal(workflow: string, { reason, message }: Refusal): Ended {
  return { workflow, conclusion: 'refused', reason, detail: message }
}

async function conclude(log: Log, ended: Ended): Promise<number> {
  const { conclusion, reason, detail, url } = ended
  await writeDelivered(
    { conclusion, reason: reason ?? '', delivery: url ?? '' },
    deliverySummary({ workflow: ended.workflow, conclusion, reason, detail, url }),
  )
  const said = [reason, detail, url].filter((part) => part !== undefined).join(': ')
  const isBroken = reason === 'internal' || conclusion === 'refused'
  if (isBroken) log.error(said)
  else if (conclusion === 'completed') log.line(said)
  else log.warning(said)
  return isBroken ? 1 : 0
}

/** Requests and their bodies are nobody's business in a log that everybody reads. */
const quiet = { debug() {}, info() {}, warn() {}, error() {} }
