/** A "no" as people read it: why, the numbers, who can change it and when it changes by itself. */
import type { Refusal } from '../reason.ts'
import type { PayingAccount } from './paying-account.ts'

export interface RefusalView {
  readonly refusal: Refusal
  /** The session it belongs to, where there is one. */
  readonly sessionId?: string | undefined
  readonly workflow?: string | undefined
  readonly variant?: string | undefined
  /** The accounts whose room decided; empty where money wasn't the reason. */
  readonly accounts: readonly PayingAccount[]
  /** The least the run would have been started with, and the cap it asked for. */
  readonly floorMicroUsd?: bigint | undefined
  readonly capMicroUsd?: bigint | undefined
}

export function refusalComment(view: RefusalView): string {
  throw new Error(`not written yet: ${view.refusal.reason}`)
}
