/** A job on the default branch asks for a run of its own: the same quote and hold as for a comment, claimed at once. */
import type { z } from 'zod'
import { subjectKeyOf } from '../../core/assignment.ts'
import type { Subject } from '../../core/plan.ts'
import type { askBodySchema, ClaimAnswer } from '../../core/protocol.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import type { RunRequest } from '../../core/resolve.ts'
import { type Beginning, reserveRun } from '../begin.ts'
import { claim, markDispatched } from '../ledger/claim.ts'
import { KeyConflict } from '../ledger/key-conflict.ts'
import type { NewSession } from '../ledger/reserve.ts'
import type { Parts } from '../parts.ts'
import { fullNameOf, type Place } from '../place.ts'
import { declaredBy, prepare } from '../prepare.ts'
import type { FoundSubject } from '../subject.ts'
import { claimAnswer } from './claim.ts'
import { type JobIdentity, stepKeyOf } from './identity.ts'
import { admit } from './job.ts'

type Ask = z.output<typeof askBodySchema>

/** Sessions of one workflow that machines may start in a day. */
export const MACHINE_STARTS_A_DAY_MAX = 50
const DAY_MS = 86_400_000

export async function ask(parts: Parts, job: JobIdentity, body: Ask): Promise<ClaimAnswer | Refusal> {
  const place = await admit(parts, job)
  if (isRefusal(place)) return place
  const found = subjectOf(place, job, body)
  const jobKey = stepKeyOf(job, body.step)
  const commandKey = `job:${jobKey}`
  const brake = await brakeOn(parts, place, body.workflow, commandKey)
  if (brake) return brake
  const declared = await declaredBy(parts, place)
  if (isRefusal(declared)) return declared
  const prepared = await prepare(parts, place, declared, requestOf(body), found.subject)
  if (isRefusal(prepared)) return prepared
  const trigger = triggers[job.event]
  if (trigger === undefined) return refuse('not-default-branch')
  const reserved = await reserveOnce(parts, place, { prepared, found, trigger, commandKey })
  if (isRefusal(reserved)) return reserved
  const runId = reserved.run.id
  await markDispatched(parts.prisma, runId, BigInt(job.actionsRunId), parts.now())
  const { repositoryId } = place
  const claimed = await claim(parts.prisma, { runId, repositoryId, jobKey, now: parts.now() })
  if (isRefusal(claimed)) return claimed
  await parts.showLater(runId)
  return claimAnswer(parts, place, claimed)
}

async function reserveOnce(parts: Parts, place: Place, beginning: Beginning): ReturnType<typeof reserveRun> {
  try {
    return await reserveRun(parts, place, beginning)
  } catch (error) {
    if (!(error instanceof KeyConflict)) throw error
    return refuse('bad-request', 'This step of the job has asked before, for something else.')
  }
}

const triggers: Readonly<Record<string, NewSession['trigger']>> = {
  push: 'push',
  schedule: 'schedule',
  workflow_dispatch: 'dispatch',
}

function subjectOf(place: Place, job: JobIdentity, body: Ask): FoundSubject {
  const subject: Subject = {
    kind: 'push',
    repository: fullNameOf(place),
    headSha: job.sha,
    headRef: place.defaultBranch,
    // A branch's first push comes from nowhere, which git writes as zeros.
    ...(body.baseSha === undefined || /^0+$/.test(body.baseSha) ? {} : { baseSha: body.baseSha }),
  }
  return { subject, key: subjectKeyOf(subject, body.workflow), open: true, fork: false }
}

function requestOf(body: Ask): RunRequest {
  const { workflow, variant, inputs, capUsd, model, effort } = body
  return {
    workflow,
    variant,
    inputs,
    overrides: {
      ...(capUsd === undefined ? {} : { cap: capUsd }),
      ...(model === undefined ? {} : { model }),
      ...(effort === undefined ? {} : { effort }),
    },
  }
}

/** A repeat of the same step is no new start. */
async function brakeOn(parts: Parts, place: Place, family: string, commandKey: string): Promise<Refusal | undefined> {
  const since = new Date(parts.now().getTime() - DAY_MS)
  const starts = await parts.prisma.session.findMany({
    where: {
      repositoryId: place.repositoryId,
      family,
      trigger: { in: ['push', 'schedule', 'dispatch'] },
      createdAt: { gt: since },
      commandKey: { not: commandKey },
    },
    orderBy: { createdAt: 'desc' },
    take: MACHINE_STARTS_A_DAY_MAX,
    select: { createdAt: true },
  })
  const first = starts[MACHINE_STARTS_A_DAY_MAX - 1]
  if (first === undefined) return undefined
  const free = new Date(first.createdAt.getTime() + DAY_MS).toISOString().slice(0, 16).replace('T', ' ')
  return refuse(
    'daily-brake',
    `Jobs have started \`${family}\` ${MACHINE_STARTS_A_DAY_MAX} times within a day, which is the most.`,
    `The next may start after ${free} UTC. If that many are meant, let fewer events start the Actions workflow.`,
  )
}
