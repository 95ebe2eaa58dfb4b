/** What became of a run's work. */
import type { ReasonCode } from '../core/reason.ts'
import type { Conclusion } from '../core/run/run.ts'

/** The conclusion and reason replace the report's where given. */
export interface Delivered {
  readonly conclusion?: Conclusion | undefined
  readonly reason?: ReasonCode | undefined
  readonly sha?: string | undefined
  /** Of the pull request that it was handed over as. */
  readonly number?: number | undefined
  readonly url?: string | undefined
}
