/**
 * The agent loop: ask the model, carry out the tools it calls, answer with their results, until it says it is done
 * or a bound is reached. The conversation is only ever appended to, so the provider's cache and the proven bound of
 * the input both hold from call to call; where it becomes too long for the model it is made shorter, once.
 */
import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type Message, messageTokensBound } from '../../core/money/input-bound.ts'
import { USEFUL_OUTPUT_TOKENS_MIN } from '../../core/money/meter.ts'
import type { CheckpointConversation } from '../../core/session/checkpoint.ts'
import type { Said } from '../../core/session/session-event.ts'
import type { Answer, ModelAnswer, ToolDefinition } from '../model/model.ts'
import type { Limit } from '../money/purse.ts'
import { stopReason } from '../steps/stop.ts'
import { toolDefinitions } from '../tools/tools.ts'
import type { AgentEnd, AgentParts, AgentTask } from './agent-task.ts'
import { type AnswerFormat, answerFormat, askInWords, readStructured } from './answer-format.ts'
import { keptMessage, restoredMessage, toolCallsOf, turnsUsed } from './conversation-state.ts'
import { History } from './history.ts'
import { carryOutCalls, describeCall } from './tool-turn.ts'

/** Tries of one turn, each a call of its own on the meter. */
const CALL_TRIES_MAX = 4
const RETRY_WAIT_MS = 500
/** The same tools with the same arguments and the same results: after this many turns nothing new will come. */
const IDENTICAL_TURNS_MAX = 4
/** Answers without a word or a call, one after another. */
const EMPTY_ANSWERS_MAX = 2
/** Last answers that don't satisfy the step's schema: the first is given back to be mended. */
const UNFIT_ANSWERS_MAX = 2

const WRAP_UP: Message = {
  role: 'user',
  content:
    'The budget for this work is used up. Do not call tools. Say in a few sentences what you changed, what you checked and what is left to do.',
}
const WRAP_UP_TOKENS = messageTokensBound(WRAP_UP)
const GO_ON = 'Your answer was cut off at its length limit. Go on, in smaller pieces.'
const SAY_SOMETHING = 'Your answer was empty. Go on, or say what you did if you are done.'

export class Conversation {
  readonly #task: AgentTask
  readonly #parts: AgentParts
  readonly #tools: ToolDefinition[]
  readonly #format: AnswerFormat | undefined
  readonly #history: History
  /** What the tokens of a conversation depend on besides its messages, as a checkpoint names it. */
  readonly #request: string
  /** How many messages the last call had, whatever came of it: what was kept back allows a wrap-up of these. */
  #sent = 0
  #turns = 0
  #lastText = ''
  #repeated = { turn: '', times: 0 }
  /** In a row, and among the last answers of one `say`. */
  #empty = 0
  #unfit = 0

  /** `before`: the same conversation as a checkpoint has it. */
  constructor(task: AgentTask, parts: AgentParts, before?: CheckpointConversation) {
    const { output, systemText } = task
    const inWords = output !== undefined && !parts.model.takesFormat
    this.#task = task
    this.#parts = parts
    const more = (parts.more ?? []).map(({ definition }) => definition)
    this.#tools = [...toolDefinitions(task.agent.tools), ...more]
    this.#format = output === undefined || inWords ? undefined : answerFormat(task.step, output)
    const frame = this.#format === undefined ? this.#tools : [...this.#tools, this.#format]
    this.#history = new History(frame)
    const { model, effort = null } = task.agent
    this.#request = createHash('sha256')
      .update(JSON.stringify([parts.model.address, model, effort, frame]))
      .digest('hex')
    if (before === undefined) this.#tell('system', inWords ? `${systemText}\n\n${askInWords(output)}` : systemText)
    else this.#restore(before)
  }

