/** Keeps a claimed run's lease: heartbeats, what is drawn, and the App's word whether to go on. */
import { setTimeout as wait } from 'node:timers/promises'
import { isRefusal } from '../../core/reason.ts'
import { HEARTBEAT_SECONDS, LEASE_SECONDS } from '../../core/run/protocol.ts'
import type { Draw, Drawn, Purse } from '../money/purse.ts'
import { Stop } from '../steps/stop.ts'
import { type Door, isSilence } from './door.ts'
import type { Reporting, Told } from './reporting.ts'

/** Between two askings to be drawn while the App is silent. */
const DRAW_PAUSE_MS = 2_000
const LEASE_MS = LEASE_SECONDS * 1000
/** Between two heartbeats while more of the log is waiting than one can take. */
const BATCH_PAUSE_MS = 1_000
/** For what is left of the log when the run has ended; a job that is cancelled has seconds in all. */
const FLUSH_MS = 10_000
const FLUSH_STOPPED_MS = 2_500
/** Of that. */
const FLUSH_BATCHES_MAX = 100

export interface Lease {
  /** Asks again while the App is silent, until the lease is over. */
  readonly draw: Draw
  /** Starts the heartbeats; `step` says where the run is. */
  keep(purse: Purse, step: () => string, reporting: Reporting): void
  /** Sends what is left of the log and of the checkpoints, as far as there is time. Never rejects. */
  flush(): Promise<void>
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
  let reporting: Reporting | undefined
  let heardMs = monotonicMs()
  let timer: NodeJS.Timeout | undefined

  const leaseLeftMs = () => LEASE_MS - (monotonicMs() - heardMs)

  /** Whether the App was heard. */
  const send = async (want: Drawn, signal: AbortSignal, told: Told = {}): Promise<boolean> => {
    sequence += 1
    const at = step()
    const untilOver = AbortSignal.timeout(Math.max(0, Math.ceil(leaseLeftMs())))
    const body = {
      sequence,
      spentMicroUsd: spentMicroUsd(),
      wantMicroUsd: want.drawnMicroUsd,
      ...(want.drawnTokens !== undefined && { wantTokens: want.drawnTokens }),
      ...(at !== '' && { step: at.slice(0, 100) }),
      ...told,
    }
    const reply = await door.events(claim.token, claim.runId, body, AbortSignal.any([signal, untilOver]))
    if (isSilence(reply) || (isRefusal(reply) && !isFenced(reply.reason))) {
      // A database that hiccups, a restart, a proxy's error page: the run is the App's for as long as its lease.
      if (leaseLeftMs() <= 0) run.abort(new Stop('ledger-unreachable'))
      return false
    }
    heardMs = monotonicMs()
    if (isRefusal(reply) || !reply.continue) run.abort(new Stop('cancelled'))
    if (!isRefusal(reply)) {
      drawn = furthest(drawn, reply)
      reporting?.heard(told, reply)
    }
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
    keep(purse, where, log) {
      spentMicroUsd = () => purse.spentMicroUsd
      step = where
      reporting = log
      let isTelling = true
      // Each begins when the one before it has ended, so that a slow App is not asked by two at once.
      const beat = async () => {
        const told = isTelling ? log.next() : {}
        const isHeard = await send(drawn, ending.signal, told)
        purse.raise(drawn.drawnMicroUsd, drawn.drawnTokens)
        // A part of the log that the App can't take must not cost the lease: the next beat goes without.
        isTelling = isHeard || Object.keys(told).length === 0
        if (!ending.signal.aborted) beatLater(log.hasMore && isHeard)
      }
      const beatLater = (isSoon: boolean) => {
        timer = setTimeout(beat, isSoon ? BATCH_PAUSE_MS : HEARTBEAT_SECONDS * 1000)
        timer.unref()
      }
      beatLater(false)
    },
    async flush() {
      clearTimeout(timer)
      const signal = AbortSignal.timeout(run.signal.aborted ? FLUSH_STOPPED_MS : FLUSH_MS)
      for (let batches = 0; reporting?.hasMore && batches < FLUSH_BATCHES_MAX && !signal.aborted; batches += 1) {
        if (!(await send(drawn, signal, reporting.next()))) break
      }
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
