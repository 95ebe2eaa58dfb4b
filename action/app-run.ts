/**
 * A run that an App pays for: asked for or claimed by the job's identity, kept alive by its lease, ended by its report.
 * Loaded only where there is an App.
 */
import { randomUUID } from 'node:crypto'
import { isRefusal, type Refusal, refuse } from '../core/reason.ts'
import { type ClaimAnswer, type FinishAnswer, OIDC_AUDIENCE } from '../core/run/protocol.ts'
import type { Report } from '../core/run/report.ts'
import { type Door, isSilence, openDoor } from './door/door.ts'
import { holdLease, type Lease } from './door/lease.ts'
import { getIdentity, type Inputs, saveState } from './job/io.ts'
import { type Job, pushedFrom } from './job/job.ts'

export interface AppRun {
  readonly claim: ClaimAnswer
  /** `run` is aborted when the App says so, or is silent for longer than the lease. */
  holdLease(run: AbortController, monotonicMs: () => number): Lease
  /** What the App made of the report, or in words why it did not take it. */
  finish(report: Report): Promise<FinishAnswer | { readonly notTaken: string }>
}

/** Claims the run that the App dispatched, or asks for one of the job's own. */
export async function startAppRun(inputs: Inputs, appUrl: string, job: Job): Promise<AppRun | Refusal> {
  if (inputs.run === undefined && inputs.workflow === undefined) {
    return refuse('input-invalid', 'Neither `workflow` nor `run` is given.')
  }
  const identity = await getIdentity(OIDC_AUDIENCE).catch((error: unknown) => {
    const said = error instanceof Error ? error.message : String(error)
    return refuse('identity-invalid', `The job got no identity from GitHub: ${said}`)
  })
  if (isRefusal(identity)) return identity
  const door = openDoor(appUrl)
  const step = randomUUID()
  saveState({ step })
  const answer =
    inputs.run === undefined
      ? await door.ask(identity, askBody(inputs, job, step))
      : await door.claim(identity, inputs.run, step)
  if (isSilence(answer)) {
    return refuse('app-unreachable', `The App at ${appUrl} did not answer (${answer.message}), so nothing was spent.`)
  }
  return isRefusal(answer) ? answer : appRun(answer, door)
}

function appRun(claim: ClaimAnswer, door: Door): AppRun {
  return {
    claim,
    holdLease: (run, monotonicMs) => holdLease(door, claim, run, monotonicMs),
    async finish(report) {
      const answer = await door.finish(claim.token, claim.runId, report)
      return isSilence(answer) || isRefusal(answer) ? { notTaken: answer.message } : answer
    },
  }
}

function askBody(inputs: Inputs, job: Job, step: string): Parameters<Door['ask']>[1] {
  const baseSha = pushedFrom(job)
  return {
    workflow: inputs.workflow ?? '',
    inputs: { ...inputs.values },
    ...(inputs.variant !== undefined && { variant: inputs.variant }),
    ...(inputs.model !== undefined && { model: inputs.model }),
    ...(inputs.effort !== undefined && { effort: inputs.effort }),
    ...(inputs.capUsd !== undefined && { capUsd: inputs.capUsd }),
    ...(baseSha !== undefined && { baseSha }),
    step,
  }
}
