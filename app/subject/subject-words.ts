/**
 * What people wrote on a run's subject and what CI printed where it failed, read from GitHub when a job takes the run up
 * and only where a prompt names it. It is in no row of the ledger. Where GitHub does not give it, the run goes on without.
 */
import type { Plan, Subject } from '../../core/plan/plan.ts'
import { discussion, failedLog, isNamed } from '../../core/session/subject-words.ts'
import { markerOf } from '../../core/text/marker.ts'
import type { Parts } from '../parts.ts'
import { ACTIONS_WORKFLOW } from '../run/dispatch.ts'
import type { Place } from './place.ts'

/** A job waits for its plan meanwhile. */
const TIMEOUT_MS = 8_000
const COMMENTS_PAGE = 50
/** Failed Actions runs of the head, the newest first, that are looked through for a failed job. */
const FAILED_RUNS_MAX = 3
const JOBS_MAX = 100
/** A longer log is left alone: its end is what is wanted, and there is no way to ask for that alone. */
const LOG_BYTES_MAX = 40_000_000
const LOG_KEPT_BYTES = 200_000

export async function withSubjectWords(parts: Parts, place: Place, plan: Plan): Promise<Plan> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const [text, log] = await Promise.all([
    isNamed(plan, 'subject.text') ? tolerantly(parts, 'discussion', () => readText(place, plan.subject, signal)) : '',
    isNamed(plan, 'subject.log') ? tolerantly(parts, 'job log', () => readLog(place, plan.subject, signal)) : '',
  ])
  if (text === '' && log === '') return plan
  return { ...plan, subject: { ...plan.subject, ...(text !== '' && { text }), ...(log !== '' && { log }) } }
}

async function tolerantly({ log }: Parts, what: string, read: () => Promise<string>): Promise<string> {
  try {
    return await read()
  } catch (err) {
    log.warn({ err }, `the ${what} of a subject could not be read; its run goes on without`)
    return ''
  }
}

async function readText(place: Place, { number }: Subject, signal: AbortSignal): Promise<string> {
  if (number === undefined) return ''
  const { issues } = place.octokit.rest
  const on = { ...place.name, issue_number: number, request: { signal } }
  const { data: issue } = await issues.get(on)
  const last = Math.ceil(issue.comments / COMMENTS_PAGE)
  const pages = [last - 1, last].filter((page) => page > 0)
  const read = pages.map((page) => issues.listComments({ ...on, per_page: COMMENTS_PAGE, page }))
  const comments = (await Promise.all(read)).flatMap(({ data }) => data)
  const written = comments.map(({ created_at, body }) => ({ at: created_at, text: body ?? '' }))
  return discussion(
    issue.body ?? '',
    written.filter(({ text }) => !isOurs(text)),
  )
}

/** What Purser wrote comes as earlier results, and commands are no news to an agent. */
function isOurs(text: string): boolean {
  return markerOf(text) !== undefined || /^\s*\/agent\b/.test(text)
}

/** Of the newest job that failed on the head. */
async function readLog(place: Place, { kind, headSha }: Subject, signal: AbortSignal): Promise<string> {
  if (kind !== 'pull-request') return ''
  const { actions } = place.octokit.rest
  const of = { ...place.name, request: { signal } }
  const { data } = await actions.listWorkflowRunsForRepo({ ...of, head_sha: headSha, status: 'failure' })
  const failed = data.workflow_runs.filter(({ path }) => !path.startsWith(ACTIONS_WORKFLOW))
  for (const { id } of failed.slice(0, FAILED_RUNS_MAX)) {
    const { data: found } = await actions.listJobsForWorkflowRun({ ...of, run_id: id, per_page: JOBS_MAX })
    const job = found.jobs.find(({ conclusion }) => conclusion === 'failure' || conclusion === 'timed_out')
    if (job !== undefined) return `Job "${job.name}":\n${failedLog(await readEnd(place, job.id, signal))}`
  }
  return ''
}

/** GitHub answers with a redirect to the whole text, of which only the end is kept in memory. */
async function readEnd(place: Place, jobId: number, signal: AbortSignal): Promise<string> {
  const { data } = await place.octokit.request('GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs', {
    ...place.name,
    job_id: jobId,
    request: { signal, parseSuccessResponseBody: false },
  })
  let [bytes, end] = [0, Buffer.alloc(0)]
  for await (const chunk of data as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > LOG_BYTES_MAX) throw new Error(`the log has more than ${LOG_BYTES_MAX} bytes`)
    end = Buffer.concat([end, chunk])
    if (end.length > 2 * LOG_KEPT_BYTES) end = end.subarray(-LOG_KEPT_BYTES)
  }
  return end.subarray(-LOG_KEPT_BYTES).toString('utf8')
}
