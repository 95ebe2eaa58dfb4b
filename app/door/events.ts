/** Heartbeat and progress: the answer says whether to go on, and how much may be spent so far. */
import type { z } from 'zod'
import type { eventsAnswerSchema, eventsBodySchema } from '../../core/protocol.ts'
import { isRefusal, type Refusal } from '../../core/reason.ts'
import type { Run } from '../../prisma/client/client.ts'
import { draw } from '../ledger/claim.ts'
import type { Parts } from '../parts.ts'

export async function events(
  parts: Parts,
  run: Run,
  body: z.output<typeof eventsBodySchema>,
): Promise<z.output<typeof eventsAnswerSchema> | Refusal> {
  const drawn = await draw(parts.prisma, {
    runId: run.id,
    epoch: run.epoch,
    wantMicroUsd: body.wantMicroUsd,
    wantTokens: body.wantTokens === undefined ? undefined : BigInt(body.wantTokens),
  })
  if (isRefusal(drawn)) return drawn
  if (body.step !== undefined) {
    await parts.showLater(run.id, { step: body.step, spentMicroUsd: body.spentMicroUsd })
  }
  return {
    continue: !drawn.stopRequested,
    drawnMicroUsd: drawn.drawnMicroUsd,
    ...(drawn.drawnTokens == null ? {} : { drawnTokens: Number(drawn.drawnTokens) }),
  }
}
