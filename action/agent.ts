/**
 * The agent loop: ask the model, carry out the tools it calls, answer with their results, until it says it is done
 * or a bound is reached. The conversation is only ever appended to, so the provider's cache and the proven bound of
 * the input both hold from call to call.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { frameTokensBound, messagesTokensBound } from '../core/input-bound.ts'
import { shareLeftMicroUsd } from '../core/meter.ts'
import type { PlanAgent } from '../core/plan.ts'
import type { Price } from '../core/price.ts'
import type { Message, Model, ModelAnswer } from './model.ts'
import type { Limit, Purse } from './purse.ts'
import { type StopReason, stopReason } from './stop.ts'
import type { ToolPlace } from './tools/tool.ts'
import { callTool, type ToolDefinition, toolDefinitions } from './tools/tools.ts'

/** Tries of one turn, each a call of its own on the meter. */
const CALL_TRIES_MAX = 4
const RETRY_WAIT_MS = 500
/** The same tools with the same arguments and the same results: after this many turns nothing new will come. */
const IDENTICAL_TURNS_MAX = 4
/** A call of one turn; more are answered with an error. */
const TOOL_CALLS_MAX = 16

const WRAP_UP =
  'The budget for this work is used up. Do not call tools. Say in a few sentences what you changed, what you checked and what is left to do.'

export interface AgentTask {
  readonly step: string
  readonly agent: PlanAgent
  readonly price: Price
  readonly systemText: string
  /** Basis points of the cap that this step may use. */
  readonly shareBasisPoints: number | undefined
  readonly turnsMax: number
}

export interface AgentParts {
  readonly model: Model
  readonly purse: Purse
  readonly place: ToolPlace
  readonly signal: AbortSignal
  onTurn(turn: { readonly number: number; readonly text: string; readonly tools: readonly string[] }): void
}

/** `answered`: it says it is done. All others end the step; its work stays in the workspace. */
export type AgentEnd = {
  readonly ended: 'answered' | 'cap' | 'share' | 'turns' | 'repeating' | 'model-failed' | StopReason
  /** What it said last. */
  readonly text: string
  readonly detail?: string | undefined
}

export class Conversation {
  readonly #task: AgentTask
  readonly #parts: AgentParts
  readonly #tools: ToolDefinition[]
  readonly #frameBound: number
  readonly #messages: Message[]
  /** What the provider reported for the first `count` messages; the bound goes on from there. */
  #known: { count: number; tokens: number } | undefined
  #turns = 0
  #lastText = ''
  #repeated = { turn: '', times: 0 }

  constructor(task: AgentTask, parts: AgentParts) {
    this.#task = task
    this.#parts = parts
    this.#tools = toolDefinitions(task.agent.tools)
    this.#frameBound = frameTokensBound(this.#tools)
    this.#messages = [{ role: 'system', content: task.systemText }]
  }

  get turns(): number {
    return this.#turns
  }

  /** Says something to the agent and lets it work until it answers without calling a tool. */
  async say(text: string): Promise<AgentEnd> {
    this.#messages.push({ role: 'user', content: text })
    while (this.#turns < this.#task.turnsMax) {
      const stop = stopReason(this.#parts.signal)
      if (stop !== undefined) return this.#end(stop)
      const answer = await this.#ask()
      if ('ended' in answer) return answer
      this.#turns += 1
      this.#lastText = answer.text === '' ? this.#lastText : answer.text
      const calls = answer.toolCalls
      this.#parts.onTurn({ number: this.#turns, text: answer.text, tools: calls.map(describeCall) })
      this.#messages.push(assistantMessage(answer))
      if (calls.length === 0) {
        if (!answer.cut) return this.#end('answered')
        this.#messages.push({
          role: 'user',
          content: 'Your answer was cut off at its length limit. Go on, in smaller pieces.',
        })
        continue
      }
      const results = await this.#callTools(answer)
      if (this.#isRepeating(answer, results)) return this.#end('repeating')
    }
    return this.#end('turns')
  }

  async #callTools(answer: Answer): Promise<string[]> {
    const results: string[] = []
    for (const [index, call] of answer.toolCalls.entries()) {
      const result =
        index < TOOL_CALLS_MAX
          ? await callTool(this.#task.agent.tools, call.name, call.argumentsJson, this.#parts.place)
          : `error: more than ${TOOL_CALLS_MAX} calls in one turn`
      results.push(result)
      this.#messages.push({ role: 'tool', tool_call_id: call.id, content: result })
    }
    return results
  }

