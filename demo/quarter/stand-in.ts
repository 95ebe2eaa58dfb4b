/**
 * Stands for the Actions job in a story of more runs than the Action could carry out while somebody watches. It calls no model and
 * runs no agent: the work was prepared and its cost is made up. All else is the job's part as the App knows it: the ID
 * token of the dispatched job, claim, draw, report and delivery, by the App's own door.
 */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Plan } from '../../core/plan/plan.ts'
import { claimAnswerSchema, eventsAnswerSchema, eventsBodySchema, OIDC_AUDIENCE } from '../../core/run/protocol.ts'
import { type Report, reportSchema } from '../../core/run/report.ts'
import type { ActionsRun, GitHub, JobClaims } from '../../test/world/contract.ts'

/** What a job hands over instead of what an agent would have made. */
export interface PreparedWork {
  readonly title: string
  readonly path: string
  readonly content: string
  readonly addedLines: number
  readonly deletedLines: number
  readonly spentMicroUsd: bigint
}

export interface StandIn {
  /** Plays every job that was dispatched and that nobody has played; answers how many. */
  play(prepare: (plan: Plan) => PreparedWork): Promise<number>
}

const SAID = 'A stand-in for the job handed this over; no model was called.'
/** What a run of this kind needs, more or less; the cost doesn't come from it. */
const TOKENS = { inputTokens: 60_000, cachedTokens: 40_000, outputTokens: 4_000 }

/** From now on no dispatched job begins by itself. */
export function createStandIn(github: GitHub, appUrl: string): StandIn {
  github.actions.neverStart(Number.MAX_SAFE_INTEGER)
  const played = new Set<number>()

  async function post(path: string, token: string, body: unknown): Promise<unknown> {
    const response = await fetch(`${appUrl}/api/v1/runs/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path} was answered with ${response.status}: ${text}`)
    return JSON.parse(text)
  }

  async function playJob(job: ActionsRun, runId: string, prepare: (plan: Plan) => PreparedWork): Promise<void> {
    const idToken = await github.oidc.sign(OIDC_AUDIENCE, claimsOf(github, job))
    const claim = claimAnswerSchema.parse(await post(`${runId}/claim`, idToken, { step: randomUUID() }))
    const work = prepare(claim.plan)
    const { spentMicroUsd } = work
    const wanted = z.encode(eventsBodySchema, { sequence: 1, spentMicroUsd: 0n, wantMicroUsd: spentMicroUsd })
    const drawn = eventsAnswerSchema.parse(await post(`${runId}/events`, claim.token, wanted))
    if (drawn.drawnMicroUsd < spentMicroUsd) throw new Error(`${runId}: the App lets less be spent than was prepared`)
    await post(`${runId}/finish`, claim.token, z.encode(reportSchema, reportOf(claim.plan, work)))
  }

  return {
    async play(prepare) {
      const waiting = github.actions.runs().flatMap((job) => {
        const runId = job.inputs.run
        return runId === undefined || played.has(job.id) ? [] : [{ job, runId }]
      })
      for (const { job } of waiting) played.add(job.id)
      await Promise.all(waiting.map(({ job, runId }) => playJob(job, runId, prepare)))
      return waiting.length
    },
  }
}

function claimsOf({ repository }: GitHub, job: ActionsRun): JobClaims {
  return {
    repository: repository.fullName,
    repository_id: String(repository.id),
    event_name: job.event,
    ref: job.ref,
    sha: job.sha,
    workflow_ref: `${repository.fullName}/${job.workflow}@${job.ref}`,
    run_id: String(job.id),
    run_attempt: String(job.attempt),
    check_run_id: String(job.jobs[0]?.checkRunId ?? 0),
  }
}

function reportOf(plan: Plan, { spentMicroUsd, title, ...work }: PreparedWork): Report {
  const step = plan.steps.find((one) => 'agent' in one)?.id ?? ''
  const [agent] = Object.values(plan.agents)
  const { path, content, addedLines, deletedLines } = work
  const contentBase64 = Buffer.from(content).toString('base64')
  return {
    version: 1,
    conclusion: 'completed',
    message: SAID,
    spentMicroUsd,
    ...TOKENS,
    steps: [{ id: step, kind: 'agent', ok: true, turns: 1, attempts: 1, spentMicroUsd, summary: SAID }],
    calls: [
      {
        id: 0,
        step,
        model: agent?.model ?? '',
        reservedMicroUsd: spentMicroUsd,
        spentMicroUsd,
        ...TOKENS,
        reasoningTokens: 0,
        usage: 'reported',
      },
    ],
    delivery: {
      title,
      body: SAID,
      changeset: {
        baseSha: plan.subject.headSha,
        files: [{ path, mode: '100644', contentBase64, addedLines, deletedLines }],
      },
    },
  }
}
