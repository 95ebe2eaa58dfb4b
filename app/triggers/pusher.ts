import type { Place } from '../subject/place.ts'
import type { Cause } from './start.ts'

/** By GitHub's own journal: who pushed a branch's head, among its newest pushes. Undefined where it tells of no such push. */
export async function pusherOf(
  place: Place,
  branch: string,
  headSha: string,
  newest: number,
): Promise<Cause | undefined> {
  const ref = `refs/heads/${branch}`
  const { data } = await place.octokit.rest.repos.listActivities({ ...place.name, ref, per_page: newest })
  return data.find(({ after }) => after === headSha)?.actor ?? undefined
}
