/** The answer to `/agent status`: the sessions on this subject and what is left to spend. */
import type { Conclusion, Outcome } from '../run.ts'
import type { PayingAccount } from './paying-account.ts'

export interface StatusSession {
  readonly sessionId: string
  readonly workflow: string
  readonly variant?: string | undefined
  readonly phase: 'quoted' | 'started' | 'running' | 'ended'
  /** Present when it has ended. */
  readonly conclusion?: Conclusion | undefined
  readonly outcome?: Outcome | undefined
  readonly spentMicroUsd: bigint
  readonly capMicroUsd: bigint
  readonly commentUrl?: string | undefined
}

export interface StatusView {
  /** Newest first. */
  readonly sessions: readonly StatusSession[]
  /** The accounts that these sessions touch. */
  readonly accounts: readonly PayingAccount[]
}

export function statusComment(view: StatusView): string {
  throw new Error(`not written yet: ${view.sessions.length}`)
}
