import { describe, expect, test } from 'vitest'
import { parseComment } from '../../../core/command.ts'
import { reasons, refuse } from '../../../core/reason.ts'
import { markerOf } from '../../../core/text/marker.ts'
import { refusalComment } from '../../../core/text/refusal-comment.ts'
import { portfolio, sprint } from './views.ts'

test('no room: the reason, the numbers, who can change it and when it resets', () => {
  const text = refusalComment({
    refusal: refuse('no-room'),
    sessionId: 's1',
    workflow: 'refactor+tests',
    variant: 'tests-first',
    accounts: [{ ...portfolio, remaining: { microUsd: 120_000n } }, sprint],
    capMicroUsd: 2_500_000n,
    floorMicroUsd: 250_000n,
  })
  expect(markerOf(text)).toEqual({ sessionId: 's1', part: 'refusal' })
  expect(text).toContain('### `refactor+tests/tests-first`: not started')
  expect(text).toContain('Nothing was spent.')
  expect(text).toContain(
    '- Asked for: at most $2.50\n- Worth starting with: at least $0.25\n- Portfolio **refactoring**',
  )
  expect(text).toContain('$0.12 of $40.00 left until 2026-12-01')
  expect(text).toContain('**What to do:** Wait for the next period')
  expect(text).toContain('whoever may merge to the default branch')
  expect(text).toContain('**When it changes by itself:** 2026-11-30, 2026-12-01')
  expect(text).toContain('Reason `no-room`')
})

test('a command that can’t be read: the problem, how to write it, and no numbers', () => {
  const parsed = parseComment('/agent review make it @better')
  const problem = parsed.kind === 'invalid' ? parsed.problem : ''
  const text = refusalComment({ refusal: refuse('invalid-command', problem), accounts: [] })
  expect(text.startsWith('### Not started\n\nAfter the workflow only name=value is expected')).toBe(true)
  expect(text).toContain('`goal="make it @better"`')
  expect(text).toContain('**What to do:** Write it as `/agent <workflow>[/<variant>] [input="value"]`')
  expect(text).not.toContain('Asked for')
  expect(text).not.toContain('Who can change it')
})

describe('every refusal', () => {
  const codes = Object.entries(reasons).filter(([, reason]) => reason.kind !== 'conclusion')
  test.each(codes)('%s reads well', (code) => {
    const text = refusalComment({ refusal: refuse(code as keyof typeof reasons), accounts: [] })
    expect(text).toContain(`Reason \`${code}\``)
    expect(text).toMatch(/^### Not started\n\n[A-Z].*[.] Nothing was spent\.\n\n\*\*What to do:\*\* [A-Z].*[.]\n/)
    // Every code span that was opened is closed.
    expect(text.split('`').length % 2).toBe(1)
  })
})
