/**
 * The agent loop: ask the model, carry out the tools it calls, answer with their results, until it says it is done
 * or a bound is reached. The conversation is only ever appended to, so the provider's cache and the proven bound of
 * the input both hold from call to call.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { CheckpointConversation } from '../core/checkpoint.ts'
import { ConversationBound, type Message, messageTokensBound } from '../core/input-bound.ts'
import { shareLeftMicroUsd } from '../core/meter.ts'
import type { PlanAgent } from '../core/plan.ts'
import type { Price } from '../core/price.ts'
import type { Said } from '../core/session-event.ts'
import { assistantMessage, keptMessage, restoredMessage } from './conversation-state.ts'
import type { Model, ModelAnswer } from './model.ts'
import type { Limit, Purse } from './purse.ts'
import type { Recorded } from './recording.ts'
import { type StopReason, stopReason } from './stop.ts'
import type { ToolDefinition } from './tools/definitions.ts'
import type { ToolPlace } from './tools/tool.ts'
import { callTool, toolDefinitions } from './tools/tools.ts'

/** Tries of one turn, each a call of its own on the meter. */
const CALL_TRIES_MAX = 4
const RETRY_WAIT_MS = 500
/** The same tools with the same arguments and the same results: after this many turns nothing new will come. */
const IDENTICAL_TURNS_MAX = 4
/** A call of one turn; more are answered with an error. */
const TOOL_CALLS_MAX = 16

const WRAP_UP: Message = {
  role: 'user',
  content:
    'The budget for this work is used up. Do not call tools. Say in a few sentences what you changed, what you checked and what is left to do.',
}
const WRAP_UP_TOKENS = messageTokensBound(WRAP_UP)

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
    | 'model-failed'
    | 'paused'
    | StopReason
  /** What it said last. */
  readonly text: string
  readonly detail?: string | undefined
}

export class Conversation {
  readonly #task: AgentTask
  readonly #parts: AgentParts
  readonly #tools: ToolDefinition[]
  readonly #bound: ConversationBound
  readonly #messages: Message[] = []
  /** How many messages the last call had, whatever came of it: what was kept back allows a wrap-up of these. */
  #sent = 0
  #turns = 0
  #lastText = ''
  #repeated = { turn: '', times: 0 }
  /** What the provider counted, and for how many messages. */
  #counted: CheckpointConversation['counted']

  /** `before`: the same conversation as a checkpoint has it. */
  constructor(task: AgentTask, parts: AgentParts, before?: CheckpointConversation) {
    this.#task = task
    this.#parts = parts
    this.#tools = toolDefinitions(task.agent.tools)
    this.#bound = new ConversationBound(this.#tools)
    if (before === undefined) this.#tell('system', task.systemText)
    else this.#restore(before)
  }

  get turns(): number {
    return this.#turns
  }

