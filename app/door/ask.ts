/** A job on the default branch asks for a run of its own: the same quote and hold as for a comment, claimed at once. */
import type { z } from 'zod'
import { subjectKeyOf } from '../../core/plan/assignment.ts'
import type { Subject } from '../../core/plan/plan.ts'
import type { RunRequest } from '../../core/plan/resolve.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import type { askBodySchema, ClaimAnswer } from '../../core/run/protocol.ts'
import { claim, markDispatched } from '../ledger/claim.ts'
import { KeyConflict } from '../ledger/key-conflict.ts'
import type { NewSession } from '../ledger/reserve.ts'
import type { Parts } from '../parts.ts'
import { type Beginning, reserveRun } from '../run/begin.ts'
import { brakeOn } from '../run/brake.ts'
import { declaredBy, prepare } from '../run/prepare.ts'
import { fullNameOf, type Place } from '../subject/place.ts'
import type { FoundSubject } from '../subject/subject.ts'
import { claimAnswer } from './claim.ts'
import { type JobIdentity, stepKeyOf } from './identity.ts'
import { admit } from './job.ts'

type Ask = z.output<typeof askBodySchema>

export async function ask(parts: Parts, job: JobIdentity, body: Ask): Promise<ClaimAnswer | Refusal> {
  const place = await admit(parts, job)
  if (isRefusal(place)) return place
  const found = subjectOf(place, job, body)
  const jobKey = stepKeyOf(job, body.step)
  const commandKey = `job:${jobKey}`
  const brake = await brakeOn(parts, { repositoryId: place.repositoryId, family: body.workflow, commandKey })
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
