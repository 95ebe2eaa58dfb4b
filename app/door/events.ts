/**
 * Heartbeat, progress and the session's log: the answer says whether to go on or to rest, how much may be spent so far, how
 * much of the log has come, and what people said meanwhile.
 */
import type { z } from 'zod'
import { isRefusal, type Refusal } from '../../core/reason.ts'
import type { eventsAnswerSchema, eventsBodySchema } from '../../core/run/protocol.ts'
import { createLru } from '../declared/lru.ts'
import { draw, type OpenedRun } from '../ledger/claim.ts'
import { keepCheckpoint, takeEvents } from '../ledger/session-log.ts'
import type { Parts } from '../parts.ts'
import { saidTo } from './claim.ts'

/** Runs whose step is remembered. */
const STEPS_MAX = 1000
const lastSteps = createLru<string>(STEPS_MAX)

export async function events(
  parts: Parts,
  run: OpenedRun,
  body: z.output<typeof eventsBodySchema>,
): Promise<z.output<typeof eventsAnswerSchema> | Refusal> {
  const drawn = await draw(parts.prisma, {
    runId: run.id,
    epoch: run.epoch,
    wantMicroUsd: body.wantMicroUsd,
    wantTokens: body.wantTokens === undefined ? undefined : BigInt(body.wantTokens),
  })
  if (isRefusal(drawn)) return drawn
  // What lies beyond is not posted before a report has shown it, and that may never come.
  if (body.spentMicroUsd > drawn.drawnMicroUsd) {
    const { spentMicroUsd } = body
    parts.log.error(
      { run: run.id, spentMicroUsd: `${spentMicroUsd}`, drawnMicroUsd: `${drawn.drawnMicroUsd}` },
      'a run says that it has spent more than was drawn, so a provider billed more than a bound allows',
    )
  }
  const { events = [], checkpoint } = body
  const eventsTaken = await takeEvents(parts.prisma, run, events)
  if (checkpoint !== undefined) await keepCheckpoint(parts.prisma, run, checkpoint)
  const said = await saidTo(parts, run)
  // Each edit of a comment is a request to GitHub, and a heartbeat alone is no news.
  if (body.step !== undefined && body.step !== lastSteps.get(run.id)) {
    lastSteps.set(run.id, body.step)
    await parts.showLater(run.id, { step: body.step, spentMicroUsd: body.spentMicroUsd })
  }
  return {
    continue: !drawn.stopRequested,
    ...(drawn.pauseRequested ? { pause: true } : {}),
    eventsTaken,
    ...(said.length === 0 ? {} : { said: [...said] }),
    drawnMicroUsd: drawn.drawnMicroUsd,
    ...(drawn.drawnTokens == null ? {} : { drawnTokens: Number(drawn.drawnTokens) }),
  }
}
