import { describe, expect, test } from 'vitest'
import { accessFor } from '../../../core/command/session-verb.ts'
import type { Plan } from '../../../core/plan/plan.ts'
import type { Checkpoint } from '../../../core/session/checkpoint.ts'
import { fitCheckpoint, isResumable, refuseResume } from '../../../core/session/going-on.ts'

const [BASE, HEAD] = ['a'.repeat(40), 'b'.repeat(40)]
const steps = ['before', 'tidy'].map((id) => ({
  id,
  run: 'npm test',
  'on-failure': 'stop' as const,
  'timeout-minutes': 1,
}))

function plan(changes: Partial<Plan> = {}, headSha = BASE): Plan {
  return {
    version: 1,
    workflow: 'tidy',
    portfolio: 'chores',
    subject: { kind: 'pull-request', repository: 'acme/shop', headSha },
    inputs: {},
    setup: undefined,
    steps,
    agents: {},
    guards: {},
    deliver: 'commit',
    prices: {},
    capMicroUsd: 1n,
    timeoutMinutes: 1,
    ...changes,
  }
}

function finished(id: string): Checkpoint['steps'][number] {
  return { report: { id, kind: 'run', ok: true, turns: 0, attempts: 1, spentMicroUsd: 0n, summary: '' }, output: '' }
}

const conversation = { step: 'tidy', attempt: 1, turns: 0, messages: [], lastText: '' }
const file = { path: 'a.js', mode: '100644' as const, addedLines: 1, deletedLines: 0 }
const checkpoint: Checkpoint = {
  version: 1,
  workflow: 'tidy',
  changeset: { baseSha: BASE, files: [file] },
  left: [],
  steps: [finished('before')],
  conversation,
  commandsRun: 3,
  spentMicroUsd: 5n,
}
const whole = { ...checkpoint, steps: [finished('before'), finished('tidy')] }

describe('a checkpoint as the next run starts from it', () => {
  test('is all of it where the run is the same', () => {
    expect(fitCheckpoint(checkpoint, plan(), false)).toEqual(checkpoint)
  })

  test('has no work where the run starts from another commit, which has it already', () => {
    const fit = fitCheckpoint(checkpoint, plan({}, HEAD), false)
    expect(fit).toEqual({ ...checkpoint, changeset: { baseSha: HEAD, files: [] } })
  })

  test.each([
    ['another workflow', plan({ workflow: 'review' }), checkpoint],
    ['another variant', plan({ variant: 'quick' }), checkpoint],
    ['steps that are others by now', plan({ steps: steps.slice(1) }), checkpoint],
    ['a conversation of a step that is gone', plan(), { ...checkpoint, conversation: { ...conversation, step: 'x' } }],
  ])('has only its work for %s', (_what, next, made) => {
    const { workflow, variant } = next
    const named = { workflow, ...(variant === undefined ? {} : { variant }) }
    const { conversation: _conversation, ...rest } = checkpoint
    expect(fitCheckpoint(made, next, true)).toEqual({ ...rest, ...named, steps: [], commandsRun: 0 })
  })

  test('begins anew where every step was finished, unless somebody speaks to it', () => {
    expect(fitCheckpoint(whole, plan(), false)).toMatchObject({ steps: [], changeset: { files: [file] } })
    expect(fitCheckpoint(whole, plan(), true)).toEqual(whole)
  })

  test('is none where nothing of it is left', () => {
    expect(fitCheckpoint(whole, plan({}, HEAD), false)).toBeUndefined()
    expect(fitCheckpoint(checkpoint, plan({ workflow: 'review' }, HEAD), false)).toBeUndefined()
  })
})

test.each([
  ['completed', false],
  ['withheld', false],
  ['capped', true],
  ['cancelled', true],
  ['failed', true],
  ['refused', true],
  [null, false],
] as const)('a run that ended %s can be resumed: %s', (conclusion, can) => {
  expect(isResumable({ conclusion })).toBe(can)
  expect(refuseResume({ conclusion }) === undefined).toBe(can || conclusion === null)
})

test('delivering withheld work takes a maintainer; all else the access of the workflow', () => {
  expect(accessFor('deliver', 'triage')).toBe('maintain')
  for (const verb of ['say', 'ask', 'pause', 'resume', 'stop', 'retry', 'fork'] as const) {
    expect(accessFor(verb, 'triage')).toBe('triage')
    expect(accessFor(verb, 'maintain')).toBe('maintain')
  }
})
