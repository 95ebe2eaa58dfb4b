/** What holds of every job that may open the door, beyond the signature of its token. */
import { type Refusal, refuse } from '../../core/reason.ts'
import type { Parts } from '../parts.ts'
import { findInstalled } from '../subject/installation.ts'
import { type Place, placeOf } from '../subject/place.ts'
import type { JobIdentity } from './identity.ts'

/** The events that start jobs on the default branch itself. Others run what a pull request's branch says. */
const EVENTS = ['push', 'schedule', 'workflow_dispatch']

/** The repository that the job belongs to; only its default branch's own Actions workflows may ask for anything. */
export async function admit(parts: Parts, job: JobIdentity): Promise<Place | Refusal> {
  const known = await parts.prisma.repository.findUnique({ where: { id: BigInt(job.repositoryId) } })
  const repository = known ?? (await findInstalled(parts, { id: job.repositoryId, fullName: job.repository }))
  if (!repository) return refuse('identity-invalid', 'The App is not installed on the job’s repository.')
  const branch = `refs/heads/${repository.defaultBranch}`
  const isOwnWorkflow = job.workflowRef.startsWith(`${job.repository}/.github/workflows/`)
  if (job.ref !== branch || !isOwnWorkflow || !job.workflowRef.endsWith(`@${branch}`)) {
    return refuse('not-default-branch')
  }
  if (!EVENTS.includes(job.event)) {
    return refuse('not-default-branch', `Jobs started by \`${job.event}\` may not ask for a run.`)
  }
  return placeOf(parts, await parts.octokitOf(repository.installationId), repository)
}
