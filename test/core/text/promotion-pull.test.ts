/** The pull request of a decision, as the maintainer reads it who is to merge it. */
import { describe, expect, test } from 'vitest'
import { suggestCap } from '../../../core/promotion/suggested-cap.ts'
import { type PromotePullView, promotionPull } from '../../../core/text/promotion-pull.ts'

const common = {
  workflow: 'refactor+tests',
  variant: 'tests-first',
  issueNumber: 14,
  files: new Map([
    ['.github/purser/catalog/refactor+tests/workflow.yml', 'name: refactor+tests\n'],
    ['.github/purser/catalog/refactor+tests/variants/tests-first.yml', undefined],
  ]),
  ejected: false,
  rewritten: [],
}
const spends = [400_000n, 500_000n, 600_000n]

function promote(more: Partial<PromotePullView> = {}): { title: string; body: string } {
  return promotionPull({
    ...common,
    proposal: 'promote',
    keptAs: 'before-tests-first',
    cap: suggestCap(spends, 2_500_000n, undefined),
    oldCapMicroUsd: 2_500_000n,
    squad: 'payments',
    extra: {
      unit: 'usd',
      amount: 12.5,
      reason: 'Promotion of refactor+tests/tests-first',
      from: '2026-11-30',
      until: '2026-12-13',
      elsewhere: false,
    },
    usualMicroUsd: 500_000n,
    oldUsualMicroUsd: 700_000n,
    windowDays: 60,
    ...more,
  })
}

describe('a promotion', () => {
  test('says what changes, by whom, why and how to undo it', () => {
    const { title, body } = promote()
    expect(title).toBe('Make refactor+tests/tests-first the standard refactor+tests')
    expect(body).toContain(
      'The old baseline stays, as the variant `refactor+tests/before-tests-first`: exactly what it was',
    )
    expect(body).toContain('Credit to squad **payments** is kept in the file')
    expect(body).toContain('**Why:** #14 has the thresholds')
    expect(body).toContain('`.github/purser/catalog/refactor+tests/variants/tests-first.yml` (removed)')
    expect(body).toContain('## How to undo it\n\nRevert this pull request')
    expect(body).not.toMatch(/fixes|closes|lower layer|written anew/i)
  })

  test('says what it costs, and the rule of the cap', () => {
    const { body } = promote()
    expect(body).toContain(
      'Usually $0.50 a run, nine in ten at most $0.60, over 3 runs of the last 60 days (old baseline: usually $0.70).',
    )
    expect(body).toContain('**Never more than $0.90** (old baseline: $2.50).')
    expect(body).toContain('$0.60, times one and a half, rounded up to a cent. The variant’s own cap was $2.50.')
  })

  test.each([
    [suggestCap(spends, 800_000n, undefined), 'would be $0.90; a promotion never raises a cap'],
    [suggestCap(spends, 2_500_000n, 1_000_000n), 'would be $0.90; but it is not worth starting with less than $1.00'],
    [suggestCap([], 2_500_000n, undefined), 'No run of it has settled within the window'],
  ])('says when the rule does not decide the cap: %#', (cap, said) => {
    expect(promote({ cap }).body).toContain(said)
  })

  test('says that a built-in workflow is the repository’s own from then on, and what is written anew', () => {
    const { body } = promote({ ejected: true, rewritten: ['one-pass'] })
    expect(body).toContain('It is copied into this repository, which owns it from then on')
    expect(body).toContain('The overlay of `refactor+tests/one-pass` is written anew')
  })

  test('without a squad there is neither credit nor a share', () => {
    expect(promote({ squad: undefined, extra: undefined }).body).not.toMatch(/squad/i)
  })

  test('a share that it can’t write is said to be added elsewhere', () => {
    const extra = { ...promoteExtra(), elsewhere: true }
    expect(promote({ extra }).body).toContain('has to be added to `exploration.squads` there')
  })
})

test('a rollback and a sunset', () => {
  const rollback = promotionPull({ ...common, proposal: 'rollback', keptAs: 'before-tests-first' })
  expect(rollback.title).toBe('Roll refactor+tests back to what it was before tests-first')
  expect(rollback.body).toContain('with its old cap')
  const sunset = promotionPull({ ...common, proposal: 'sunset' })
  expect(sunset.title).toBe('Retire the variant refactor+tests/tests-first')
  expect(sunset.body).toContain('Its runs and what became of them stay in the ledger')
})

function promoteExtra() {
  return { unit: 'tokens', amount: 500_000, reason: 'Promotion', from: '2026-11-30', until: '2026-12-13' } as const
}
