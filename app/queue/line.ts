/**
 * The line on each subject: what came while a run is under way there, in the order in which it was asked. Other subjects have
 * lines of their own.
 */
import { parseComment, printCommand } from '../../core/command/command.ts'
import type { Named } from '../../core/plan/access.ts'
import { type Refusal, refuse } from '../../core/reason.ts'
import { type Asked, waitingText, withdrawnText } from '../../core/text/queue-line.ts'
import { unlessMissing } from '../../delivery/github.ts'
import { edit, say, withMarker } from '../../delivery/say.ts'
import { Prisma, type PrismaClient, type Queued } from '../../prisma/client/client.ts'
import { isHeadMoved } from '../comment/authorize.ts'
import { type CommandAt, commandKeyOf, showRefusal } from '../comment/command.ts'
import { isHere } from '../ledger/away.ts'
import { openRun } from '../ledger/history.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import type { FoundSubject } from '../subject/subject.ts'
import { type QueuedCommand, type QueuedMachine, queuedSchema } from './queued.ts'

/** What may wait on one subject. */
export const QUEUED_MAX = 5

export interface Turn {
  readonly repositoryId: bigint
  readonly subjectKey: string
}

/** By GitHub's clock, in whole seconds; within one by the comments' ids. */
interface Stand {
  readonly askedAt: Date
  readonly askedNumber: bigint
}

/** Oldest first. */
export function lineOn(prisma: PrismaClient, { repositoryId, subjectKey }: Turn): Promise<readonly Queued[]> {
  return prisma.queued.findMany({
    where: { repositoryId, subjectKey },
    orderBy: [{ askedAt: 'asc' }, { askedNumber: 'asc' }],
    take: 2 * QUEUED_MAX,
  })
}

/** Whether a run is under way there, or something that was asked earlier waits. */
async function isBusy(prisma: PrismaClient, turn: Turn, mine: Stand, commandKey: string): Promise<boolean> {
  if ((await openRun(prisma, turn.repositoryId, turn.subjectKey)) !== null) return true
  const line = await lineOn(prisma, turn)
  return line.some((one) => one.commandKey !== commandKey && isBefore(one, mine))
}

function isBefore(one: Stand, other: Stand): boolean {
  const apart = one.askedAt.getTime() - other.askedAt.getTime()
  return apart === 0 ? one.askedNumber < other.askedNumber : apart < 0
}

function standOf({ time, commentId }: CommandAt): Stand {
  return { askedAt: new Date(time.createdAt), askedNumber: BigInt(commentId) }
}

export function mustWait(at: CommandAt, subjectKey: string): Promise<boolean> {
  const turn = { repositoryId: at.place.repositoryId, subjectKey }
  return isBusy(at.parts.prisma, turn, standOf(at), commandKeyOf(at))
}

/** Puts the command in line and says so in a comment, which becomes its session's; or says that the line is full. */
export async function waitInLine(at: CommandAt, { key: subjectKey, subject }: FoundSubject): Promise<void> {
  const { parts, place, command, commentId, number, time } = at
  const turn = { repositoryId: place.repositoryId, subjectKey }
  const { headRef, headSha } = subject
  const isMoved = headRef !== undefined && (await isHeadMoved(parts.prisma, place, headRef, time))
  const asked: QueuedCommand = {
    kind: 'command',
    line: printCommand(command),
    commentId,
    number,
    isPullRequest: subject.kind === 'pull-request',
    ...time,
    ...(isMoved ? {} : { seenSha: time.seenSha ?? headSha }),
  }
  const refusal = await putInLine(parts, turn, { commandKey: commandKeyOf(at), asked, ...standOf(at) })
  if (refusal) return showRefusal(place, at, refusal, { workflow: command.workflow ?? undefined })
  await tellLine(parts, place, turn)
}

interface NewQueued extends Stand {
  readonly commandKey: string
  readonly asked: QueuedCommand | QueuedMachine
}

/** Nothing changes for what waits already. */
async function putInLine({ prisma }: Parts, turn: Turn, one: NewQueued): Promise<Refusal | undefined> {
  const line = await lineOn(prisma, turn)
  if (line.some(({ commandKey }) => commandKey === one.commandKey)) return undefined
  if (line.length >= QUEUED_MAX) {
    return refuse(
      'queue-full',
      `${line.length} commands wait here already, which is the most on one subject.`,
      'Repeat the command when one of them has started, or withdraw them all with `/agent stop`.',
    )
  }
  await prisma.queued.createMany({ data: [{ ...turn, ...one }], skipDuplicates: true })
  return undefined
}

