/** A run's log read back: what it was asked to do, and each model call with the messages that it was sent and the answer. */
import { readFileSync, statSync } from 'node:fs'
import { z } from 'zod'
import { compact } from '../../action/agent/compact.ts'
import { assistantMessage } from '../../action/agent/conversation-state.ts'
import type { Call } from '../../core/money/call.ts'
import type { Message } from '../../core/money/input-bound.ts'
import { MASK } from '../../core/redact.ts'
import { type Said, type SessionEvent, sessionEventSchema } from '../../core/session/session-event.ts'

const RECORDING_BYTES_MAX = 100_000_000

type Of<Kind extends SessionEvent['kind']> = Extract<SessionEvent, { kind: Kind }>

export interface RecordedCall {
  readonly conversation: string
  readonly turn: Of<'turn'>
  readonly messages: readonly Message[]
  readonly agent: Pick<Of<'step-started'>, 'model' | 'effort' | 'tools'>
  /** What the provider said that it used. */
  readonly usage: Call | undefined
  /** The conversation was made shorter just before it. */
  readonly isShortened: boolean
  /** What people said just before it, which is among the messages. */
  readonly said: readonly Said[]
}

export interface RecordedRun {
  readonly start: Of<'run-started'>
  readonly calls: readonly RecordedCall[]
  /** What tools answered, in their order. */
  readonly toolResults: readonly Pick<Of<'tool-result'>, 'name' | 'text'>[]
  /** Something was taken out of what the model asked its tools for, so they may be given something else than then. */
  readonly isRedacted: boolean
  /** Absent of a run that was killed. */
  readonly end: Of<'ended'> | undefined
}

/** The run, or in words why it can't be played again. */
export function readRecording(file: string): RecordedRun | { readonly problem: string } {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat?.isFile()) return { problem: `There is no recorded run ${file}.` }
  if (stat.size > RECORDING_BYTES_MAX)
    return { problem: `${file} has ${stat.size} bytes, too many for a recorded run.` }
  const lines = readFileSync(file, 'utf8').split('\n')
  // A killed process may have left half a line.
  const last = lines.pop() ?? ''
  const events: SessionEvent[] = []
  for (const [index, line] of lines.entries()) {
    const event = parseLine(line)
    if ('problem' in event) return { problem: `${file}:${index + 1}: ${event.problem}` }
    events.push(event)
  }
  const torn = last === '' ? undefined : parseLine(last)
  return recordedRun(torn === undefined || 'problem' in torn ? events : [...events, torn])
}

function parseLine(line: string): SessionEvent | { readonly problem: string } {
  try {
    const parsed = z.safeDecode(sessionEventSchema, JSON.parse(line))
    return parsed.success ? parsed.data : { problem: `no event: ${z.prettifyError(parsed.error).slice(0, 300)}` }
  } catch {
    return { problem: 'no JSON' }
  }
}

export function recordedRun(events: readonly SessionEvent[]): RecordedRun | { readonly problem: string } {
  const [start] = events
  if (start?.kind !== 'run-started') return { problem: 'The log does not begin with the beginning of a run.' }
  const gap = events.findIndex(({ sequence }, index) => sequence !== index)
  if (gap >= 0) return { problem: `The log lacks the event ${gap}.` }
  if (start.resumed !== undefined) {
    return { problem: 'The run went on from a checkpoint, so its beginning is in another log; play that one.' }
  }
  const cut = events.find((event) => event.cut)
  if (cut !== undefined) return { problem: `Event ${cut.sequence} (${cut.kind}) was too long to be recorded whole.` }
  const reader = new CallReader()
  for (const event of events) reader.read(event)
  const end = events.findLast((event) => event.kind === 'ended')
  const toolResults = events.filter((event) => event.kind === 'tool-result')
  const isRedacted = reader.calls.some(({ turn }) =>
    turn.toolCalls.some(({ argumentsJson }) => argumentsJson.includes(MASK)),
  )
  return { start, calls: reader.calls, toolResults, isRedacted, end }
}

/** Builds up each conversation as the run did. */
class CallReader {
  readonly calls: RecordedCall[] = []
  readonly #messages = new Map<string, Message[]>()
  /** By conversation; a delegate's begins with an event of its own. */
  readonly #agents = new Map<string, RecordedCall['agent']>()
  #usage: Call | undefined
  #isShortened = false
  #said: Said[] = []

  read(event: SessionEvent): void {
    switch (event.kind) {
      case 'step-started':
        this.#agents.set(event.step, { model: event.model, effort: event.effort, tools: event.tools })
        break
      case 'told':
        if (event.afresh) this.#shorten(event.conversation)
        else this.#append(event.conversation, { role: event.role, content: event.text })
        break
      case 'said':
        this.#said.push(event.said)
        break
      case 'usage':
        this.#usage = event.call
        break
      case 'turn':
        this.#turn(event)
        break
      case 'tool-result':
        this.#append(event.conversation, { role: 'tool', tool_call_id: event.callId, content: event.text })
        break
    }
  }

  #turn(turn: Of<'turn'>): void {
    const { conversation, text, toolCalls } = turn
    const messages = [...(this.#messages.get(conversation) ?? [])]
    const [agent, usage, isShortened, said] = [
      this.#agents.get(conversation) ?? {},
      this.#usage,
      this.#isShortened,
      this.#said,
    ]
    this.calls.push({ conversation, turn, messages, agent, usage, isShortened, said })
    this.#usage = undefined
    this.#isShortened = false
    this.#said = []
    const isKept = !turn.wrapUp && (text !== '' || toolCalls.length > 0)
    if (isKept) this.#append(conversation, assistantMessage(text, toolCalls))
  }

  #append(conversation: string, message: Message): void {
    const messages = this.#messages.get(conversation) ?? []
    this.#messages.set(conversation, [...messages, message])
  }

  #shorten(conversation: string): void {
    const shorter = compact(this.#messages.get(conversation) ?? [])
    if (shorter !== undefined) this.#messages.set(conversation, [...shorter.messages])
    this.#isShortened = true
  }
}
