import { describe, expect, test } from 'vitest'
import { type OutcomeRule, outcomeRuleSchema } from '../../../core/config/portfolios.ts'
import { builtInRules, decideOutcome, type Facts, silenceDecidesAt } from '../../../core/outcome/outcome.ts'
import type { ReasonCode } from '../../../core/reason.ts'
import {
  type Conclusion,
  conclusionSchema,
  type DeliveryKind,
  deliveryKindSchema,
  type Outcome,
} from '../../../core/run/run.ts'

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
  [{}, daysOn(14), 'unknown', 'built-in rule 10: 14 days went by'],
  [{ merged: true }, soon, 'accepted', 'built-in rule 9: merged'],
  [{ merged: true, checks: 'success' }, soon, 'accepted', 'built-in rule 9: merged'],
  [{ merged: true, checks: 'failure' }, soon, 'reworked', 'built-in rule 8: merged, its checks failed'],
  [{ merged: true }, daysOn(400), 'accepted', 'built-in rule 9: merged'],
  [{ checks: 'failure' }, soon, 'pending', 'no rule matches yet'],
  [
    { merged: true, rewritten: { gone: 50, lines: 50 } },
    soon,
    'rejected',
    'built-in rule 6: merged, 100% (50 of 50) of its lines were gone by then, which is 100% or more',
  ],
  [
    { merged: true, rewritten: { gone: 25, lines: 50 }, checks: 'success' },
    soon,
    'reworked',
    'built-in rule 7: merged, 50% (25 of 50) of its lines were gone by then, which is 50% or more',
  ],
  [{ merged: true, rewritten: { gone: 24, lines: 50 } }, soon, 'accepted', 'built-in rule 9: merged'],
  [{ merged: true, rewritten: { gone: 0, lines: 0 } }, soon, 'accepted', 'built-in rule 9: merged'],
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

test.each<[seen: Partial<Facts>, outcome: Outcome]>([
  [{ merged: true, heeded: true }, 'accepted'],
  [{ merged: true, heeded: false }, 'rejected'],
  [{ merged: true, heeded: false, labels: ['agent/accepted'] }, 'accepted'],
  [{ merged: true }, 'accepted'],
  [{ closed: true, heeded: false }, 'accepted'],
])('a delivered review: %j', (seen, outcome) => {
  expect(decideOutcome(facts(seen), [], 'review', soon).outcome).toBe(outcome)
})

test.each<[seen: Partial<Facts>, now: Date, outcome: Outcome]>([
  [{}, daysOn(59), 'pending'],
  [{}, daysOn(60), 'unknown'],
  [{ closed: true, closedAs: 'completed' }, soon, 'accepted'],
  [{ closed: true }, soon, 'accepted'],
  [{ closed: true, closedAs: 'not-planned' }, soon, 'rejected'],
  [{ closed: true, closedAs: 'not-planned', labels: ['agent/accepted'] }, soon, 'accepted'],
])('a delivered issue: %j at %s', (seen, now, outcome) => {
  const rules = builtInRules.issue.map((rule) => rule)
  expect(decideOutcome(facts(seen), rules, 'none', now).outcome).toBe(outcome)
})

test('a declared time of silence takes the place of the built-in one, and a condition beside the days does not', () => {
  const longer: OutcomeRule = { outcome: 'unknown', when: { 'after-days': 30 } }
  const narrower: OutcomeRule = { outcome: 'rejected', when: { 'after-days': 30, checks: 'failure' } }
  expect(decideOutcome(facts(), [longer], 'commit', daysOn(20)).outcome).toBe('pending')
  expect(decideOutcome(facts(), [longer], 'commit', daysOn(30)).outcome).toBe('unknown')
  expect(silenceDecidesAt(facts(), [longer], 'commit', soon)).toEqual(daysOn(30))
  expect(decideOutcome(facts(), [narrower], 'commit', daysOn(20)).outcome).toBe('unknown')
})

test('a run that hands nothing over by design is judged by people, else unknown', () => {
  const seen = facts({ delivered: false, merged: true })
  expect(decideOutcome(seen, [], 'none', soon).outcome).toBe('pending')
  expect(decideOutcome(seen, [], 'none', daysOn(14)).outcome).toBe('unknown')
  expect(decideOutcome({ ...seen, labels: ['agent/accepted'] }, [], 'none', soon).outcome).toBe('accepted')
})