  /** As it stands, for a checkpoint. */
  get state(): Omit<CheckpointConversation, 'step' | 'attempt'> {
    return {
      turns: this.#turns,
      messages: this.#messages.map(keptMessage),
      lastText: this.#lastText,
      ...(this.#counted && { counted: this.#counted }),
    }
  }

  /** Says something to the agent and lets it work until it answers without calling a tool. */
  async say(text: string): Promise<AgentEnd> {
    this.#tell('user', text)
    return this.goOn()
  }

  /** Lets it work on what it was told last. Where it has answered that, and nobody has said more, it is done already. */
  async goOn(): Promise<AgentEnd> {
    while (this.#turns < this.#task.turnsMax) {
      const stop = stopReason(this.#parts.signal)
      if (stop !== undefined) return this.#end(stop)
      const { rest, said } = this.#parts.meanwhile()
      if (rest) return this.#end('paused')
      for (const one of said) this.#hear(one)
      if (this.#isAnswered()) return this.#end('answered')
      const answer = await this.#ask()
      if ('ended' in answer) return answer
      this.#turns += 1
      this.#lastText = answer.text === '' ? this.#lastText : answer.text
      const calls = answer.toolCalls
      this.#parts.onTurn({ number: this.#turns, text: answer.text, tools: calls.map(describeCall) })
      this.#append(assistantMessage(answer))
      this.#recordTurn(answer)
      if (calls.length === 0) {
        if (!answer.cut) return this.#end('answered')
        this.#tell('user', 'Your answer was cut off at its length limit. Go on, in smaller pieces.')
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
      this.#append({ role: 'tool', tool_call_id: call.id, content: result })
      const { step } = this.#task
      this.#parts.record({ kind: 'tool-result', conversation: step, callId: call.id, name: call.name, text: result })
    }
    return results
  }

  /** One turn: a call and, where it failed in a way that may pass, further tries. Each is reserved by itself. */
  async #ask(): Promise<Answer | AgentEnd> {
    let failure = ''
    for (let tries = 1; tries <= CALL_TRIES_MAX; tries += 1) {
      const answer = await this.#call('work', this.#messages.length)
      if ('limit' in answer) {
        if (answer.limit === 'stopped') return this.#stopped()
        if (answer.limit === 'overage') return this.#end('overage')
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
   * last call: that is what was reserved for. Where no call was made, there is nothing to say.
   */
  async #wrapUp(limit: 'cap' | 'share'): Promise<AgentEnd> {
    const counts = this.#sent === 0 ? [] : new Set([this.#messages.length, this.#sent])
    for (const count of counts) {
      const answer = await this.#call('wrap-up', count)
      if ('limit' in answer && answer.limit === 'stopped') return this.#stopped()
      if ('limit' in answer) continue
      if (answer.kind === 'answer' && answer.text !== '') this.#lastText = answer.text
      if (answer.kind === 'answer') this.#recordTurn(answer, true)
      break
    }
    return this.#end(limit)
  }

  /** Sends the first `count` messages, and for a wrap-up the request for it. */
  async #call(purpose: 'work' | 'wrap-up', count: number): Promise<ModelAnswer | { readonly limit: Limit }> {
    const task = this.#task
    const { purse } = this.#parts
    const bound = this.#bound.upTo(count)
    const isWrapUp = purpose === 'wrap-up'
    const granted = await purse.reserve(task.step, task.agent.model, {
      price: task.price,
      inputTokensBound: isWrapUp ? bound + WRAP_UP_TOKENS : bound,
      wrapUpInputTokensBound: bound + WRAP_UP_TOKENS,
      shareLeftMicroUsd:
        task.shareBasisPoints === undefined
          ? undefined
          : shareLeftMicroUsd(purse.capMicroUsd, task.shareBasisPoints, purse.spentIn(task.step)),
      purpose,
    })
    if ('limit' in granted) return granted
    const messages = this.#messages.slice(0, count)
    const answer = await this.#parts.model.call({
      agent: task.agent,
      messages: isWrapUp ? [...messages, WRAP_UP] : messages,
      tools: this.#tools,
      outputTokensMax: granted.reservation.outputTokensMax,
      answerOnly: isWrapUp,
      signal: this.#parts.signal,
    })
    purse.post(granted, answer.outcome)
    if (isWrapUp) return answer
    this.#sent = count
    if (answer.outcome.kind === 'reported')
      this.#learn({ messages: count, inputTokens: answer.outcome.usage.inputTokens })
    return answer
  }

  #learn(counted: NonNullable<CheckpointConversation['counted']>): void {
    this.#counted = counted
    this.#bound.learn(counted.messages, counted.inputTokens)
  }

  /** An agent that had used all its turns gets them anew: whoever resumes it asks for more. */
  #restore(before: CheckpointConversation): void {
    for (const message of before.messages) this.#append(restoredMessage(message))
    this.#turns = before.turns < this.#task.turnsMax ? before.turns : 0
    this.#lastText = before.lastText
    if (before.counted === undefined || before.counted.messages > this.#messages.length) return
    this.#sent = before.counted.messages
    this.#learn(before.counted)
  }

  #tell(role: 'system' | 'user', text: string): void {
    this.#append({ role, content: text })
    this.#parts.record({ kind: 'told', conversation: this.#task.step, role, text })
  }

  #hear(said: Said): void {
    this.#parts.record({ kind: 'said', conversation: this.#task.step, said })
    this.#tell('user', `Somebody who follows this work says: ${said.text}`)
  }

  #isAnswered(): boolean {
    const last = this.#messages.at(-1)
    return last?.role === 'assistant' && last.tool_calls === undefined
  }

  #recordTurn({ text, toolCalls, cut }: Answer, wrapUp = false): void {
    const more = { ...(cut && { lengthReached: true as const }), ...(wrapUp && { wrapUp: true as const }) }
    const number = wrapUp ? this.#turns + 1 : this.#turns
    this.#parts.record({
      kind: 'turn',
      conversation: this.#task.step,
      number,
      text,
      toolCalls: [...toolCalls],
      ...more,
    })
  }

  #append(message: Message): void {
    this.#messages.push(message)
    this.#bound.append(message)
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
