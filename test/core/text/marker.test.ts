import { describe, expect, test } from 'vitest'
import { markerOf, sessionIdOf, sessionMarker, trialMarker, trialOf } from '../../../core/text/marker.ts'

test('is written as every text on GitHub carries it', () => {
  expect(sessionMarker('s_42')).toBe('<!-- purser:session s_42 -->')
})

test.each(['comment', 'reply', 'delivery', 'refusal'] as const)('a %s is found again', (part) => {
  const body = `${sessionMarker('s-1', part)}\r\nText`
  expect(markerOf(body)).toEqual({ sessionId: 's-1', part })
  expect(sessionIdOf(body)).toBe('s-1')
})

describe('nothing else passes for one', () => {
  test.each([
    [''],
    ['Text\n<!-- purser:session s1 -->'],
    [' <!-- purser:session s1 -->'],
    ['<!-- purser:session s1 --> and more'],
    ['<!-- purser:session s1 other -->'],
    ['<!-- purser:session -->'],
    ['<!-- purser:session s1\n-->'],
    [`<!-- purser:session ${'s'.repeat(65)} -->`],
  ])('%j', (body) => {
    expect(markerOf(body)).toBeUndefined()
  })
})

test.each([[''], ['a b'], ['a-->'], ['a\nb']])('%j is no id to be marked with', (id) => {
  expect(() => sessionMarker(id)).toThrow(RangeError)
})

test('a proposal names its variant and checkpoint', () => {
  const marker = trialMarker('refactor+tests', 'tests-first', 20)
  expect(trialOf(`${marker}\nText`)).toEqual({ workflow: 'refactor+tests', variant: 'tests-first', settled: 20 })
  expect(trialOf(`Text\n${marker}`)).toBeUndefined()
})
