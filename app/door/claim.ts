/** A dispatched job claims its run: it proves that it is the very job that was dispatched. */

import type { Plan } from '../../core/plan/plan.ts'
import { ASK } from '../../core/plan/resolve-ask.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import type { ClaimAnswer } from '../../core/run/protocol.ts'
import type { Checkpoint } from '../../core/session/checkpoint.ts'
import { fitCheckpoint } from '../../core/session/going-on.ts'
import type { Said } from '../../core/session/session-event.ts'
import type { Run } from '../../prisma/client/client.ts'
import { payersOf, remainingIn } from '../ledger/accounts.ts'
import { type Claim, claim } from '../ledger/claim.ts'
import { earlierResults } from '../ledger/earlier.ts'
import { checkpointOf, saidMeanwhile } from '../ledger/session-log.ts'
import { storedPlan } from '../ledger/stored.ts'
import type { Parts } from '../parts.ts'
import { ACTIONS_WORKFLOW } from '../run/dispatch.ts'
import { commentUrlOf, commitUrlOf } from '../show/urls.ts'
import type { Place } from '../subject/place.ts'
import { withSubjectWords } from '../subject/subject-words.ts'
import { type JobIdentity, stepKeyOf } from './identity.ts'
import { admit } from './job.ts'

export async function claimRun(
  parts: Parts,
  job: JobIdentity,
  runId: string,
  step: string,
): Promise<ClaimAnswer | Refusal> {
  const place = await admit(parts, job)
  if (isRefusal(place)) return place
  if (job.event !== 'workflow_dispatch' || !job.workflowRef.includes(`/${ACTIONS_WORKFLOW}@`)) {
    return refuse('identity-invalid', `Only \`${ACTIONS_WORKFLOW}\`, dispatched by the App, claims runs.`)
  }
  const run = await parts.prisma.run.findUnique({ where: { id: runId } })
  if (run && run.actionsRunId !== null && run.actionsRunId !== BigInt(job.actionsRunId)) {
    return refuse('run-unknown', 'Another Actions run was dispatched for this run.')
  }
  const { repositoryId } = place
  const jobKey = stepKeyOf(job, step)
  const claimed = await claim(parts.prisma, { runId, repositoryId, jobKey, now: parts.now() })
  if (isRefusal(claimed)) return claimed
  await parts.showLater(runId)
  return claimAnswer(parts, place, claimed)
}

export async function claimAnswer(parts: Parts, place: Place, claimed: Claim): Promise<ClaimAnswer> {
  const { run } = claimed
  const session = await parts.prisma.session.findUniqueOrThrow({ where: { id: run.sessionId } })
  const plan = await withSubjectWords(parts, place, storedPlan(run))
  const said = await saidTo(parts, run)
  const resume = await resumeOf(parts, run, plan, said.length > 0)
  const goesOnFrom = resume?.conversation === undefined ? undefined : (run.continuesRunId ?? undefined)
  const earlier = await earlierResults(parts.prisma, run, goesOnFrom)
  return {
    runId: run.id,
    sessionId: run.sessionId,
    token: claimed.token,
    plan,
    ...(resume === undefined ? {} : { resume }),
    ...(earlier.length === 0 ? {} : { earlier: [...earlier] }),
    ...(said.length === 0 ? {} : { said: [...said] }),
    drawnMicroUsd: claimed.drawnMicroUsd,
    ...(claimed.drawnTokens === null ? {} : { drawnTokens: Number(claimed.drawnTokens) }),
    remainingMicroUsd: remainingIn('usd', await payersOf(parts.prisma, run.id)) ?? 0n,
    sessionUrl: commentUrlOf(parts, place, session) ?? commitUrlOf(parts, place, run.headSha),
  }
}

/** Where it goes on from; nothing where that was forgotten meanwhile, or does not fit any more. */
async function resumeOf(parts: Parts, run: Run, plan: Plan, isSpokenTo: boolean): Promise<Checkpoint | undefined> {
  if (run.continuesRunId === null) return undefined
  const checkpoint = await checkpointOf(parts.prisma, run.continuesRunId)
  return checkpoint && fitCheckpoint(checkpoint, plan, isSpokenTo)
}

/** What is said to a session is for its own agent, not for one that answers a question. */
export async function saidTo(
  { prisma }: Parts,
  { family, sessionId }: Pick<Run, 'family' | 'sessionId'>,
): Promise<readonly Said[]> {
  return family === ASK ? [] : saidMeanwhile(prisma, sessionId)
}
