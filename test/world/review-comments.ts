import type { FileDiff } from './git-store.ts'
import { factsOf, forkPoint } from './pulls.ts'
import { Refused } from './router.ts'
import type { Json, Repository } from './world.ts'

/** The comments of a review, if GitHub would take every one of them: it refuses the review whole where it takes one not. */
export async function lineComments(
  repository: Repository,
  number: number,
  commitSha: string,
  comments: unknown,
): Promise<Json[]> {
  const facts = factsOf(repository, number)
  const own = await repository.store.between(facts.baseSha, facts.headSha)
  if (!own.includes(commitSha)) throw new Refused(422, 'Validation Failed: commit_id is not part of the pull request')
  if (!Array.isArray(comments) || comments.length === 0) return []
  const files = await repository.store.diff(await forkPoint(repository, { ...facts, headSha: commitSha }), commitSha)
  for (const comment of comments as Json[]) {
    const file = files.find(({ filename }) => filename === comment.path)
    const hunks = file === undefined ? [] : rightSides(file)
    const [from, to] = [Number(comment.start_line ?? comment.line), Number(comment.line)]
    const isShown = hunks.some((lines) => lines.has(from) && lines.has(to))
    const isRange = comment.start_line === undefined || (from < to && comment.start_side === 'RIGHT')
    if (!isShown || !isRange || comment.side !== 'RIGHT' || typeof comment.body !== 'string' || comment.body === '') {
      throw new Refused(422, 'Validation Failed: Pull request review thread line must be part of the diff')
    }
  }
  return comments as Json[]
}

/** The numbers of the lines that each hunk shows of the new file, counted line by line. */
function rightSides({ patch }: FileDiff): Set<number>[] {
  const hunks: Set<number>[] = []
  let at = 0
  for (const line of (patch ?? '').split('\n')) {
    const start = /^@@ [^+]*\+(\d+)/.exec(line)?.[1]
    if (start !== undefined) {
      at = Number(start)
      hunks.push(new Set())
    } else if (line.startsWith('+') || line.startsWith(' ')) {
      hunks.at(-1)?.add(at)
      at += 1
    }
  }
  return hunks
}
