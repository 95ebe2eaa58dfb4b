/** What carrying out a plan needs, whoever started it: a job or a terminal. */

import type { Plan } from '../core/plan/plan.ts'
import type { Redact } from '../core/redact.ts'
import type { Checkpoint } from '../core/session/checkpoint.ts'
import type { EarlierResult } from '../core/session/earlier-result.ts'
import type { Meanwhile } from './agent/agent-task.ts'
import type { Log } from './job/log.ts'
import type { OpenMcpServers } from './mcp/servers.ts'
import type { Model } from './model/model.ts'
import type { ProviderKeys } from './model/provider-keys.ts'
import type { Purse } from './money/purse.ts'
import type { Sandbox } from './sandbox/sandbox.ts'
import type { Checkpoints } from './session/checkpoints.ts'
import type { Recorded } from './session/recording.ts'
import type { Git } from './workspace/git.ts'

export interface Turn {
  readonly step: string
  readonly number: number
  readonly text: string
  readonly tools: readonly string[]
}

export interface Resume {
  readonly checkpoint: Checkpoint
  /** Whether people have said something since, which its last agent is to be told. */
  readonly isSpokenTo: boolean
}

export interface RunParts {
  readonly plan: Plan
  readonly git: Git
  readonly workDir: string
  readonly sandbox: Sandbox
  readonly model: Model
  /** In place of the MCP servers themselves, as when a run is played again. */
  readonly openMcpServers?: OpenMcpServers | undefined
  /** For the agents that are carried out by programs of their own. */
  readonly keys: ProviderKeys
  readonly purse: Purse
  readonly log: Log
  readonly redact: Redact
  /** Aborted with a `Stop` when the run is cancelled or out of time. */
  readonly signal: AbortSignal
  /** What the run goes on from, where it does. */
  readonly resume: Resume | undefined
  /** What earlier runs here came to, oldest first. */
  readonly earlier: readonly EarlierResult[]
  onStep(step: string): void
  onTurn(turn: Turn): void
  /** Takes down what happens, for the run's log. */
  record(event: Recorded): void
  meanwhile(): Meanwhile
  /** Made when the first one is due. `startTree`: the workspace as the first step found it. */
  checkpoints(startTree: string): Promise<Checkpoints>
}
