/** A job's own run, where there is no App: what it is about, and the plan that the repository declares for it. */
import type { Plan } from '../core/plan/plan.ts'
import { isRefusal, type Refusal, refuse } from '../core/reason.ts'
import type { Inputs } from './job/io.ts'
import { type Job, jobSubject } from './job/job.ts'
import { resolveOwnPlan } from './own-plan.ts'
import { type Checkout, type CommitSource, checkOut, ensureCommit, fetchCommit } from './workspace/checkout.ts'

export interface OwnRun {
  readonly inputs: Pick<Inputs, 'workflow' | 'variant' | 'portfolio' | 'values' | 'run' | 'model' | 'effort' | 'capUsd'>
  readonly job: Job
  readonly checkout: Checkout
  readonly source: CommitSource
  readonly builtInDir: string
  readonly now: Date
  /** Whether the plan is to be worked on here: then its commit is wanted in the workspace too. */
  readonly isWorkedOn: boolean
}

export async function planOwnRun(own: OwnRun): Promise<Plan | Refusal> {
  const { inputs, job, checkout, source, builtInDir, now } = own
  if (inputs.workflow === undefined) {
    const why =
      inputs.run === undefined ? '`workflow` is not given.' : '`run` names a run of an App, and `app-url` is not given.'
    return refuse('input-invalid', why)
  }
  const subject = jobSubject(job)
  if (isRefusal(subject)) return subject
  const configSha = await findConfiguration(job, checkout, source)
  if (isRefusal(configSha)) return configSha
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
  const plan = resolveOwnPlan(request, subject, checkout.objects, configSha, builtInDir, now)
  // Where the subject is the configuration's own commit, it is here; checking it out takes as long as reading the plan.
  if (own.isWorkedOn && subject.headSha === configSha) checkOut(checkout, configSha).catch(() => {})
  return plan
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
