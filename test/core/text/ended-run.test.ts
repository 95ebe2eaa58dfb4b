/** The final reply and the check run: how a run ended, in short. */
import { describe, expect, test } from 'vitest'
import type { Conclusion } from '../../../core/run/run.ts'
import { checkRun } from '../../../core/text/check-run.ts'
import { finalReply } from '../../../core/text/final-reply.ts'
import { markerOf } from '../../../core/text/marker.ts'
import { completed, portfolio, quote, withheld } from './views.ts'

const reply = {
  sessionId: 's1',
  runId: 'r1',
  workflow: 'refactor+tests',
  capMicroUsd: 2_500_000n,
  commentUrl: 'https://u/c',
}

describe('the final reply', () => {
  test('is one line: what ended, how, its cost, the delivery and where the rest is', () => {
    const text = finalReply({ ...reply, run: completed })
    expect(markerOf(text)).toEqual({ sessionId: 's1', part: 'reply' })
    expect(text.split('\n')[1]).toBe(
      '`refactor+tests`: done. It cost $0.62 of at most $2.50. Delivered: commit ' +
        '[`a1b2c3d`](https://github.com/acme/shop/commit/a1b2c3d4e5f6). [Details](https://u/c).',
    )
  })

  test('never says less than the cap', () => {
    expect(finalReply({ ...reply, capMicroUsd: 2_504_999n, run: completed })).toContain('$0.62 of at most $2.51.')
  })

  test('says why when it didn’t complete, and that nothing was spent when nothing was', () => {
    expect(finalReply({ ...reply, run: withheld })).toContain(
      'work withheld. The work changes 24 files; `diff.files` allows 20. It cost',
    )
    const run = { ...withheld, conclusion: 'failed', reason: 'setup-failed', spentMicroUsd: 0n } as const
    expect(finalReply({ ...reply, run: { ...run, detail: undefined } })).toContain(
      'failed. The setup command failed before any model was called. It cost nothing.',
    )
  })
})

describe('the check run', () => {
  const view = { workflow: 'refactor+tests', variant: 'tests-first', quote, accounts: [portfolio] }

  test.each<[conclusion: Conclusion, shown: string, title: string]>([
    ['completed', 'success', 'Done: $0.62 of at most $2.50'],
    ['withheld', 'neutral', 'Work withheld: $0.62 of at most $2.50'],
    ['capped', 'neutral', 'Stopped at its cap: $0.62 of at most $2.50'],
    ['refused', 'neutral', 'Not started: $0.62 of at most $2.50'],
    ['failed', 'failure', 'Failed: $0.62 of at most $2.50'],
    ['cancelled', 'cancelled', 'Stopped: $0.62 of at most $2.50'],
  ])('%s is shown as %s', (conclusion, shown, title) => {
    const reason = conclusion === 'capped' ? 'cap-reached' : undefined
    const check = checkRun({ ...view, run: { ...completed, conclusion, reason } })
    expect(check).toMatchObject({ name: 'purser: refactor+tests/tests-first', conclusion: shown, title })
  })

  test('its summary has the price, the payer, the reason and the steps', () => {
    const { summary } = checkRun({ ...view, run: withheld })
    expect(summary).toContain('**Quoted beforehand:** Usually $0.80, nine in ten under $1.90, never more than $2.50')
    expect(summary).toContain('Portfolio **refactoring**')
    expect(summary).toContain('**Why:** The work changes 24 files; `diff.files` allows 20. (`guard-diff`)')
    expect(summary).toContain('| `refactor` | agent | passed |')
  })
})
