/** Ctrl-C: the first lets a run rest as soon as nothing is under way, the second ends it at once. */
import type { Log } from '../action/log.ts'

export interface Interrupts {
  /** Takes what is to be called when the run is to rest. */
  onPause(pause: () => void): void
  /** Takes what is to be called when it is to end now. */
  onStop(stop: () => void): void
  /** Whether Ctrl-C was used. */
  interrupted(): boolean
  close(): void
}

export function interruptible(log: Log): Interrupts {
  const pauses: (() => void)[] = []
  const stops: (() => void)[] = []
  let count = 0
  const interrupt = () => {
    count += 1
    if (count === 1) log.line('Pausing when what is under way is done; Ctrl-C again ends it now.')
    for (const tell of count === 1 ? pauses : stops) tell()
  }
  const terminate = () => {
    for (const stop of stops) stop()
  }
  process.on('SIGINT', interrupt).on('SIGTERM', terminate)
  return {
    onPause: (pause) => void pauses.push(pause),
    onStop: (stop) => void stops.push(stop),
    interrupted: () => count > 0,
    close: () => void process.off('SIGINT', interrupt).off('SIGTERM', terminate),
  }
}
