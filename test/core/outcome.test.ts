import { describe, expect, test } from 'vitest'
import { type OutcomeRule, outcomeRuleSchema } from '../../core/config/portfolios.ts'
import { builtInRules, decideOutcome, type Facts } from '../../core/outcome.ts'
import {
  type Conclusion,
  conclusionSchema,
  type DeliveryKind,
  deliveryKindSchema,
  type Outcome,
} from '../../core/run.ts'

const ENDED = new Date('2026-11-02T12:00:00Z')
const soon = new Date('2026-11-03T12:00:00Z')

function daysOn(days: number, milliseconds = 0): Date {
  return new Date(ENDED.getTime() + days * 86_400_000 + milliseconds)
}

function facts(seen: Partial<Facts> = {}): Facts {
  return {
    conclusion: 'completed',
    delivered: true,
    endedAt: ENDED,
    labels: [],
    merged: false,
    closed: false,
    reverted: false,
    ...seen,
  }
}

const changes: readonly (readonly [seen: Partial<Facts>, now: Date, outcome: Outcome, rule: string])[] = [
  [{}, soon, 'pending', 'no rule matches yet'],
  [{ checks: 'success', review: 'approved' }, soon, 'pending', 'no rule matches yet'],
  [{}, daysOn(14, -1), 'pending', 'no rule matches yet'],
  [{}, daysOn(14), 'unknown', 'built-in rule 8: 14 days went by'],
  [{ merged: true }, soon, 'accepted', 'built-in rule 7: merged'],
  [{ merged: true, checks: 'success' }, soon, 'accepted', 'built-in rule 7: merged'],
  [{ merged: true, checks: 'failure' }, soon, 'reworked', 'built-in rule 6: merged, its checks failed'],
  [{ merged: true }, daysOn(400), 'accepted', 'built-in rule 7: merged'],
  [{ checks: 'failure' }, soon, 'pending', 'no rule matches yet'],
  [{ closed: true }, soon, 'rejected', 'built-in rule 5: closed without a merge'],
  [{ merged: true, reverted: true }, soon, 'rejected', 'built-in rule 4: reverted'],
  [{ merged: true, labels: ['agent/rejected'] }, soon, 'rejected', 'built-in rule 1: labelled agent/rejected'],
  [{ merged: true, labels: ['bug', 'agent/reworked'] }, soon, 'reworked', 'built-in rule 2: labelled agent/reworked'],
  [{ closed: true, labels: ['agent/accepted'] }, soon, 'accepted', 'built-in rule 3: labelled agent/accepted'],
  [{ labels: ['agent/accepted', 'agent/rejected'] }, soon, 'rejected', 'built-in rule 1: labelled agent/rejected'],
  [{ labels: ['Agent/Rejected', 'agent/rejected2'] }, soon, 'pending', 'no rule matches yet'],
]

describe.each<DeliveryKind>(['commit', 'pull-request'])('a delivered %s', (kind) => {
  test.each(changes)('%j at %s', (seen, now, outcome, rule) => {
    expect(decideOutcome(facts(seen), [], kind, now)).toEqual({ outcome, rule })
  })
})

describe.each<DeliveryKind>(['review', 'comment'])('a delivered %s', (kind) => {
  test.each<[seen: Partial<Facts>, now: Date, outcome: Outcome]>([
    [{}, soon, 'pending'],
    [{}, daysOn(14), 'unknown'],
    [{ merged: true }, soon, 'accepted'],
    [{ merged: true, checks: 'failure' }, soon, 'accepted'],
    [{ merged: true, reverted: true }, soon, 'accepted'],
    [{ closed: true }, daysOn(20), 'accepted'],
    [{ merged: true, labels: ['agent/rejected'] }, soon, 'rejected'],
  ])('%j at %s', (seen, now, outcome) => {
    expect(decideOutcome(facts(seen), [], kind, now).outcome).toBe(outcome)
  })
})

