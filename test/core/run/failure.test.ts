import { describe, expect, it } from 'vitest'
import { failureOf, repeatedSentence } from '../../../core/run/failure.ts'
import type { Report } from '../../../core/run/report.ts'

const step = (summary: string, ok = false): Report['steps'][number] => ({
  id: 'tests',
  kind: 'run',
  ok,
  turns: 0,
  attempts: 1,
  spentMicroUsd: 0n,
  summary,
})
const failed = { conclusion: 'failed', reason: 'step-failed' } as const
const of = (summary: string, message = '') => failureOf(failed, { message, steps: [step('fine', true), step(summary)] })

describe('what a run failed by', () => {
  it.each([
    ['times and numbers', 'Ran 12 tests in 3.4 s\nError: 3 of 12 failed', 'Ran 14 tests in 9 s\nError: 5 of 14 failed'],
    ['commits', 'fatal: bad object 0a1b2c3d4e', 'fatal: bad object ffeeddccbb'],
    ['what stands around it', 'hello\nTypeError: x is undefined', 'TypeError: x is undefined\n    at total.js:12'],
  ])('is the same whatever the %s', (_what, one, other) => {
    expect(of(one)).toEqual(of(other))
  })

  it.each([
    ['another line', of('Error: no such file'), of('Error: permission denied')],
    [
      'another reason',
      of('Error: x'),
      failureOf({ ...failed, reason: 'setup-failed' }, { message: '', steps: [step('Error: x')] }),
    ],
    ['no step', of('Error: x'), failureOf(failed, { message: 'Error: x', steps: [] })],
  ])('is another with %s', (_what, one, other) => {
    expect(one).not.toEqual(other)
  })

  it('is nothing where a run did not fail, and the reason alone where it never reported', () => {
    expect(failureOf({ conclusion: 'capped', reason: 'cap-reached' }, undefined)).toBeUndefined()
    expect(failureOf({ conclusion: 'failed', reason: 'lost' }, undefined)).toEqual({
      reason: 'lost',
      step: undefined,
      line: '',
    })
  })
})

it.each([
  [1, undefined],
  [2, '2nd'],
  [3, '3rd'],
  [11, '11th'],
  [21, '21st'],
  [112, '112th'],
])('%d: %s', (count, words) => {
  const said = words && `The same failure for the ${words} time since 2026-11-20.`
  expect(repeatedSentence({ count, since: '2026-11-20' })).toBe(said)
})
