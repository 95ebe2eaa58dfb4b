/** What an agent is given, what it works with, and how its work ends. */

import type { Price } from '../../core/money/price.ts'
import type { PlanAgent } from '../../core/plan/plan.ts'
import type { Said } from '../../core/session/session-event.ts'
import type { Model } from '../model/model.ts'
import type { Purse } from '../money/purse.ts'
import type { Recorded } from '../session/recording.ts'
import type { StopReason } from '../steps/stop.ts'
import type { ExtraTool, ToolPlace } from '../tools/tool.ts'
import type { JsonSchema } from './answer-format.ts'

export interface AgentTask {
  readonly step: string
  readonly agent: PlanAgent
  readonly price: Price
  readonly systemText: string
  /** That of an agent that it delegates to. */
  readonly systemTextOf: (agent: PlanAgent) => string
  /** The name of its conversation, where that is not the step's. */
  readonly conversation?: string | undefined
  /** What of the cap this step may still use; `undefined` where all of it. */
  readonly shareLeftMicroUsd: () => bigint | undefined
  readonly turnsMax: number
  /** What the agent's last answer has to satisfy. */
  readonly output?: JsonSchema | undefined
  /** Done after each turn that is not the last, when every call is answered: the conversation could go on from there. */
  readonly betweenTurns?: (() => Promise<void>) | undefined
}

export interface AgentParts {
  readonly model: Model
  readonly purse: Purse
  readonly place: ToolPlace
  /** Tools besides those that the agent names. */
  readonly more?: readonly ExtraTool[] | undefined
  readonly signal: AbortSignal
  onTurn(turn: { readonly number: number; readonly text: string; readonly tools: readonly string[] }): void
  /** A call failed in a way that may pass. */
  onRetry(why: string, pauseMs: number): void
  /** Takes down what is said, for the run's log. */
  record(event: Recorded): void
  /** Asked before every turn, when every call of the last one is answered. */
  meanwhile(): Meanwhile
}

export interface Meanwhile {
  /** The run is to rest: no further call is made. */
  readonly rest: boolean
  /** What people said to the session, each of it once. */
  readonly said: readonly Said[]
}

/** `answered`: it says it is done. All others end the step; its work stays in the workspace. */
export type AgentEnd = {
  readonly ended:
    | 'answered'
    | 'cap'
    | 'share'
    | 'overage'
    | 'turns'
    | 'repeating'
    | 'context'
    | 'refused'
    | 'unfit'
    | 'model-failed'
    | 'paused'
    | StopReason
  /** What it said last. */
  readonly text: string
  readonly detail?: string | undefined
  /** The last answer as a value, where the task has a schema and the answer satisfies it. */
  readonly value?: unknown
}
