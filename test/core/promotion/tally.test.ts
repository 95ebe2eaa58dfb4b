import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { promotionSchema } from '../../../core/config/promotion.ts'
import { evaluateTrial } from '../../../core/promotion/measure.ts'
import { spendPerAcceptedMicroUsd, type TallyRun, tallyRuns } from '../../../core/promotion/tally.ts'

const rules = promotionSchema.parse({})

const arbitraryRun: fc.Arbitrary<TallyRun> = fc.record({
  outcome: fc.constantFrom('accepted', 'reworked', 'rejected', 'pending', 'unknown'),
  reverted: fc.boolean(),
  subject: fc.constantFrom('#1', '#2', '#3'),
  spendMicroUsd: fc.bigInt({ min: 0n, max: 10n ** 9n }),
})

describe('a tally', () => {
  test('counts the settled, keeps the unknown apart and passes over the pending', () => {
    const run: TallyRun = { outcome: 'accepted', reverted: false, subject: '#1', spendMicroUsd: 10n }
    const tally = tallyRuns([
      run,
      { ...run, subject: '#2' },
      { ...run, outcome: 'reworked' },
      { ...run, outcome: 'rejected', reverted: true },
      { ...run, outcome: 'unknown', subject: '#3', reverted: true },
      { ...run, outcome: 'pending', subject: '#4' },
    ])
    expect(tally).toEqual({
      settled: 4,
      accepted: 2,
      reworked: 1,
      rejected: 1,
      unknown: 1,
      reverted: 1,
      subjects: 2,
      spendMicroUsd: 50n,
    })
    expect(spendPerAcceptedMicroUsd(tally)).toBe(25n)
  })

  test('its parts add up, and pending runs change no decision', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryRun, { maxLength: 40 }),
        fc.array(arbitraryRun, { maxLength: 40 }),
        (own, standard) => {
          const tally = tallyRuns(own)
          expect(tally.settled).toBe(tally.accepted + tally.reworked + tally.rejected)
          const settledOnly = tallyRuns(own.filter((run) => run.outcome !== 'pending'))
          expect(evaluateTrial(rules, tally, tallyRuns(standard))).toEqual(
            evaluateTrial(rules, settledOnly, tallyRuns(standard)),
          )
        },
      ),
    )
  })

  test('one more rejected run never makes a threshold on quality or cost hold', () => {
    const quality = ['accepted', 'accepted-baseline', 'spend-per-accepted']
    const holding = (runs: readonly TallyRun[], standard: readonly TallyRun[]) =>
      evaluateTrial(rules, tallyRuns(runs), tallyRuns(standard))
        .measures.filter((measure) => measure.holds && quality.includes(measure.threshold))
        .map((measure) => measure.threshold)
    fc.assert(
      fc.property(
        fc.array(arbitraryRun, { minLength: 1, maxLength: 30 }).filter((runs) => tallyRuns(runs).settled > 0),
        fc.array(arbitraryRun, { maxLength: 30 }),
        (own, standard) => {
          const worse = [...own, { outcome: 'rejected', reverted: false, subject: '#1', spendMicroUsd: 1n } as const]
          const before = holding(own, standard)
          for (const threshold of holding(worse, standard)) expect(before).toContain(threshold)
        },
      ),
    )
  })
})
