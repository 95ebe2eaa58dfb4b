/** Comments that no webhook told of. One that was edited is left alone: nobody knows whether its author meant what it says now. */
import { parseComment } from '../../core/command/command.ts'
import { isMachine } from '../../delivery/author.ts'
import type { Place } from '../subject/place.ts'
import { PAGE, type Progress, readChanged } from './changed.ts'
import { storeFound } from './found.ts'
import type { KnownRepository, Reader } from './repository.ts'

export async function readComments(
  reader: Reader,
  place: Place,
  repository: KnownRepository,
  since: Date,
): Promise<Progress> {
  const { octokit, name, repositoryId } = place
  return readChanged(reader, {
    list: `comments ${repositoryId}`,
    since,
    ask: (page, headers) =>
      octokit.rest.issues.listCommentsForRepo({
        ...name,
        since: since.toISOString(),
        sort: 'updated',
        direction: 'asc',
        per_page: PAGE,
        page,
        headers,
      }),
    async handle(comment) {
      const { id, created_at, updated_at, user, body = '', issue_url } = comment
      if (created_at !== updated_at || !user || isMachine(user) || parseComment(body).kind === 'none') return
      const heard = { repositoryId, commentId: BigInt(id) }
      if (await reader.parts.prisma.heardComment.findUnique({ where: { repositoryId_commentId: heard } })) return
      const { data: issue } = await octokit.rest.issues.get({
        ...name,
        issue_number: Number(issue_url.split('/').at(-1)),
      })
      await storeFound(reader.store, repository, {
        id: `comment-${id}`,
        event: 'issue_comment',
        payload: { action: 'created', comment, issue, sender: user },
      })
    },
  })
}
