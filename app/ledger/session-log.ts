/**
 * A session's log: what its runs tell of themselves, and what people said to it. It is only ever appended to; a sweep forgets
 * what is older than its retention. Beside it the newest checkpoint of each run, to go on from.
 */
import { z } from 'zod'
import { type SessionVerb, type Spoken, spokenSchema } from '../../core/command/session-verb.ts'
import { type Checkpoint, checkpointSchema } from '../../core/session/checkpoint.ts'
import type { Said, SessionEvent } from '../../core/session/session-event.ts'
import type { PrismaClient } from '../../prisma/client/client.ts'
import { isPast } from '../database/clock.ts'
import { toJsonText } from '../database/json.ts'
import { transact } from '../database/transact.ts'

/** Events and checkpoints are kept for so long; the trigger on the events says the same. */
export const SESSION_LOG_RETENTION_DAYS = 30
const DAY_SECONDS = 86_400
/** Of one run's events as JSON. Of those beyond, only kind and number are kept. */
export const RUN_LOG_BYTES_MAX = 20_000_000
/** What people said that one answer carries; the rest comes with the next. */
const SAID_AT_ONCE = 50
/** Deleted at once, so that no sweep holds the table for long; the next one takes the rest. */
const FORGOTTEN_AT_ONCE = 10_000
/** Runs that one may go on from another through. */
const CHAIN_MAX = 100

/**
 * Appends what is new of a batch and answers how many of the run's events there are. Of a batch that leaves a gap nothing
 * is taken, and one that comes again changes nothing.
 */
export async function takeEvents(
  prisma: PrismaClient,
  run: { readonly id: string; readonly sessionId: string },
  events: readonly SessionEvent[],
): Promise<number> {
  if (events.length > 0) {
    const rows = events.map((event) => {
      const text = toJsonText(event)
      const saidId = event.kind === 'said' ? event.said.id : null
      return {
        sequence: event.sequence,
        kind: event.kind,
        event: text,
        bytes: Buffer.byteLength(text),
        said_id: saidId,
      }
    })
    await prisma.$executeRaw`
      WITH before AS (
        SELECT COALESCE(max(sequence) + 1, 0) AS taken, COALESCE(sum(bytes), 0) AS bytes
        FROM session_event WHERE run_id = ${run.id}
      ), batch AS (
        SELECT *, row_number() OVER (ORDER BY sequence) - 1 AS place, sum(bytes) OVER (ORDER BY sequence) AS until
        FROM json_to_recordset(${JSON.stringify(rows)}::json) AS batch(
          sequence int, kind text, event text, bytes int, said_id text)
      )
      INSERT INTO session_event (session_id, run_id, sequence, kind, event, bytes, said_id)
      SELECT ${run.sessionId}, ${run.id}, batch.sequence, batch.kind,
        CASE WHEN fits THEN batch.event::json END, CASE WHEN fits THEN batch.bytes ELSE 0 END, batch.said_id
      FROM batch CROSS JOIN before
      CROSS JOIN LATERAL (SELECT before.bytes + batch.until <= ${RUN_LOG_BYTES_MAX}) AS room(fits)
      WHERE batch.sequence >= before.taken
        AND (SELECT min(sequence) FROM batch) <= before.taken
        AND (SELECT bool_and(sequence = place + (SELECT min(sequence) FROM batch)) FROM batch)
      ORDER BY batch.sequence
      ON CONFLICT DO NOTHING`
  }
  const [row] = await prisma.$queryRaw<{ taken: number }[]>`
    SELECT COALESCE(max(sequence) + 1, 0)::int AS taken FROM session_event WHERE run_id = ${run.id}`
  return row?.taken ?? 0
}

/** What a run told of itself, in order and as on the wire; null for what its log had no room for. */
export async function logOf(prisma: PrismaClient, runId: string): Promise<readonly unknown[]> {
  const events = await prisma.sessionEvent.findMany({
    where: { runId },
    orderBy: { sequence: 'asc' },
    select: { event: true },
  })
  return events.map(({ event }) => event)
}

/** Puts a run's newest checkpoint in the place of the one before, while that claim's runner works. */
export async function keepCheckpoint(
  prisma: PrismaClient,
  run: { readonly id: string; readonly epoch: number },
  checkpoint: Checkpoint,
): Promise<void> {
  await prisma.$executeRaw`
    INSERT INTO run_checkpoint (run_id, checkpoint)
    SELECT id, ${toJsonText(checkpoint)}::json FROM run WHERE id = ${run.id} AND epoch = ${run.epoch} AND state = 'claimed'
    ON CONFLICT (run_id) DO UPDATE SET checkpoint = EXCLUDED.checkpoint, at = clock_timestamp()`
}