  /** One turn: a call and, where it failed in a way that may pass, further tries. Each is reserved by itself. */
  async #ask(): Promise<Answer | AgentEnd> {
    let failure = ''
    for (let tries = 1; tries <= CALL_TRIES_MAX; tries += 1) {
      const answer = await this.#call(this.#messages, 'work')
      if ('limit' in answer) {
        if (answer.limit === 'stopped') return this.#stopped()
        return this.#wrapUp(answer.limit === 'share' ? 'share' : 'cap')
      }
      if (answer.kind === 'answer') return answer
      if (answer.kind === 'stopped') return this.#stopped()
      failure = answer.message
      if (answer.retryAfterMs === undefined) break
      const pause = Math.max(answer.retryAfterMs, RETRY_WAIT_MS * 2 ** (tries - 1))
      if (tries < CALL_TRIES_MAX) await wait(pause, undefined, { signal: this.#parts.signal }).catch(() => {})
      const stop = stopReason(this.#parts.signal)
      if (stop !== undefined) return this.#end(stop)
    }
    return this.#end('model-failed', failure)
  }

  /**
   * The turn that was kept back. It takes up the conversation as it stands if that fits, else as it stood at the
   * last call, whose input is known: that is what was reserved for.
   */
  async #wrapUp(limit: 'cap' | 'share'): Promise<AgentEnd> {
    const request: Message = { role: 'user', content: WRAP_UP }
    const prefixes = [this.#messages, this.#messages.slice(0, this.#known?.count ?? 0)].filter(
      (kept) => kept.length > 1,
    )
    for (const prefix of prefixes) {
      const answer = await this.#call([...prefix, request], 'wrap-up')
      if ('limit' in answer && answer.limit === 'stopped') return this.#stopped()
      if ('limit' in answer) continue
      if (answer.kind === 'answer' && answer.text !== '') this.#lastText = answer.text
      break
    }
    return this.#end(limit)
  }

  async #call(
    messages: readonly Message[],
    purpose: 'work' | 'wrap-up',
  ): Promise<ModelAnswer | { readonly limit: Limit }> {
    const task = this.#task
    const { purse } = this.#parts
    const bound = this.#inputBound(messages)
    const granted = await purse.reserve(task.step, task.agent.model, {
      price: task.price,
      inputTokensBound: bound,
      wrapUpInputTokensBound: bound + messagesTokensBound([{ role: 'user', content: WRAP_UP }]),
      shareLeftMicroUsd:
        task.shareBasisPoints === undefined
          ? undefined
          : shareLeftMicroUsd(purse.capMicroUsd, task.shareBasisPoints, purse.spentIn(task.step)),
      purpose,
    })
    if ('limit' in granted) return granted
    const answer = await this.#parts.model.call({
      agent: task.agent,
      messages,
      tools: this.#tools,
      outputTokensMax: granted.reservation.outputTokensMax,
      answerOnly: purpose === 'wrap-up',
      signal: this.#parts.signal,
    })
    const call = purse.post(granted, answer.outcome)
    if (purpose === 'work' && answer.outcome.kind === 'reported')
      this.#known = { count: messages.length, tokens: call.inputTokens }
    return answer
  }

  #inputBound(messages: readonly Message[]): number {
    const known = this.#known
    if (known === undefined || known.count > messages.length) return this.#frameBound + messagesTokensBound(messages)
    return known.tokens + messagesTokensBound(messages.slice(known.count))
  }

  #isRepeating(answer: Answer, results: readonly string[]): boolean {
    const turn = JSON.stringify([answer.toolCalls.map((call) => [call.name, call.argumentsJson]), results])
    this.#repeated = { turn, times: turn === this.#repeated.turn ? this.#repeated.times + 1 : 1 }
    return this.#repeated.times >= IDENTICAL_TURNS_MAX
  }

  #stopped(): AgentEnd {
    return this.#end(stopReason(this.#parts.signal) ?? 'cancelled')
  }

  #end(ended: AgentEnd['ended'], detail?: string): AgentEnd {
    return { ended, text: this.#lastText, detail }
  }
}

type Answer = Extract<ModelAnswer, { kind: 'answer' }>

function assistantMessage(answer: Answer): Message {
  if (answer.toolCalls.length === 0) return { role: 'assistant', content: answer.text }
  return {
    role: 'assistant',
    content: answer.text === '' ? null : answer.text,
    tool_calls: answer.toolCalls.map((call) => ({
      id: call.id,
      type: 'function',
      function: { name: call.name, arguments: call.argumentsJson },
    })),
  }
}

/** `run npm test`, for the log. */
function describeCall(call: Answer['toolCalls'][number]): string {
  try {
    const written: unknown = JSON.parse(call.argumentsJson)
    const first = typeof written === 'object' && written !== null ? Object.values(written)[0] : ''
    return `${call.name} ${String(first).split('\n')[0]?.slice(0, 100) ?? ''}`.trim()
  } catch {
    return call.name
  }
}
