/**
 * A conversation that has become too long for its model, made short: what was asked stays, the newest turns stay, and of
 * the turns between it only remains which tools were called and how that ended. No model is asked for it, so it costs
 * nothing and is the same in every run.
 */
import type { Message } from '../../core/money/input-bound.ts'
import { cutText } from '../tools/cut.ts'
import { textOf, toolCallsOf } from './conversation-state.ts'

/** Of the conversation as it was, in characters, that the newest turns may keep. */
const KEPT_PART = 4
/** Of one call and its result, in the list. */
const CALL_CHARACTERS_MAX = 120
const RESULT_CHARACTERS_MAX = 160
const SAID_CHARACTERS_MAX = 300
const LIST_CHARACTERS_MAX = 12_000

/** `undefined` where there is nothing to leave out. The first two messages are the system's and the task. */
export function compact(
  messages: readonly Message[],
): { readonly messages: Message[]; readonly note: string } | undefined {
  const turns = turnsOf(messages.slice(2))
  const room = messages.reduce((sum, message) => sum + charactersOf(message), 0) / KEPT_PART
  const newest = newestTurns(turns, room)
  const [last] = turns.slice(-1)
  if (last === undefined || newest.length === turns.length) return undefined
  // What the last results say, the model has not seen yet.
  const kept = newest.length > 0 ? newest : [withCutResults(last, room)]
  const left = turns.slice(0, turns.length - kept.length)
  const list = cutText(left.flatMap((turn) => turn.flatMap(describe)).join('\n'), LIST_CHARACTERS_MAX)
  const note = `The conversation became too long, so earlier turns were left out. Files are as you changed them. What happened:\n${list}`
  return { messages: [...messages.slice(0, 2), { role: 'user', content: note }, ...kept.flat()], note }
}

function withCutResults(turn: readonly Message[], room: number): Message[] {
  const results = turn.filter(({ role }) => role === 'tool').length
  const charactersMax = Math.max(RESULT_CHARACTERS_MAX, Math.floor(room / Math.max(1, results)))
  return turn.map((message) =>
    message.role === 'tool' ? { ...message, content: cutText(message.content, charactersMax) } : message,
  )
}

/** An answer and all that followed until the next one. */
function turnsOf(messages: readonly Message[]): Message[][] {
  const turns: Message[][] = []
  for (const message of messages) {
    const last = turns.at(-1)
    if (message.role === 'assistant' || last === undefined) turns.push([message])
    else last.push(message)
  }
  return turns
}

/** As many whole turns from the end as have room; none where the last one alone is too long. */
function newestTurns(turns: readonly Message[][], charactersMax: number): Message[][] {
  let room = charactersMax
  let from = turns.length
  while (from > 0) {
    room -= (turns[from - 1] ?? []).reduce((sum, message) => sum + charactersOf(message), 0)
    if (room < 0) break
    from -= 1
  }
  return turns.slice(from)
}

function charactersOf(message: Message): number {
  return JSON.stringify(message).length
}

function describe(message: Message): string[] {
  const line = (text: string, charactersMax: number) => cutText(text.replaceAll(/\s+/g, ' ').trim(), charactersMax)
  if (message.role === 'tool') return [`  ${line(message.content, RESULT_CHARACTERS_MAX)}`]
  if (message.role !== 'assistant') return [`- asked: ${line(message.content, SAID_CHARACTERS_MAX)}`]
  const said = textOf(message)
  return [
    ...(said === '' ? [] : [`- said: ${line(said, SAID_CHARACTERS_MAX)}`]),
    ...toolCallsOf(message).map((call) => `- ${line(`${call.name} ${call.argumentsJson}`, CALL_CHARACTERS_MAX)}`),
  ]
}
