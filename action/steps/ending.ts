/** How a run ends before its last step, or how it ended. */
import type { ReasonCode } from '../../core/reason.ts'
import type { Conclusion } from '../../core/run/run.ts'

export interface Ending {
  readonly conclusion: Conclusion
  readonly reason: ReasonCode | undefined
  readonly message: string
}

export function ended(conclusion: Conclusion, reason: ReasonCode | undefined, message: string): Ending {
  return { conclusion, reason, message }
}

/** How a run ends that was told to stop. */
export function stopped(reason: 'cancelled' | 'time-exhausted' | 'ledger-unreachable'): Ending {
  switch (reason) {
    case 'time-exhausted':
      return ended('capped', 'time-exhausted', 'The run reached its time limit.')
    case 'ledger-unreachable':
      return ended(
        'failed',
        'ledger-unreachable',
        'The App did not answer for longer than the run’s lease, so nothing more was spent; the work so far is kept.',
      )
    case 'cancelled':
      return ended('cancelled', 'cancelled', 'The run was stopped.')
  }
}

export function paused(): Ending {
  return ended('cancelled', 'paused', 'The run was told to rest; its work and its conversation are kept.')
}
