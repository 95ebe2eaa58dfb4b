/** Why a run is to stop, carried by its one abort signal. */
export type StopReason = 'cancelled' | 'time-exhausted' | 'ledger-unreachable'

export class Stop extends Error {
  readonly reason: StopReason

  constructor(reason: StopReason) {
    super(reason)
    this.name = 'Stop'
    this.reason = reason
  }
}

/** `undefined` while the run may go on. */
export function stopReason(signal: AbortSignal): StopReason | undefined {
  if (!signal.aborted) return undefined
  return signal.reason instanceof Stop ? signal.reason.reason : 'cancelled'
}
