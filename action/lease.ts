/** Keeps a claimed run's lease: heartbeats, what is drawn, and the App's word whether to go on. */
import { HEARTBEAT_SECONDS, LEASE_SECONDS } from '../core/protocol.ts'
import { isRefusal } from '../core/reason.ts'
import { type Door, isSilence } from './door.ts'
import type { Purse } from './purse.ts'
import { Stop } from './stop.ts'

export interface Lease {
  /** Asks to be drawn up to this much, and answers what is drawn now; unchanged when the App does not answer. */
  draw(
    wantMicroUsd: bigint,
    wantTokens: number | undefined,
  ): Promise<{ drawnMicroUsd: bigint; drawnTokens?: number | undefined }>
  /** Starts the heartbeats; `step` says where the run is. */
  keep(purse: Purse, step: () => string): void
  end(): void
}

/** `monotonicMs` is a clock that no adjustment of the day's time moves. */
export function holdLease(
  door: Door,
  claim: {
    readonly runId: string
    readonly token: string
    readonly drawnMicroUsd: bigint
    readonly drawnTokens?: number | undefined
  },
  stop: (reason: Stop) => void,
  monotonicMs: () => number,
): Lease {
  let sequence = 0
  let drawn = { drawnMicroUsd: claim.drawnMicroUsd, drawnTokens: claim.drawnTokens }
  let spentMicroUsd = () => 0n
  let step = () => ''
  let heardMs = monotonicMs()
  let timer: NodeJS.Timeout | undefined

  const send = async (wantMicroUsd: bigint, wantTokens: number | undefined) => {
    sequence += 1
    const at = step()
    const reply = await door.events(claim.token, claim.runId, {
      sequence,
      spentMicroUsd: spentMicroUsd(),
      wantMicroUsd,
      ...(wantTokens !== undefined && { wantTokens }),
      ...(at !== '' && { step: at.slice(0, 100) }),
    })
    if (isSilence(reply)) {
      if (monotonicMs() - heardMs > LEASE_SECONDS * 1000) stop(new Stop('ledger-unreachable'))
      return
    }
    heardMs = monotonicMs()
    if (isRefusal(reply)) return stop(new Stop('cancelled'))
    drawn = { drawnMicroUsd: reply.drawnMicroUsd, drawnTokens: reply.drawnTokens }
    if (!reply.continue) stop(new Stop('cancelled'))
  }

  return {
    async draw(wantMicroUsd, wantTokens) {
      await send(wantMicroUsd, wantTokens)
      return drawn
    },
    keep(purse, where) {
      spentMicroUsd = () => purse.spentMicroUsd
      step = where
      timer = setInterval(() => {
        void send(drawn.drawnMicroUsd, drawn.drawnTokens).then(() =>
          purse.raise(drawn.drawnMicroUsd, drawn.drawnTokens),
        )
      }, HEARTBEAT_SECONDS * 1000)
      timer.unref()
    },
    end() {
      clearInterval(timer)
    },
  }
}