/** Of one workflow's starts by machines only the newest waits: it sees what the earlier ones would have seen. */
export async function queueMachine(
  parts: Parts,
  turn: Turn,
  { commandKey, asked }: { readonly commandKey: string; readonly asked: QueuedMachine },
): Promise<'free' | 'waits' | Refusal> {
  const now = { askedAt: new Date(Math.floor(parts.now().getTime() / 1000) * 1000), askedNumber: 0n }
  if (!(await isBusy(parts.prisma, turn, now, commandKey))) return 'free'
  for (const other of await lineOn(parts.prisma, turn)) {
    const { data } = queuedSchema.safeParse(other.asked)
    const isOlder = data?.kind === 'machine' && data.family === asked.family && other.commandKey !== commandKey
    if (isOlder) await leaveLine(parts.prisma, other)
  }
  return (await putInLine(parts, turn, { commandKey, asked, ...now })) ?? 'waits'
}

/** Says of each command how far it has come; a comment that somebody deleted is made anew. */
export async function tellLine(parts: Parts, place: Place, turn: Turn): Promise<void> {
  for (const [index, queued] of (await lineOn(parts.prisma, turn)).entries()) {
    const asked = queuedSchema.parse(queued.asked)
    if (asked.kind !== 'command') continue
    const said = await tell(place, queued, asked, waitingText(wordsOf(asked), index + 1))
    const { repositoryId, commandKey } = queued
    await parts.prisma.queued.updateMany({ where: { repositoryId, commandKey }, data: { saidId: said } })
  }
}

async function tell(place: Place, { saidId }: Queued, asked: QueuedCommand, text: string): Promise<bigint> {
  const body = withMarker(`answer-${asked.commentId}`, text)
  const edited = saidId === null ? undefined : await unlessMissing(() => edit(place, Number(saidId), body))
  return BigInt((edited ?? (await say(place, asked.number, body))).id)
}

function wordsOf({ line }: QueuedCommand): Asked {
  const command = parseComment(line)
  if (command.kind !== 'command') throw new Error('what waits in line is no command')
  return command
}

/** Undefined where it speaks to what is there. */
function namedBy(asked: QueuedCommand | QueuedMachine): Named | undefined {
  if (asked.kind === 'machine') return { workflow: asked.family }
  const { workflow, variant } = wordsOf(asked)
  return workflow === null ? undefined : { workflow, variant }
}

/** `/agent stop`: what `may` allows leaves the line, and its comment says so. */
export async function withdraw(
  parts: Parts,
  place: Place,
  turn: Turn,
  may: (named: Named | undefined) => boolean,
): Promise<number> {
  let count = 0
  for (const queued of await lineOn(parts.prisma, turn)) {
    const asked = queuedSchema.parse(queued.asked)
    if (!may(namedBy(asked))) continue
    if (asked.kind === 'command') await tell(place, queued, asked, withdrawnText(wordsOf(asked)))
    await leaveLine(parts.prisma, queued)
    count += 1
  }
  return count
}

export async function leaveLine(prisma: PrismaClient, { repositoryId, commandKey }: Queued): Promise<void> {
  await prisma.queued.deleteMany({ where: { repositoryId, commandKey } })
}

/** The comment that said that a session's command waits: it is the session's from now on. */
export async function waitingComment(
  prisma: PrismaClient,
  { repositoryId, commandKey }: Pick<Queued, 'repositoryId' | 'commandKey'>,
): Promise<bigint | null> {
  const queued = await prisma.queued.findUnique({
    where: { repositoryId_commandKey: { repositoryId, commandKey } },
    select: { saidId: true },
  })
  return queued?.saidId ?? null
}

const LINES_AT_ONCE = 100

/** Subjects on which something waits and nothing is under way, of one repository or of all; so many of them. */
export async function idleLines(prisma: PrismaClient, repositoryId?: bigint): Promise<readonly Turn[]> {
  const isIn = repositoryId === undefined ? Prisma.sql`true` : Prisma.sql`repository_id = ${repositoryId}`
  return prisma.$queryRaw<Turn[]>`
    SELECT DISTINCT repository_id AS "repositoryId", subject_key AS "subjectKey" FROM queued
    WHERE NOT EXISTS (
      SELECT FROM run WHERE run.repository_id = queued.repository_id AND run.subject_key = queued.subject_key
        AND run.state IN ('reserved', 'dispatched', 'claimed')
    ) AND ${isIn} AND ${isHere} LIMIT ${LINES_AT_ONCE}`
}
