/** Keeps a claimed run's lease: heartbeats, what is drawn, and the App's word whether to go on. */
import { setTimeout as wait } from 'node:timers/promises'
import { HEARTBEAT_SECONDS, LEASE_SECONDS } from '../core/protocol.ts'
import { isRefusal } from '../core/reason.ts'
import { type Door, isSilence } from './door.ts'
import type { Draw, Drawn, Purse } from './purse.ts'
import { Stop } from './stop.ts'

/** Between two askings to be drawn while the App is silent. */
const DRAW_PAUSE_MS = 2_000
const LEASE_MS = LEASE_SECONDS * 1000

export interface Lease {
  /** Asks again while the App is silent, until the lease is over. */
  readonly draw: Draw
  /** Starts the heartbeats; `step` says where the run is. */
  keep(purse: Purse, step: () => string): void
  end(): void
}

/** `run` is aborted with a `Stop` when the run has to end. `monotonicMs` is a clock that no adjustment of the day's time moves. */
export function holdLease(
  door: Door,
  claim: Drawn & { readonly runId: string; readonly token: string },
  run: AbortController,
  monotonicMs: () => number,
): Lease {
  const ending = new AbortController()
  let sequence = 0
  let drawn: Drawn = { drawnMicroUsd: claim.drawnMicroUsd, drawnTokens: claim.drawnTokens }
  let spentMicroUsd = () => 0n
  let step = () => ''
  let heardMs = monotonicMs()
  let timer: NodeJS.Timeout | undefined

  const leaseLeftMs = () => LEASE_MS - (monotonicMs() - heardMs)

  /** Whether the App was heard. */
  const send = async (want: Drawn, signal: AbortSignal): Promise<boolean> => {
    sequence += 1
    const at = step()
    const untilOver = AbortSignal.timeout(Math.max(0, Math.ceil(leaseLeftMs())))
    const body = {
      sequence,
      spentMicroUsd: spentMicroUsd(),
      wantMicroUsd: want.drawnMicroUsd,
      ...(want.drawnTokens !== undefined && { wantTokens: want.drawnTokens }),
      ...(at !== '' && { step: at.slice(0, 100) }),
    }
    const reply = await door.events(claim.token, claim.runId, body, AbortSignal.any([signal, untilOver]))
    if (isSilence(reply) || (isRefusal(reply) && !isFenced(reply.reason))) {
      // A database that hiccups, a restart, a proxy's error page: the run is the App's for as long as its lease.
      if (leaseLeftMs() <= 0) run.abort(new Stop('ledger-unreachable'))
      return false
    }
    heardMs = monotonicMs()
    if (isRefusal(reply) || !reply.continue) run.abort(new Stop('cancelled'))
    if (!isRefusal(reply)) drawn = furthest(drawn, reply)
    return true
  }

  return {
    async draw(wantMicroUsd, wantTokens) {
      const signal = AbortSignal.any([run.signal, ending.signal])
      while (!signal.aborted) {
        if (await send({ drawnMicroUsd: wantMicroUsd, drawnTokens: wantTokens }, signal)) break
        await wait(DRAW_PAUSE_MS, undefined, { signal }).catch(() => {})
      }
      return signal.aborted ? undefined : drawn
    },
    keep(purse, where) {
      spentMicroUsd = () => purse.spentMicroUsd
      step = where
      // Each begins when the one before it has ended, so that a slow App is not asked by two at once.
      const beat = async () => {
        await send(drawn, ending.signal)
        purse.raise(drawn.drawnMicroUsd, drawn.drawnTokens)
        if (!ending.signal.aborted) beatLater()
      }
      const beatLater = () => {
        timer = setTimeout(beat, HEARTBEAT_SECONDS * 1000)
        timer.unref()
      }
      beatLater()
    },
    end() {
      clearTimeout(timer)
      ending.abort()
    },
  }
}

/** Nothing that this claim could still do would count: the run has ended, or another claim has taken its place. */
function isFenced(reason: string): boolean {
  return reason === 'run-over' || reason === 'already-claimed'
}

/** Answers may overtake each other, and what the App has acknowledged is never taken back. */
function furthest(drawn: Drawn, answered: Drawn): Drawn {
  const tokens = Math.max(drawn.drawnTokens ?? 0, answered.drawnTokens ?? 0)
  return {
    drawnMicroUsd: answered.drawnMicroUsd > drawn.drawnMicroUsd ? answered.drawnMicroUsd : drawn.drawnMicroUsd,
    drawnTokens: drawn.drawnTokens === undefined && answered.drawnTokens === undefined ? undefined : tokens,
  }
}
