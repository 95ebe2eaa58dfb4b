/** The log's events and the checkpoint: what travels between a runner, its files and the App. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { eventsAnswerSchema, eventsBodySchema } from '../../../core/run/protocol.ts'
import { type Checkpoint, checkpointSchema } from '../../../core/session/checkpoint.ts'
import { EVENT_TEXT_CHARACTERS_MAX, EVENTS_BATCH_MAX } from '../../../core/session/event-bounds.ts'
import { sessionEventSchema } from '../../../core/session/session-event.ts'

const headSha = 'a'.repeat(40)
const turn = { sequence: 3, atMs: 1200, kind: 'turn', conversation: 'tests', number: 1, text: 'Done', toolCalls: [] }
const body = { sequence: 1, spentMicroUsd: '10', wantMicroUsd: '20' }

const checkpoint: Checkpoint = {
  version: 1,
  workflow: 'refactor+tests',
  changeset: { baseSha: headSha, files: [] },
  left: [],
  steps: [],
  conversation: {
    step: 'tests',
    attempt: 1,
    turns: 1,
    messages: [
      { role: 'system', text: 'You are careful.' },
      { role: 'assistant', text: '', toolCalls: [{ id: '1', name: 'read', argumentsJson: '{"path":' }] },
      { role: 'tool', callId: '1', text: 'error: the arguments are not JSON' },
    ],
    lastText: '',
  },
  commandsRun: 2,
  spentMicroUsd: 123_456_789_012n,
}

describe('a session’s events', () => {
  it('come out of JSON as they went in, amounts exact', () => {
    const ended = {
      sequence: 9,
      atMs: 5,
      kind: 'ended' as const,
      conclusion: 'cancelled' as const,
      reason: 'paused' as const,
      message: 'Rests.',
      spentMicroUsd: 999_999_999_999_999_999n,
    }
    const wire: unknown = JSON.parse(JSON.stringify(z.encode(sessionEventSchema, ended)))
    expect(sessionEventSchema.parse(wire)).toEqual(ended)
  })

  it.each([
    ['an unknown kind', { ...turn, kind: 'gossip' }],
    ['no number', { ...turn, sequence: undefined }],
    ['a text beyond its bound', { ...turn, text: 'x'.repeat(EVENT_TEXT_CHARACTERS_MAX + 1) }],
    [
      'more tool calls than a turn may have',
      { ...turn, toolCalls: Array(65).fill({ id: '', name: '', argumentsJson: '' }) },
    ],
  ])('with %s are refused', (_, event) => {
    expect(sessionEventSchema.safeParse(event).success).toBe(false)
  })

  it('have no place for who asked or said something: what is not declared is dropped', () => {
    const said = { ...turn, kind: 'said', said: { id: '1', text: 'Mind the cents', author: 'hubot' }, login: 'hubot' }
    expect(JSON.stringify(sessionEventSchema.parse(said))).not.toContain('hubot')
  })

  it('travel in batches of a bounded size, beside a heartbeat that may have none', () => {
    const batch = (length: number) => eventsBodySchema.safeParse({ ...body, events: Array(length).fill(turn) }).success
    expect([batch(EVENTS_BATCH_MAX), batch(EVENTS_BATCH_MAX + 1)]).toEqual([true, false])
    expect(eventsBodySchema.parse(body).events).toBeUndefined()
    expect(eventsAnswerSchema.parse({ continue: true, drawnMicroUsd: '1' })).not.toHaveProperty('pause')
  })
})

describe('a checkpoint', () => {
  it('comes out of JSON as it went in', () => {
    const wire: unknown = JSON.parse(JSON.stringify(z.encode(checkpointSchema, checkpoint)))
    expect(checkpointSchema.parse(wire)).toEqual(checkpoint)
  })

  it('is refused where a message is of no known role', () => {
    const wire = z.encode(checkpointSchema, checkpoint)
    const conversation = { ...wire.conversation, messages: [{ role: 'developer', text: '' }] }
    expect(checkpointSchema.safeParse({ ...wire, conversation }).success).toBe(false)
  })
})
