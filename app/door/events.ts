/** Heartbeat and progress: the answer says whether to go on, and how much may be spent so far. */
import type { z } from 'zod'
import type { eventsAnswerSchema, eventsBodySchema } from '../../core/protocol.ts'
import { isRefusal, type Refusal } from '../../core/reason.ts'
import { draw, type OpenedRun } from '../ledger/claim.ts'
import { createLru } from '../lru.ts'
import type { Parts } from '../parts.ts'

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
  // Each edit of a comment is a request to GitHub, and a heartbeat alone is no news.
  if (body.step !== undefined && body.step !== lastSteps.get(run.id)) {
    lastSteps.set(run.id, body.step)
    await parts.showLater(run.id, { step: body.step, spentMicroUsd: body.spentMicroUsd })
  }
  return {
    continue: !drawn.stopRequested,
    drawnMicroUsd: drawn.drawnMicroUsd,
    ...(drawn.drawnTokens == null ? {} : { drawnTokens: Number(drawn.drawnTokens) }),
  }
}