  get #name(): string {
    return this.#task.conversation ?? this.#task.step
  }

  get turns(): number {
    return this.#turns
  }

  /** As it stands, for a checkpoint. */
  get state(): Omit<CheckpointConversation, 'step' | 'attempt'> {
    const { messages, counted } = this.#history
    return {
      turns: this.#turns,
      messages: messages.map(keptMessage),
      lastText: this.#lastText,
      ...(counted && { counted: { ...counted, request: this.#request } }),
    }
  }

  /** Says something to the agent and lets it work until it answers without calling a tool. */
  async say(text: string): Promise<AgentEnd> {
    this.#tell('user', text)
    return this.goOn()
  }

  /** Lets it work on what it was told last. Where it has answered that, and nobody has said more, it is done already. */
  async goOn(): Promise<AgentEnd> {
    this.#empty = 0
    this.#unfit = 0
    while (this.#turns < this.#task.turnsMax) {
      const stop = stopReason(this.#parts.signal)
      if (stop !== undefined) return this.#end(stop)
      const { rest, said } = this.#parts.meanwhile()
      if (rest) return this.#end('paused')
      for (const one of said) this.#hear(one)
      const end = this.#isAnswered() ? await this.#conclude() : await this.#turn()
      if (end !== undefined) return end
      await this.#task.betweenTurns?.()
    }
    return this.#end('turns')
  }

  async #turn(): Promise<AgentEnd | undefined> {
    const answer = await this.#ask()
    if ('ended' in answer) return answer
    this.#turns += 1
    this.#lastText = answer.text === '' ? this.#lastText : answer.text
    this.#parts.onTurn({ number: this.#turns, text: answer.text, tools: answer.toolCalls.map(describeCall) })
    this.#recordTurn(answer)
    return answer.toolCalls.length > 0 ? this.#work(answer) : this.#take(answer)
  }

  /** Carries out what the answer calls for. */
  async #work(answer: Answer): Promise<AgentEnd | undefined> {
    this.#empty = 0
    this.#history.append(answer.message)
    const results = await carryOutCalls(answer.toolCalls, this.#task.agent.tools, this.#parts.place, this.#parts.more)
    for (const [index, { id, name }] of answer.toolCalls.entries()) {
      const text = results[index] ?? ''
      this.#history.append({ role: 'tool', tool_call_id: id, content: text })
      this.#parts.record({ kind: 'tool-result', conversation: this.#name, callId: id, name, text })
    }
    const turn = JSON.stringify([answer.toolCalls.map((call) => [call.name, call.argumentsJson]), results])
    this.#repeated = { turn, times: turn === this.#repeated.turn ? this.#repeated.times + 1 : 1 }
    return this.#repeated.times >= IDENTICAL_TURNS_MAX ? this.#end('repeating') : undefined
  }

  /** An answer that calls for nothing: the last one, unless it is cut off, empty or refused. */
  async #take(answer: Answer): Promise<AgentEnd | undefined> {
    if (answer.refused) return this.#end('refused', answer.text)
    if (answer.text !== '') this.#history.append(answer.message)
    if (answer.cut) return this.#tell('user', GO_ON)
    if (answer.text !== '') return this.#conclude()
    this.#empty += 1
    if (this.#empty < EMPTY_ANSWERS_MAX) return this.#tell('user', SAY_SOMETHING)
    return this.#end('model-failed', `the model’s answer was empty ${EMPTY_ANSWERS_MAX} times in a row`)
  }

  /** It is done if what it said last is what the task asks for. */
  async #conclude(): Promise<AgentEnd | undefined> {
    const { output } = this.#task
    if (output === undefined) return this.#end('answered')
    const read = await readStructured(output, this.#lastText)
    // Later steps read it as JSON, whatever the model put around it.
    if ('value' in read) return { ...this.#end('answered'), text: JSON.stringify(read.value), value: read.value }
    this.#unfit += 1
    if (this.#unfit >= UNFIT_ANSWERS_MAX) return this.#end('unfit', read.problem)
    return this.#tell(
      'user',
      `Your answer does not satisfy the schema: ${read.problem}\nAnswer again with the JSON document alone.`,
    )
  }

  /** One turn: a call and, where it failed in a way that may pass, further tries. Each is reserved by itself. */
  async #ask(): Promise<Answer | AgentEnd> {
    let failure = ''
    for (let tries = 1; tries <= CALL_TRIES_MAX; tries += 1) {
      if (this.#isContextFull() && !this.#shorten()) return this.#end('context')
      const answer = await this.#call('work', this.#history.length)
      if ('limit' in answer) {
        if (answer.limit === 'stopped') return this.#stopped()
        if (answer.limit === 'overage') return this.#end('overage')
        return this.#wrapUp(answer.limit === 'share' ? 'share' : 'cap')
      }
      if (answer.kind === 'answer') return answer
      if (answer.kind === 'stopped') return this.#stopped()
      failure = answer.message
      if (answer.overflow) {
        if (!this.#shorten()) return this.#end('context', failure)
        continue
      }
      if (answer.retryAfterMs === undefined) break
      const pause = Math.max(answer.retryAfterMs, RETRY_WAIT_MS * 2 ** (tries - 1))
      if (tries < CALL_TRIES_MAX) {
        this.#parts.onRetry(failure, pause)
        await wait(pause, undefined, { signal: this.#parts.signal }).catch(() => {})
      }
      const stop = stopReason(this.#parts.signal)
      if (stop !== undefined) return this.#end(stop)
    }
    return this.#end('model-failed', failure)
  }

  /** Whether an answer of use would no longer fit beside the conversation, where the model's context is declared. */
  #isContextFull(): boolean {
    const { contextTokens } = this.#task.agent
    return contextTokens !== undefined && this.#history.tokensGuess + USEFUL_OUTPUT_TOKENS_MIN > contextTokens
  }

  /**
   * The turn that was kept back. It takes up the conversation as it stands if that fits, else as it stood at the
   * last call: that is what was reserved for. Where no call was made, there is nothing to say.
   */
  async #wrapUp(limit: 'cap' | 'share'): Promise<AgentEnd> {
    const counts = this.#sent === 0 ? [] : new Set([this.#history.length, this.#sent])
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
    const { agent, price, step, shareLeftMicroUsd } = this.#task
    const { purse } = this.#parts
    const bound = this.#history.boundUpTo(count)
    const isWrapUp = purpose === 'wrap-up'
    const granted = await purse.reserve(step, agent.model, {
      price,
      inputTokensBound: isWrapUp ? bound + WRAP_UP_TOKENS : bound,
      wrapUpInputTokensBound: bound + WRAP_UP_TOKENS,
      outputTokensRoom: this.#outputRoom(),
      shareLeftMicroUsd: shareLeftMicroUsd(),
      purpose,
    })
    if ('limit' in granted) return granted
    const messages = this.#history.messages.slice(0, count)
    const answer = await this.#parts.model.call({
      agent,
      messages: isWrapUp ? [...messages, WRAP_UP] : messages,
      tools: this.#tools,
      format: isWrapUp ? undefined : this.#format,
      outputTokensMax: granted.reservation.outputTokensMax,
      answerOnly: isWrapUp,
      signal: this.#parts.signal,
    })
    purse.post(granted, answer.outcome)
    if (isWrapUp) return answer
    this.#sent = count
    if (answer.outcome.kind === 'reported') this.#history.learn(count, answer.outcome.usage.inputTokens)
    return answer
  }

  /** Some providers refuse a call whose input and output limit together pass the model's context. */
  #outputRoom(): number | undefined {
    const { contextTokens } = this.#task.agent
    if (contextTokens === undefined) return undefined
    return Math.max(contextTokens - this.#history.tokensGuess, USEFUL_OUTPUT_TOKENS_MIN)
  }

  #shorten(): boolean {
    const note = this.#history.shorten()
    if (note === undefined) return false
    this.#parts.record({ kind: 'told', conversation: this.#name, role: 'user', text: note, afresh: true })
    this.#sent = this.#history.length
    return true
  }

  #restore(before: CheckpointConversation): void {
    for (const message of before.messages) this.#history.append(restoredMessage(message))
    this.#turns = turnsUsed(before, this.#task.turnsMax)
    this.#lastText = before.lastText
    if (before.counted === undefined || before.counted.messages > this.#history.length) return
    const { messages, inputTokens, request } = before.counted
    this.#sent = messages
    // What was counted for another request is no bound of this one: then its bytes are.
    if (request === this.#request) this.#history.learn(messages, inputTokens)
  }

  #tell(role: 'system' | 'user', text: string): undefined {
    this.#history.append({ role, content: text })
    this.#parts.record({ kind: 'told', conversation: this.#name, role, text })
  }

  #hear(said: Said): void {
    this.#parts.record({ kind: 'said', conversation: this.#name, said })
    this.#tell('user', `Somebody who follows this work says: ${said.text}`)
  }

  #isAnswered(): boolean {
    const last = this.#history.messages.at(-1)
    return last?.role === 'assistant' && toolCallsOf(last).length === 0
  }

  #recordTurn({ text, toolCalls, cut, refused }: Answer, isWrapUp = false): void {
    this.#parts.record({
      kind: 'turn',
      conversation: this.#name,
      number: isWrapUp ? this.#turns + 1 : this.#turns,
      text,
      toolCalls: [...toolCalls],
      ...(cut && { lengthReached: true as const }),
      ...(refused && { refused: true as const }),
      ...(isWrapUp && { wrapUp: true as const }),
    })
  }

  #stopped(): AgentEnd {
    return this.#end(stopReason(this.#parts.signal) ?? 'cancelled')
  }

  #end(ended: AgentEnd['ended'], detail?: string): AgentEnd {
    return { ended, text: this.#lastText, detail }
  }
}
