/**
 * Gives whatever waits on a subject its turn, one after the other, until one is under way. A command is looked at anew: its
 * comment must still be there, its author still be allowed, and configuration, head and price are those of now.
 */
import { parseComment } from '../../core/command/command.ts'
import { isRefusal } from '../../core/reason.ts'
import { unlessMissing } from '../../delivery/github.ts'
import type { Queued } from '../../prisma/client/client.ts'
import { readPermissions } from '../comment/authorize.ts'
import { type Spoken, showRefusal } from '../comment/command.ts'
import { openRun } from '../ledger/history.ts'
import type { Parts } from '../parts.ts'
import { type Place, placeById } from '../subject/place.ts'
import { readIssueNow, readPullRequest } from '../subject/subject.ts'
import { startQueued } from '../triggers/start.ts'
import { carryOut } from '../verbs/carry-out.ts'
import { idleLines, leaveLine, lineOn, type Turn, tellLine } from './line.ts'
import { type QueuedCommand, queuedSchema } from './queued.ts'

/**
 * Of a repository: nothing else of it is carried out meanwhile. Says whether that is all. What could not be given its turn is tried
 * again by the sweep: a job that failed for it would be tried again too, but with pauses in which the repository's webhooks wait.
 */
export async function takeIdleTurns(parts: Parts, repositoryId: bigint, mayGoOn: () => boolean): Promise<boolean> {
  const idle = await idleLines(parts.prisma, repositoryId)
  let taken = 0
  for (const turn of idle) {
    if (!mayGoOn()) break
    taken += 1
    try {
      await takeTurns(parts, turn)
    } catch (error) {
      // One subject's trouble must not keep the others waiting.
      parts.log.warn({ err: error, repository: `${repositoryId}` }, 'what waits could not be given its turn')
    }
  }
  return taken === idle.length
}

async function takeTurns(parts: Parts, turn: Turn): Promise<void> {
  const line = await lineOn(parts.prisma, turn)
  if (line.length === 0) return
  const place = await placeById(parts, turn.repositoryId)
  for (const queued of line) {
    if ((await openRun(parts.prisma, turn.repositoryId, turn.subjectKey)) !== null) break
    await takeTurn(parts, place, queued)
  }
  await tellLine(parts, place, turn)
}

async function takeTurn(parts: Parts, place: Place, queued: Queued): Promise<void> {
  const asked = queuedSchema.parse(queued.asked)
  if (asked.kind === 'machine') await startQueued(parts, place, queued.commandKey, asked)
  else await carryOutQueued(parts, place, asked)
  // Another process may have begun a run in between: then it waits on.
  if ((await openRun(parts.prisma, queued.repositoryId, queued.subjectKey)) !== null && !(await isBegun(parts, queued)))
    return
  await forgetComment(parts, place, queued)
  await leaveLine(parts.prisma, queued)
}

async function carryOutQueued(parts: Parts, place: Place, asked: QueuedCommand): Promise<void> {
  const login = await authorOf(place, asked.commentId)
  const command = parseComment(asked.line)
  // Whoever deletes the comment takes the command back.
  if (login === undefined || command.kind !== 'command') return
  const spoken = spokenIn(place, asked)
  const read = await readPermissions(place, login)
  if (isRefusal(read)) return showRefusal(place, spoken, read)
  await carryOut[command.verb]({ ...spoken, parts, place, command, permissions: read.permissions ?? {} })
}

async function authorOf(place: Place, commentId: number): Promise<string | undefined> {
  const { octokit, name } = place
  const read = await unlessMissing(() => octokit.rest.issues.getComment({ ...name, comment_id: commentId }))
  return read?.data.user?.login
}

function spokenIn(place: Place, asked: QueuedCommand): Spoken {
  const { commentId, number, createdAt, seenSha, isPullRequest } = asked
  return {
    commentId,
    number,
    time: { createdAt, seenSha },
    subject: () => (isPullRequest ? readPullRequest(place, number) : readIssueNow(place, number)),
  }
}

/** Whether the run that is under way is what waited. */
async function isBegun({ prisma }: Parts, { repositoryId, subjectKey, commandKey }: Queued): Promise<boolean> {
  const open = await prisma.run.findFirst({
    where: {
      repositoryId,
      subjectKey,
      state: { in: ['reserved', 'dispatched', 'claimed'] },
      OR: [{ goKey: commandKey }, { session: { commandKey } }],
    },
    select: { id: true },
  })
  return open !== null
}

/** The comment that said that it waits, unless it has become its session's. */
async function forgetComment(parts: Parts, place: Place, { repositoryId, commandKey }: Queued): Promise<void> {
  const key = { repositoryId_commandKey: { repositoryId, commandKey } }
  const said = (await parts.prisma.queued.findUnique({ where: key }))?.saidId ?? null
  if (said === null) return
  if ((await parts.prisma.session.count({ where: { repositoryId, commandKey, commentId: said } })) > 0) return
  await unlessMissing(() => place.octokit.rest.issues.deleteComment({ ...place.name, comment_id: Number(said) }))
}
