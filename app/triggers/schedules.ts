/**
 * What the App starts by the clock. What is declared is read when the default branch was pushed to, and once a day; each minute
 * what is due starts. What was missed while the App was away starts once, however often it was due meanwhile.
 */

import { ORGANISATION_REPOSITORIES } from '../../core/config/settings.ts'
import { nextRun } from '../../core/config/trigger.ts'
import { schedulesOf } from '../../core/plan/starts.ts'
import { isRefusal } from '../../core/reason.ts'
import { isRefused } from '../../delivery/github.ts'
import type { Schedule } from '../../prisma/client/client.ts'
import { isPast } from '../database/clock.ts'
import type { Declared } from '../declared/configuration.ts'
import { tendPin } from '../declared/pin.ts'
import { isHere } from '../ledger/away.ts'
import type { Parts } from '../parts.ts'
import { declaredBy } from '../run/prepare.ts'
import { type Place, placeById } from '../subject/place.ts'
import { startOnSchedule } from './occasions.ts'

const DAY_SECONDS = 86_400
/** In one sweep so many repositories' schedules are read anew, and so many that are due start. */
const READ_AT_ONCE = 20
const DUE_AT_ONCE = 50

export async function tendSchedules(parts: Parts): Promise<void> {
  for (const id of await takeUnread(parts)) {
    await attempt(parts, id, async () => readDeclared(parts, await placeById(parts, id)))
  }
  const due = await parts.prisma.$queryRaw<Schedule[]>`
    SELECT repository_id AS "repositoryId", family, cron, time_zone AS "timeZone", due_at AS "dueAt" FROM schedule
    WHERE due_at <= ${parts.now()} AND ${isHere} ORDER BY due_at LIMIT ${DUE_AT_ONCE}`
  for (const schedule of due) await attempt(parts, schedule.repositoryId, () => startDue(parts, schedule))
}

/** One repository's trouble must not keep the others waiting. */
async function attempt(parts: Parts, repositoryId: bigint, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    parts.log.warn({ err: error, repository: `${repositoryId}` }, 'a schedule could not be seen to')
  }
}

/** Marked before they are read, so that one that can't be read is in nobody's way. */
async function takeUnread({ prisma }: Parts): Promise<readonly bigint[]> {
  const rows = await prisma.$queryRaw<{ id: bigint }[]>`
    UPDATE repository SET schedules_read_at = clock_timestamp() WHERE id IN (
      SELECT id FROM repository
      WHERE away_since IS NULL AND (schedules_read_at IS NULL OR ${isPast('schedules_read_at', DAY_SECONDS)})
      ORDER BY schedules_read_at NULLS FIRST LIMIT ${READ_AT_ONCE} FOR UPDATE SKIP LOCKED
    ) RETURNING id`
  return rows.map(({ id }) => id)
}

/** What can't be read now may only be written wrong: what is due meanwhile is refused, and the rest stays. */
async function readDeclared(parts: Parts, place: Place): Promise<void> {
  const declared = await declaredBy(parts, place)
  if (isRefusal(declared)) return
  await readSchedules(parts, place, declared)
  await tendPin(parts, place, declared)
}

/** Brings what is kept into line with what the default branch declares; a schedule that is new is first due after now. */
async function readSchedules(parts: Parts, place: Place, declared: Declared): Promise<void> {
  const { repositoryId } = place
  const timeZone = declared.configuration.portfolios['time-zone']
  const wanted = schedulesOf(declared.configuration)
  const known = await parts.prisma.schedule.findMany({ where: { repositoryId } })
  const same = (a: { family: string; cron: string }) => (b: { family: string; cron: string }) =>
    a.family === b.family && a.cron === b.cron
  for (const { family, cron } of known.filter((one) => !wanted.some(same(one)))) {
    await parts.prisma.schedule.deleteMany({ where: { repositoryId, family, cron } })
  }
  for (const { family, cron } of wanted) {
    const before = known.find(same({ family, cron }))
    if (before?.timeZone === timeZone) continue
    const dueAt = nextRun(cron, timeZone, parts.now())
    if (dueAt === undefined) continue
    const key = { repositoryId, family, cron }
    await parts.prisma.schedule.upsert({
      where: { repositoryId_family_cron: key },
      create: { ...key, timeZone, dueAt },
      update: { timeZone, dueAt },
    })
  }
}

/** A push may have changed what is declared; one to the organisation's layer for all that inherit it: a few are read each minute. */
export async function followSchedules(parts: Parts, place: Place, ref: string): Promise<void> {
  if (ref !== `refs/heads/${place.defaultBranch}`) return
  const { owner, repo } = place.name
  if (ORGANISATION_REPOSITORIES.includes(repo)) {
    await parts.prisma.repository.updateMany({ where: { owner }, data: { schedulesReadAt: null } })
  }
  await readDeclared(parts, place)
}

/** Whatever came of it, it is due next after now; only where GitHub did not answer it is tried again in a minute. */
async function startDue(parts: Parts, schedule: Schedule): Promise<void> {
  try {
    await startOnSchedule(parts, await placeById(parts, schedule.repositoryId), schedule)
  } catch (error) {
    if (!isRefused(error)) throw error
    parts.log.warn({ err: error, family: schedule.family }, 'GitHub refused what a schedule needs')
  }
  const { repositoryId, family, cron, timeZone, dueAt } = schedule
  const next = nextRun(cron, timeZone, parts.now())
  if (next === undefined) return
  await parts.prisma.schedule.updateMany({ where: { repositoryId, family, cron, dueAt }, data: { dueAt: next } })
}
