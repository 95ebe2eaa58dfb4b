/** What carrying out a plan needs, whoever started it: a job or a terminal. */
import type { Plan } from '../core/plan.ts'
import type { Redact } from '../core/redact.ts'
import type { Git } from './git.ts'
import type { Log } from './log.ts'
import type { Model } from './model.ts'
import type { Purse } from './purse.ts'
import type { Sandbox } from './sandbox.ts'

export interface Turn {
  readonly step: string
  readonly number: number
  readonly text: string
  readonly tools: readonly string[]
}

export interface RunParts {
  readonly plan: Plan
  readonly git: Git
  readonly workDir: string
  readonly sandbox: Sandbox
  readonly model: Model
  readonly purse: Purse
  readonly log: Log
  readonly redact: Redact
  /** Aborted with a `Stop` when the run is cancelled or out of time. */
  readonly signal: AbortSignal
  onStep(step: string): void
  onTurn(turn: Turn): void
}
