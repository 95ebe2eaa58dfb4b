/** Where a run's plan and its money come from: the App, or without one the repository's own declaration. */
import type { Plan } from '../core/plan.ts'
import { type ClaimAnswer, OIDC_AUDIENCE } from '../core/protocol.ts'
import { isRefusal, type Refusal, refuse } from '../core/reason.ts'
import { type Checkout, type CommitSource, checkOut, ensureCommit, fetchCommit } from './checkout.ts'
import { type Door, isSilence, openDoor } from './door.ts'
import { getIdentity, type Inputs } from './io.ts'
import { type Job, jobSubject, pushedFrom } from './job.ts'
import { resolveOwnPlan } from './own-plan.ts'

export interface Granted {
  readonly plan: Plan
  /** With an App: this run's token and what is drawn, and the door that they open. */
  readonly app?: { readonly claim: ClaimAnswer; readonly door: Door } | undefined
}

/** Claims the run that the App dispatched, or asks for one of the job's own. */
export async function askApp(inputs: Inputs, appUrl: string, job: Job): Promise<Granted | Refusal> {
  if (inputs.run === undefined && inputs.workflow === undefined) {
    return refuse('input-invalid', 'Neither `workflow` nor `run` is given.')
  }
  const identity = await getIdentity(OIDC_AUDIENCE).catch((error: unknown) => {
    const said = error instanceof Error ? error.message : String(error)
    return refuse('identity-invalid', `The job got no identity from GitHub: ${said}`)
  })
  if (isRefusal(identity)) return identity
  const door = openDoor(appUrl)
  const answer =
    inputs.run === undefined ? await door.ask(identity, askBody(inputs, job)) : await door.claim(identity, inputs.run)
  if (isSilence(answer)) {
    return refuse('app-unreachable', `The App at ${appUrl} did not answer (${answer.message}), so nothing was spent.`)
  }
  return isRefusal(answer) ? answer : { plan: answer.plan, app: { claim: answer, door } }
}

function askBody(inputs: Inputs, job: Job): Parameters<Door['ask']>[1] {
  const baseSha = pushedFrom(job)
  return {
    workflow: inputs.workflow ?? '',
    inputs: { ...inputs.values },
    ...(inputs.variant !== undefined && { variant: inputs.variant }),
    ...(inputs.model !== undefined && { model: inputs.model }),
    ...(inputs.effort !== undefined && { effort: inputs.effort }),
    ...(inputs.capUsd !== undefined && { capUsd: inputs.capUsd }),
    ...(baseSha !== undefined && { baseSha }),
  }
}

/** Resolves the plan here. `today` is `2026-11-20`. */
export async function ownPlan(
  inputs: Inputs,
  job: Job,
  checkout: Checkout,
  source: CommitSource,
  builtInDir: string,
  today: string,
): Promise<Granted | Refusal> {
  if (inputs.workflow === undefined) {
    const why =
      inputs.run === undefined ? '`workflow` is not given.' : '`run` names a run of an App, and `app-url` is not given.'
    return refuse('input-invalid', why)
  }
  const subject = jobSubject(job)
  if (isRefusal(subject)) return subject
  const configSha = await findConfiguration(job, checkout, source)
  if (isRefusal(configSha)) return configSha
  // Where the subject is the configuration's own commit, it is here; checking it out takes as long as reading the plan.
  if (subject.headSha === configSha) checkOut(checkout, configSha).catch(() => {})
  const request = {
    workflow: inputs.workflow,
    variant: inputs.variant,
    portfolio: inputs.portfolio,
    inputs: inputs.values,
    overrides: {
      ...(inputs.model !== undefined && { model: inputs.model }),
      ...(inputs.effort !== undefined && { effort: inputs.effort }),
      ...(inputs.capUsd !== undefined && { cap: inputs.capUsd }),
    },
  }
  const plan = await resolveOwnPlan(request, subject, checkout.objects, configSha, builtInDir, today)
  return isRefusal(plan) ? plan : { plan }
}

/** The commit of the default branch: the job's own, if that is where it runs, else what GitHub has now. */
async function findConfiguration(job: Job, checkout: Checkout, source: CommitSource): Promise<string | Refusal> {
  const branch = job.event.repository?.default_branch
  try {
    if (branch !== undefined && job.ref === `refs/heads/${branch}`) {
      await ensureCommit(checkout, source, job.sha)
      return job.sha
    }
    if (source.remote === undefined) return refuse('no-configuration')
    return await fetchCommit(checkout.git, source.remote, branch === undefined ? 'HEAD' : `refs/heads/${branch}`)
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    const todo = 'Give the job `permissions: contents: read`.'
    return refuse('no-configuration', `The default branch could not be read: ${said}`, todo)
  }
}
