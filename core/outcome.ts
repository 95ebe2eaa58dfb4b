/** What became of a run's work: declared rules over observed facts, first match wins. */
import type { OutcomeRule } from './config/portfolios.ts'
import type { DeliveryKind, Outcome } from './run.ts'

/** What GitHub showed of a delivery so far. Absent means not seen. */
export interface Facts {
  readonly endedAt: Date
  /** Labels on the subject now, each set by somebody with write access. */
  readonly labels: readonly string[]
  readonly merged: boolean
  /** Closed without a merge. */
  readonly closed: boolean
  readonly reverted: boolean
  /** All checks on the delivered head that ended; absent while none has. */
  readonly checks?: 'success' | 'failure' | undefined
  readonly review?: 'approved' | 'changes-requested' | undefined
}

export interface Decided {
  readonly outcome: Outcome
  /** The rule that matched, in words, and where it stands. */
  readonly rule: string
}

/** The rules that every repository has below its own, by kind of delivery. */
export const builtInRules: Readonly<Record<DeliveryKind, readonly OutcomeRule[]>> = {
  commit: [],
  'pull-request': [],
  review: [],
  comment: [],
  none: [],
}

export function decideOutcome(
  facts: Facts,
  declared: readonly OutcomeRule[],
  delivery: DeliveryKind,
  now: Date,
): Decided {
  throw new Error(`not written yet: ${facts.merged} ${declared.length} ${delivery} ${now.getTime()}`)
}
