/**
 * A model that answers as it was recorded, as long as it is asked what was asked then. At the first request that differs it
 * notes how, and the run ends: what would come of another question nobody knows.
 */
import { assistantMessage } from '../../action/agent/conversation-state.ts'
import type { Meantime } from '../../action/door/meantime.ts'
import type { Model, ModelAnswer, ModelRequest } from '../../action/model/model.ts'
import { lineDifference } from '../../core/line-difference.ts'
import { maskedText, sameMasked } from '../../core/masked-text.ts'
import type { Message } from '../../core/money/input-bound.ts'
import type { CallOutcome } from '../../core/money/meter.ts'
import type { RecordedCall, RecordedRun } from './recorded-run.ts'

export interface Departure {
  /** Counted from 1, over the whole run. */
  readonly call: number
  /** Where the recording is; absent where it has no further call. */
  readonly step?: string | undefined
  readonly turn?: number | undefined
  /** What differs, in words. */
  readonly what: string
  /** `- ` what was recorded, `+ ` what it is now. */
  readonly difference: readonly string[]
}

export interface ReplayModel extends Model {
  readonly answered: number
  readonly departure: Departure | undefined
}

const UNBILLED: CallOutcome = { kind: 'unbilled' }

/** `stop` ends the run. What people said is said again where it was said then. */
export function replayModel({ calls }: RecordedRun, meantime: Meantime, stop: () => void): ReplayModel {
  let answered = 0
  let departure: Departure | undefined
  const sayBefore = (call: RecordedCall | undefined) => meantime.hear(call?.said ?? [])
  const end = (): ModelAnswer => {
    stop()
    return { kind: 'stopped', outcome: UNBILLED }
  }
  sayBefore(calls[0])
  return {
    takesFormat: true,
    address: 'replay:',
    get answered() {
      return answered
    },
    get departure() {
      return departure
    },
    async call(request) {
      const recorded = calls[answered]
      if (recorded === undefined) {
        departure ??= { call: answered + 1, what: 'a further model call', difference: lastMessage(request) }
        return end()
      }
      // The provider had no room for the conversation; the next request has to be shorter.
      if (recorded.isShortened && request.messages.length > recorded.messages.length) return overflow()
      const differs = compare(recorded, request)
      if (differs !== undefined) {
        const { conversation: step, turn } = recorded
        departure ??= { call: answered + 1, step, turn: turn.number, ...differs }
        return end()
      }
      answered += 1
      sayBefore(calls[answered])
      return answerOf(recorded)
    },
  }
}

function answerOf({ turn, usage }: RecordedCall): ModelAnswer {
  const { text, toolCalls, lengthReached, refused } = turn
  const message = assistantMessage(text, toolCalls)
  const outcome: CallOutcome = usage?.usage === 'reported' ? { kind: 'reported', usage } : { kind: 'unknown' }
  const [cut, isRefused] = [lengthReached === true, refused === true]
  return { kind: 'answer', text, toolCalls, cut, refused: isRefused, message, outcome }
}

function overflow(): ModelAnswer {
  return { kind: 'failed', message: 'as recorded: too long', retryAfterMs: 0, overflow: true, outcome: UNBILLED }
}

type Differs = Pick<Departure, 'what' | 'difference'> | undefined

function compare({ agent, messages, turn }: RecordedCall, request: ModelRequest): Differs {
  const now = request.agent
  const tools = request.tools.map((tool) => tool.function.name).join(', ')
  return (
    differing('the model', agent.model ?? '', now.model) ??
    differing('the effort', agent.effort ?? '', now.effort ?? '') ??
    differing('the agent’s tools', (agent.tools ?? []).join(', '), tools) ??
    differing('that the budget is used up', String(turn.wrapUp === true), String(request.answerOnly)) ??
    // A request to wrap up is the same conversation and a sentence of Purser’s own.
    (turn.wrapUp ? undefined : compareMessages(messages, request.messages))
  )
}

function compareMessages(recorded: readonly Message[], now: readonly Message[]): Differs {
  for (let at = 0; at < Math.max(recorded.length, now.length); at += 1) {
    const [before, after] = [recorded[at], now[at]]
    const what = wordsFor(after ?? before, at)
    const [was, is] = [shown(before), shown(after)]
    if (!sameMasked(was, is)) return { what, difference: lineDifference(maskedText(was), maskedText(is)) }
  }
  return undefined
}

function differing(what: string, recorded: string, now: string): Differs {
  return recorded === now ? undefined : { what, difference: lineDifference(recorded, now) }
}

function wordsFor(message: Message | undefined, at: number): string {
  switch (message?.role) {
    case 'system':
      return 'the agent’s system text'
    case 'user':
      return at === 1 ? 'the agent’s task' : 'what the agent is told'
    case 'tool':
      return 'what a tool answered'
    default:
      return 'the conversation'
  }
}

function shown(message: Message | undefined): string {
  if (message === undefined) return ''
  if (message.role === 'assistant') return JSON.stringify(message)
  return message.content
}

function lastMessage({ messages }: ModelRequest): string[] {
  return lineDifference('', shown(messages.at(-1)))
}