describe('without a delivery', () => {
  test.each<[conclusion: Conclusion, reason: ReasonCode | undefined, outcome: Outcome, rule: string]>([
    ['withheld', 'guard-paths', 'rejected', 'a guard withheld the work; nothing was delivered'],
    ['withheld', 'guard-command', 'rejected', 'a guard withheld the work; nothing was delivered'],
    ['capped', 'cap-reached', 'rejected', 'the run ended at its cap; nothing was delivered'],
    ['capped', 'turns-exhausted', 'rejected', 'the run used up its turns; nothing was delivered'],
    ['capped', 'time-exhausted', 'rejected', 'the run reached its time limit; nothing was delivered'],
    ['failed', 'step-failed', 'rejected', 'a command of the run failed; nothing was delivered'],
    ['failed', 'attempts-exhausted', 'rejected', 'the work still failed after the last attempt; nothing was delivered'],
    [
      'failed',
      undefined,
      'unknown',
      'the run ended for a reason outside its work (none was given); nothing was delivered',
    ],
    ['completed', 'nothing-to-deliver', 'unknown', 'there was nothing to deliver'],
    ['cancelled', 'cancelled', 'unknown', 'somebody stopped it'],
    ['refused', 'never-started', 'unknown', 'it never started'],
  ])('%s by %s is %s', (conclusion, reason, outcome, rule) => {
    expect(decideOutcome(facts({ conclusion, reason, delivered: false }), [], 'commit', soon)).toEqual({
      outcome,
      rule,
    })
  })

  test.each<[conclusion: Conclusion, reason: ReasonCode]>([
    ['failed', 'model-failed'],
    ['failed', 'lost'],
    ['failed', 'ledger-unreachable'],
    ['failed', 'checkout-failed'],
    ['failed', 'setup-failed'],
    ['failed', 'internal'],
    ['withheld', 'head-moved-on'],
    ['withheld', 'delivery-refused'],
  ])('%s by %s came from outside, and is not held against the work', (conclusion, reason) => {
    const decided = decideOutcome(facts({ conclusion, reason, delivered: false, closed: true }), [], 'commit', soon)
    const rule = `the run ended for a reason outside its work (${reason}); nothing was delivered`
    expect(decided).toEqual({ outcome: 'unknown', rule })
  })

  test('a cap below the workflow’s own says nothing of the work; other ends under it do', () => {
    const decide = (reason: ReasonCode) =>
      decideOutcome(facts({ conclusion: 'capped', reason, lowCap: true, delivered: false }), [], 'commit', soon)
    expect(decide('cap-reached')).toEqual({
      outcome: 'unknown',
      rule: 'the run ended at a cap below its workflow’s own; nothing was delivered',
    })
    expect(decide('turns-exhausted').outcome).toBe('rejected')
  })

  test('work on a side branch is no delivery, and is not called nothing', () => {
    const seen = facts({ conclusion: 'capped', reason: 'cap-reached', delivered: false, aside: true })
    expect(decideOutcome(seen, [], 'commit', soon)).toEqual({
      outcome: 'rejected',
      rule: 'the run ended at its cap; its work is on a side branch only',
    })
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
    [{ merged: true }, soon, 'accepted', 'built-in rule 9: merged'],
  ])('%j at %s', (seen, now, outcome, rule) => {
    expect(decideOutcome(facts(seen), declared, 'commit', now)).toEqual({ outcome, rule })
  })
})

describe('when silence decides next', () => {
  const unlessMerged: OutcomeRule = { outcome: 'rejected', when: { 'after-days': 30, merged: false } }
  const soonRejected: OutcomeRule = { outcome: 'rejected', when: { 'after-days': 3, checks: 'failure' } }
  test.each<[what: string, seen: Partial<Facts>, declared: readonly OutcomeRule[], now: Date, at: Date | undefined]>([
    ['by the built-in rule', {}, [], soon, daysOn(14)],
    ['by the first of the rules that will hold', { checks: 'failure' }, [unlessMerged, soonRejected], soon, daysOn(3)],
    ['not by one whose other conditions do not hold', {}, [soonRejected], soon, daysOn(14)],
    ['by a later one that comes before what holds now', {}, [unlessMerged], daysOn(20), daysOn(30)],
    ['never once nothing is ahead', {}, [unlessMerged], daysOn(30), undefined],
    ['never where something else has decided', { merged: true }, [], soon, undefined],
    ['never where nothing was delivered', { delivered: false, conclusion: 'failed' }, [], soon, undefined],
  ])('%s', (_what, seen, declared, now, at) => {
    expect(silenceDecidesAt(facts(seen), declared, 'commit', now)).toEqual(at)
    // At that moment, and not a moment before, the decision is another.
    if (at === undefined) return
    const decided = (moment: Date) => decideOutcome(facts(seen), declared, 'commit', moment)
    expect(decided(new Date(at.getTime() - 1))).toEqual(decided(now))
    expect(decided(at)).not.toEqual(decided(now))
  })
})

test('the built-in rules are written in the form that a repository may declare', () => {
  for (const rules of Object.values(builtInRules)) {
    const written = rules.map(({ outcome, when: { rewritten, ...when } }) => ({
      outcome,
      when: rewritten === undefined ? when : { ...when, rewritten: `${rewritten / 100}%` },
    }))
    expect(written.map((rule) => outcomeRuleSchema.parse(rule))).toEqual(rules)
  }
})
