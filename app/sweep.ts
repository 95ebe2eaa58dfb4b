/** Each minute: what no webhook told of. A missed webhook delays, and never loses. */
import { LEASE_SECONDS } from '../core/run/protocol.ts'
import { forgetHeard } from './comment/heard.ts'
import { isPast } from './database/clock.ts'
import { deliverOnce } from './door/finish.ts'
import { lapseApprovals } from './ledger/delivery.ts'
import { dueRuns } from './ledger/history.ts'
import { forgetOldLogs } from './ledger/session-log.ts'
import { takeUnshown } from './ledger/shown.ts'
import { abandonUndispatched, abandonUnstarted, expireLost, type Swept, undeliveredRuns } from './ledger/sweep.ts'
import { type FindJurisdiction, findOnce, putOff, updateOutcome, updateOutcomeAndShow } from './outcome/outcome.ts'
import type { Parts } from './parts.ts'
import { tendProposals } from './promotion/tend.ts'
import { idleLines } from './queue/line.ts'
import { createRedelivery } from './reconcile/deliveries.ts'
import { type Reader, readRepositories } from './reconcile/repository.ts'
import { lookAtRuns } from './reconcile/runs.ts'
import { createUnchanged } from './reconcile/unchanged.ts'
import { tendRepositories } from './review/tend.ts'
import { tendSchedules } from './triggers/schedules.ts'
import { requeueStranded } from './webhooks/stranded.ts'
import type { StoreWebhook } from './webhooks/webhooks.ts'
import type { Work } from './work.ts'

const HOUR_SECONDS = 3600
const DAY_SECONDS = 24 * HOUR_SECONDS
/** A self-hosted runner's queue may hold a job this long; a run that has not begun by then never will. */
const UNSTARTED_SECONDS_MAX = DAY_SECONDS
/** All tries of a dispatch together take less than this. */
const UNDISPATCHED_SECONDS_MAX = 15 * 60
/** In one sweep so many are shown, deliveries that failed tried again, and outcomes that are due decided. */
const UNSHOWN_AT_ONCE = 100
const UNDELIVERED_AT_ONCE = 20
const DUE_AT_ONCE = 200
/** Whoever is at work has begun with it by then; and if not, one job more does no harm. */
const STRANDED_SECONDS = 60
/** Webhooks are kept this long to know a redelivery, without their payloads once handled; GitHub redelivers for 3 days. */
export const WEBHOOK_RETENTION_DAYS = 7

/** One part's trouble must not keep the others waiting: a webhook that is kept too long names people. */
export function createSweep(parts: Parts, work: Work, store: StoreWebhook): () => Promise<void> {
  const redeliver = createRedelivery(parts)
  const reader = { parts, store, unchanged: createUnchanged() }
  return () => sweep(parts, work, redeliver, reader)
}

async function sweep(parts: Parts, work: Work, redeliver: () => Promise<void>, reader: Reader): Promise<void> {
  const find = findOnce(parts)
  const stages: Readonly<Record<string, () => Promise<void>>> = {
    'old webhooks': () => forgetWebhooks(parts),
    'webhooks without a job': () => requeueStranded(parts.prisma, work, STRANDED_SECONDS),
    'failed deliveries': redeliver,
    'runs without a job': () => endAbandoned(parts),
    'what was not shown': () => showUnshown(parts),
    approvals: () => lapse(parts),
    deliveries: () => deliverUndelivered(parts, find),
    'what GitHub shows of repositories': () => readRepositories(reader),
    'what GitHub shows of runs': () => lookAtRuns(parts),
    outcomes: () => decideDue(parts, find),
    proposals: () => tendProposals(parts),
    'what waits in line': () => turnIdle(parts),
    schedules: () => tendSchedules(parts),
    repositories: () => tendRepositories(parts),
    'old session logs': () => forgetOldLogs(parts.prisma),
    'old commands': () => forgetHeard(parts.prisma),
  }
  for (const [stage, carryOut] of Object.entries(stages)) {
    try {
      await carryOut()
    } catch (error) {
      parts.log.error({ err: error, stage }, 'a part of the sweep failed')
    }
  }
}

/**
 * Runs whose lease is over, and those that no job has claimed in time. While the App or its database was away no runner
 * could be heard: whoever still works tells of itself within one lease of its return.
 */
async function endAbandoned(parts: Parts): Promise<void> {
  if (parts.upMs() < LEASE_SECONDS * 1000) return
  const { ledger } = parts
  const now = parts.now()
  await tellSwept(parts, 'lost', await expireLost(ledger, now))
  await tellSwept(parts, 'never started', await abandonUnstarted(ledger, UNSTARTED_SECONDS_MAX, now))
  await tellSwept(parts, 'never dispatched', await abandonUndispatched(ledger, UNDISPATCHED_SECONDS_MAX, now))
}

async function tellSwept(parts: Parts, what: string, { ended, failed }: Swept): Promise<void> {
  for (const { runId, error } of failed) parts.log.error({ err: error, run: runId, what }, 'a run could not be ended')
  if (ended.length > 0) parts.log.info({ runs: ended.length, what }, 'swept')
  for (const runId of ended) await parts.showLater(runId)
}

/** The process died, or lost the database's answer, between a change of a run and the word that it is to be shown. */
async function showUnshown(parts: Parts): Promise<void> {
  for (const runId of await takeUnshown(parts.prisma, UNSHOWN_AT_ONCE)) await parts.showLater(runId)
}

async function turnIdle(parts: Parts): Promise<void> {
  for (const turn of await idleLines(parts.prisma)) await parts.turnLater(turn)
}

/** What nobody has looked at in time is put aside with the deliveries that are due. */
async function lapse({ prisma, log }: Parts): Promise<void> {
  const lapsed = await lapseApprovals(prisma, UNDELIVERED_AT_ONCE)
  if (lapsed.length > 0) log.info({ runs: lapsed.length }, 'work that nobody approved in time')
}

/** Work whose report was settled, but whose delivery was cut short. */
async function deliverUndelivered(parts: Parts, find: FindJurisdiction): Promise<void> {
  for (const id of await undeliveredRuns(parts.prisma, UNDELIVERED_AT_ONCE)) {
    try {
      await deliverOnce(parts, id)
      await updateOutcomeAndShow(parts, id, find)
    } catch (error) {
      parts.log.warn({ err: error, run: id }, 'a delivery failed again')
    }
  }
}

/** Rules that wait some days match without anything happening; and a process may have died before it decided. */
async function decideDue(parts: Parts, find: FindJurisdiction): Promise<void> {
  for (const id of await dueRuns(parts.prisma, parts.now(), DUE_AT_ONCE)) {
    try {
      await updateOutcome(parts, id, find)
    } catch (error) {
      // One repository's trouble must not keep the others waiting.
      parts.log.warn({ err: error, run: id }, 'an outcome could not be decided')
      await putOff(parts, id)
    }
  }
}

/**
 * Payloads name people, so not even those that were never handled are kept longer. The others go by when they were handled, since
 * one index finds both: by when they came all that is kept would be read each minute.
 */
async function forgetWebhooks(parts: Parts): Promise<void> {
  const seconds = WEBHOOK_RETENTION_DAYS * DAY_SECONDS
  await parts.prisma.$executeRaw`
    DELETE FROM webhook WHERE ${isPast('handled_at', seconds)} OR (handled_at IS NULL AND ${isPast('received_at', seconds)})`
}