/** The newest checkpoint that a run made or, where it made none, began from; undefined where there is none any more. */
export async function checkpointOf(prisma: PrismaClient, runId: string): Promise<Checkpoint | undefined> {
  const holder = await checkpointHolder(prisma, runId)
  if (holder === undefined) return undefined
  const found = await prisma.runCheckpoint.findUnique({ where: { runId: holder } })
  return found === null ? undefined : checkpointSchema.parse(found.checkpoint)
}

/**
 * Whose checkpoint that is; the checkpoint itself, which is long, is not read. One by one by their index (`OFFSET 0`): as a plain
 * join, all checkpoints that are kept would be read each time that a run's end is shown.
 */
export async function checkpointHolder(prisma: PrismaClient, runId: string): Promise<string | undefined> {
  const [found] = await prisma.$queryRaw<{ id: string }[]>`
    WITH RECURSIVE chain AS (
      SELECT id, continues_run_id, 0 AS back FROM run WHERE id = ${runId}
      UNION ALL
      SELECT run.id, run.continues_run_id, chain.back + 1 FROM chain JOIN run ON run.id = chain.continues_run_id
      WHERE chain.back < ${CHAIN_MAX}
    )
    SELECT chain.id FROM chain
    CROSS JOIN LATERAL (SELECT FROM run_checkpoint WHERE run_checkpoint.run_id = chain.id OFFSET 0) AS kept
    ORDER BY chain.back LIMIT 1`
  return found?.id
}

/** Notes what a command said to a session, once; nothing of who gave it. */
export async function noteSpoken(
  prisma: PrismaClient,
  noted: {
    readonly sessionId: string
    readonly verb: SessionVerb
    readonly spoken: Spoken
    readonly commandKey: string
  },
): Promise<void> {
  const { sessionId, verb, spoken, commandKey } = noted
  const text = JSON.stringify(z.encode(spokenSchema, spoken))
  await prisma.$executeRaw`
    INSERT INTO session_event (session_id, kind, event, bytes, said_id)
    VALUES (${sessionId}, ${verb}, ${text}::json, ${Buffer.byteLength(text)}, ${commandKey})
    ON CONFLICT DO NOTHING`
}

/** Whether a command was noted before: its first try came that far. */
export async function wasSpoken(prisma: PrismaClient, sessionId: string, commandKey: string): Promise<boolean> {
  const noted = await prisma.sessionEvent.count({ where: { sessionId, saidId: commandKey, runId: null } })
  return noted > 0
}

/** What was said to the session's agent and it has not been told yet, oldest first. */
export async function saidMeanwhile(prisma: PrismaClient, sessionId: string): Promise<readonly Said[]> {
  const rows = await prisma.$queryRaw<{ id: string; event: unknown }[]>`
    SELECT said_id AS id, event FROM session_event AS said
    WHERE session_id = ${sessionId} AND said_id IS NOT NULL AND run_id IS NULL AND kind = 'say'
      AND NOT EXISTS (
        SELECT FROM session_event AS told
        WHERE told.session_id = said.session_id AND told.said_id = said.said_id AND told.run_id IS NOT NULL
      )
    ORDER BY said.id LIMIT ${SAID_AT_ONCE}`
  return rows.map(({ id, event }) => ({ id, text: spokenSchema.parse(event).text ?? '' }))
}

/** Forgets events and checkpoints whose retention is over. */
export async function forgetOldLogs(prisma: PrismaClient): Promise<void> {
  const seconds = SESSION_LOG_RETENTION_DAYS * DAY_SECONDS
  await transact(prisma, async (transaction) => {
    await transaction.$executeRaw`
      DELETE FROM session_event WHERE id IN (
        SELECT id FROM session_event WHERE ${isPast('at', seconds)} ORDER BY at LIMIT ${FORGOTTEN_AT_ONCE})`
    await transaction.$executeRaw`
      DELETE FROM run_checkpoint WHERE run_id IN (
        SELECT run_id FROM run_checkpoint WHERE ${isPast('at', seconds)} ORDER BY at LIMIT ${FORGOTTEN_AT_ONCE})`
  })
}
