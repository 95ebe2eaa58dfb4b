/** Which commands were taken up, so that one comment is carried out once, whoever brings it; and which come too late. */
import type { PrismaClient } from '../../prisma/client/client.ts'
import { isPast } from '../database/clock.ts'
import type { Place } from '../subject/place.ts'
import type { CommandTime } from './authorize.ts'

/** A command that the App hears of later than this is not carried out: whoever gave it may long have done something else. */
export const COMMAND_HOURS_MAX = 24
/** Longer than any delivery is repeated. */
const HEARD_DAYS = 30
const DAY_SECONDS = 86_400

interface Commented {
  readonly commentId: number
  readonly deliveryId: string
}

/** Takes a comment up; says false where another delivery has brought it before. Repeating a delivery's own try is no other. */
export async function takeUp(prisma: PrismaClient, place: Place, comment: Commented): Promise<boolean> {
  const key = { repositoryId: place.repositoryId, commentId: BigInt(comment.commentId) }
  await prisma.heardComment.createMany({ data: [{ ...key, deliveryId: comment.deliveryId }], skipDuplicates: true })
  const heard = await prisma.heardComment.findUniqueOrThrow({ where: { repositoryId_commentId: key } })
  return heard.deliveryId === comment.deliveryId
}

/** By the database's clock, since the App's may be a day off. */
export async function isStale(prisma: PrismaClient, { createdAt }: Pick<CommandTime, 'createdAt'>): Promise<boolean> {
  const [row] = await prisma.$queryRaw<{ stale: boolean }[]>`
    SELECT ${createdAt}::timestamptz < clock_timestamp() - make_interval(hours => ${COMMAND_HOURS_MAX}) AS stale`
  return row?.stale === true
}

export async function forgetHeard(prisma: PrismaClient): Promise<void> {
  await prisma.$executeRaw`DELETE FROM heard_comment WHERE ${isPast('at', HEARD_DAYS * DAY_SECONDS)}`
}
