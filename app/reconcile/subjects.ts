/** Pull requests and issues that were changed: labels, reviews, merges, closes and reverts of which no webhook told. */
import { lookAtSubject } from '../observe/look.ts'
import { noteRevertedBy } from '../observe/reverts.ts'
import type { Place } from '../subject/place.ts'
import { PAGE, type Progress, readChanged } from './changed.ts'
import type { Reader } from './repository.ts'

export async function readSubjects(reader: Reader, place: Place, since: Date): Promise<Progress> {
  const { parts } = reader
  const { octokit, name, repositoryId } = place
  return readChanged(reader, {
    list: `subjects ${repositoryId}`,
    since,
    ask: (page, headers) =>
      octokit.rest.issues.listForRepo({
        ...name,
        state: 'all',
        since: since.toISOString(),
        sort: 'updated',
        direction: 'asc',
        per_page: PAGE,
        page,
        headers,
      }),
    async handle({ number, pull_request: pull, body = null }) {
      if (pull?.merged_at) await noteRevertedBy(parts, place, { number, body })
      await lookAtSubject(parts, place, { kind: pull ? 'pull-request' : 'issue', number })
    },
  })
}
