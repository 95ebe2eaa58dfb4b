/** Ctrl-C: the first lets a run rest as soon as nothing is under way, the second ends it at once. */

import { Meantime } from '../../action/door/meantime.ts'
import type { Log } from '../../action/job/log.ts'

export interface Interrupts {
  /** Tells the run to rest. */
  readonly meantime: Meantime
  /** Takes what is to be called when it is to end now. */
  onStop(stop: () => void): void
  /** Whether Ctrl-C was used. */
  interrupted(): boolean
  close(): void
}

export function interruptible(log: Log): Interrupts {
  const meantime = new Meantime()
  const stops: (() => void)[] = []
  let count = 0
  const interrupt = () => {
    count += 1
    if (count > 1) return terminate()
    log.line('Pausing when what is under way is done; Ctrl-C again ends it now.')
    meantime.pause()
  }
  const terminate = () => {
    for (const stop of stops) stop()
  }
  // A terminal that is closed hangs up.
  process.on('SIGINT', interrupt).on('SIGTERM', terminate).on('SIGHUP', terminate)
  return {
    meantime,
    onStop: (stop) => void stops.push(stop),
    interrupted: () => count > 0,
    close: () => void process.off('SIGINT', interrupt).off('SIGTERM', terminate).off('SIGHUP', terminate),
  }
}
