import { describe, expect, test } from 'vitest'
import { parseComment } from '../../../core/command/command.ts'
import { holdAmount } from '../../../core/money/hold.ts'
import { isRefusal, reasons, refuse } from '../../../core/reason.ts'
import { type RefusalCode, refusalTerms, roles } from '../../../core/refusal-terms.ts'
import { markerOf } from '../../../core/text/marker.ts'
import { refusalComment } from '../../../core/text/refusal-comment.ts'
import { portfolio } from './views.ts'

const held = (held: bigint, spent: bigint) =>
  holdAmount({ capMicroUsd: 2_500_000n, floorMicroUsd: 250_000n }, [
    {
      kind: 'portfolio',
      name: 'refactoring',
      unit: 'usd',
      periodEnd: new Date('2026-12-01T00:00:00Z'),
      budget: 40_000_000n,
      spent,
      held,
      overage: 0n,
      ceiling: 40_000_000n,
      frozen: false,
    },
  ])

test('no room: the reason, the numbers, what helps and who can', () => {
  const refusal = held(2_500_000n, 37_380_000n)
  if (!isRefusal(refusal)) throw new Error('a refusal was expected')
  const text = refusalComment({
    refusal,
    sessionId: 's1',
    workflow: 'refactor+tests',
    variant: 'tests-first',
    accounts: [portfolio],
    capMicroUsd: 2_500_000n,
    floorMicroUsd: 250_000n,
  })
  expect(markerOf(text)).toEqual({ sessionId: 's1', part: 'refusal' })
  expect(text).toContain('### `refactor+tests/tests-first`: not started')
  expect(text).toContain('Nothing was spent.')
  expect(text).toContain(
    'The portfolio `refactoring` has $0.12 left of $40.00 ($37.38 spent, $2.50 held by running work); this workflow needs at least $0.25.',
  )
  expect(text).toContain(
    '- Asked for: at most $2.50\n- Worth starting with: at least $0.25\n- Paid by: Portfolio **refactoring** (Safer',
  )
  // What helps soonest comes first.
  expect(text).toContain('**What to do:** Running work holds $2.50 and gives back what it does not use, so try again')
  expect(text).toContain('whoever may merge to the default branch')
  expect(text.match(/2026-12-01/g)).toHaveLength(1)
  expect(text).toContain('Reason `no-room`')
})

test('no room where nothing that runs could give enough back: nobody is told to wait for it', () => {
  expect(held(100_000n, 39_800_000n)).toMatchObject({
    todo: expect.stringMatching(
      /^A maintainer can raise .* By itself the budget starts afresh on 2026-12-01 00:00 UTC\.$/,
    ),
  })
})

test('a command that can’t be read: the problem, how to write it, and no numbers', () => {
  const parsed = parseComment('/agent review make it @better')
  const problem = parsed.kind === 'invalid' ? parsed.problem : ''
  const text = refusalComment({ refusal: refuse('invalid-command', problem), accounts: [] })
  expect(text.startsWith('### Not started\n\nAfter the workflow only name=value is expected')).toBe(true)
  expect(text).toContain('`name="make it @better"`')
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
    // Who can change it and where, wherever that takes more than another command; and when it changes by itself.
    const { who, where, resets } = refusalTerms[code as RefusalCode]
    if (who !== 'asker') expect(text).toContain(`**Who can change it:** ${roles[who]}`)
    if (who === 'maintainer' || where !== undefined) expect(text).toContain(`, in ${where}.`)
    if (resets !== undefined) expect(text).toContain(`**By itself** it changes ${resets}.`)
    expect(text).not.toMatch(/\bundefined\b/)
  })

  test('has a row, and nothing else has', () => {
    expect(Object.keys(refusalTerms).toSorted()).toEqual(codes.map(([code]) => code).toSorted())
  })

  test('of money says when it changes once, with the day', () => {
    const refusal = held(2_500_000n, 37_380_000n)
    if (!isRefusal(refusal)) throw new Error('a refusal was expected')
    const text = refusalComment({ refusal, accounts: [portfolio] })
    expect(text).toContain('starts afresh on 2026-12-01 00:00 UTC')
    expect(text.match(/By itself/g)).toHaveLength(1)
    expect(text).toContain('the budget in `.github/purser/portfolios.yml`')
  })
})
