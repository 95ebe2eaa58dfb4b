/** A recorded run out of the App's ledger, as far as its log is still kept. */
import { z } from 'zod'
import type { Database } from '../../app/database/open.ts'
import { logOf, SESSION_LOG_RETENTION_DAYS } from '../../app/ledger/session-log.ts'
import { sessionEventSchema } from '../../core/session/session-event.ts'
import { openLedger } from '../ledger/ledger.ts'
import { type RecordedRun, recordedRun } from './recorded-run.ts'

/** `id`: of a session or of one of its runs. The run, or in words why it can't be played again. */
export async function readAppRecording(id: string): Promise<RecordedRun | { readonly problem: string }> {
  const database = await openLedger()
  if (typeof database === 'string') return { problem: database }
  try {
    return await recordingIn(database, id)
  } finally {
    await database.close()
  }
}

/** Of a session the newest run that began at its beginning. */
export async function recordingIn(
  { prisma }: Pick<Database, 'prisma'>,
  id: string,
): Promise<RecordedRun | { readonly problem: string }> {
  const where = { OR: [{ id }, { sessionId: id }] }
  const runs = await prisma.run.findMany({
    where,
    orderBy: { createdAt: 'desc' },
    select: { id: true, continuesRunId: true },
  })
  if (runs.length === 0)
    return { problem: `The ledger has no session or run ${id}; a session’s comment and its job name both.` }
  const whole = runs.find(({ continuesRunId }) => continuesRunId === null)
  if (whole === undefined)
    return { problem: `The run ${id} went on from a checkpoint; name its session, to play what began it.` }
  const rows = await logOf(prisma, whole.id)
  if (rows.length === 0) {
    return {
      problem: `The log of run ${whole.id} is not kept: the App forgets one after ${SESSION_LOG_RETENTION_DAYS} days, and has none where the job kept it to itself.`,
    }
  }
  if (rows.includes(null)) return { problem: `The log of run ${whole.id} was too long to be kept whole.` }
  return recordedRun(rows.map((row) => z.decode(sessionEventSchema, row as z.input<typeof sessionEventSchema>)))
}