test('a run that hands nothing over by design is judged by people, else unknown', () => {
  const seen = facts({ delivered: false, merged: true })
  expect(decideOutcome(seen, [], 'none', soon).outcome).toBe('pending')
  expect(decideOutcome(seen, [], 'none', daysOn(14)).outcome).toBe('unknown')
  expect(decideOutcome({ ...seen, labels: ['agent/accepted'] }, [], 'none', soon).outcome).toBe('accepted')
})

describe('without a delivery', () => {
  test.each<[conclusion: Conclusion, outcome: Outcome, rule: string]>([
    ['withheld', 'rejected', 'nothing was delivered: the run ended withheld'],
    ['capped', 'rejected', 'nothing was delivered: the run ended capped'],
    ['failed', 'rejected', 'nothing was delivered: the run ended failed'],
    ['completed', 'unknown', 'there was nothing to deliver'],
    ['cancelled', 'unknown', 'somebody stopped it'],
    ['refused', 'unknown', 'it never started'],
  ])('%s', (conclusion, outcome, rule) => {
    expect(decideOutcome(facts({ conclusion, delivered: false }), [], 'commit', soon)).toEqual({ outcome, rule })
  })

  test('nothing makes it accepted: no merge, no label, no rule of the repository', () => {
    const declared: OutcomeRule[] = [{ outcome: 'accepted', when: { merged: true } }]
    for (const kind of deliveryKindSchema.options.filter((option) => option !== 'none')) {
      for (const conclusion of conclusionSchema.options) {
        const seen = facts({ conclusion, delivered: false, merged: true, labels: ['agent/accepted'] })
        expect(decideOutcome(seen, declared, kind, soon).outcome).not.toBe('accepted')
      }
    }
  })

  test('work that its subject’s end overtook says nothing, unless it failed by itself', () => {
    const decide = (conclusion: Conclusion) =>
      decideOutcome(facts({ conclusion, delivered: false, overtaken: true, merged: true }), [], 'commit', soon).outcome
    expect([decide('withheld'), decide('failed')]).toEqual(['unknown', 'rejected'])
  })

  test('withheld or capped work that was delivered is judged like any other', () => {
    expect(decideOutcome(facts({ conclusion: 'withheld', merged: true }), [], 'commit', soon).outcome).toBe('accepted')
    expect(decideOutcome(facts({ conclusion: 'capped', closed: true }), [], 'commit', soon).outcome).toBe('rejected')
  })
})

describe('the repository’s own rules', () => {
  const declared: OutcomeRule[] = [
    { outcome: 'rejected', when: { label: 'wontfix', closed: true } },
    { outcome: 'reworked', when: { merged: true, review: 'changes-requested' } },
    { outcome: 'accepted', when: { review: 'approved', checks: 'success', merged: false } },
    { outcome: 'unknown', when: { 'after-days': 3, reverted: false } },
  ]

  test.each<[seen: Partial<Facts>, now: Date, outcome: Outcome, rule: string]>([
    [
      { closed: true, labels: ['wontfix', 'agent/accepted'] },
      soon,
      'rejected',
      'portfolios.yml outcomes[0]: labelled wontfix, closed without a merge',
    ],
    [{ labels: ['wontfix'] }, soon, 'pending', 'no rule matches yet'],
    [
      { merged: true, review: 'changes-requested' },
      soon,
      'reworked',
      'portfolios.yml outcomes[1]: merged, changes were requested',
    ],
    [
      { review: 'approved', checks: 'success' },
      soon,
      'accepted',
      'portfolios.yml outcomes[2]: not merged, its checks passed, approved',
    ],
    [{}, daysOn(3), 'unknown', 'portfolios.yml outcomes[3]: not reverted, 3 days went by'],
    [{ merged: true }, soon, 'accepted', 'built-in rule 7: merged'],
  ])('%j at %s', (seen, now, outcome, rule) => {
    expect(decideOutcome(facts(seen), declared, 'commit', now)).toEqual({ outcome, rule })
  })
})

test('the built-in rules are written in the form that a repository may declare', () => {
  for (const kind of deliveryKindSchema.options) {
    expect(builtInRules[kind].map((rule) => outcomeRuleSchema.parse(rule))).toEqual(builtInRules[kind])
  }
})
