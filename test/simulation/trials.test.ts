import { expect, test } from 'vitest'
import { promotionSchema } from '../../core/config/promotion.ts'
import { simulateTrials, trialsCommand } from '../../simulation/trials.ts'

test('under the default rules chance is hardly ever proposed, and what deserves it nearly always', () => {
  const trials = simulateTrials(1, 2_000)
  expect(trials.proposedAt60).toBeLessThanOrEqual(0.05)
  expect(trials.proposedAt90).toBeGreaterThanOrEqual(0.95)
  expect(trials).toMatchObject({ seed: 1, windows: 2_000, runsInWindow: 60, ok: true })
})

test('a seed says it all', () => {
  expect(simulateTrials(7, 50)).toEqual(simulateTrials(7, 50))
  expect(simulateTrials(8, 50)).not.toEqual(simulateTrials(7, 50))
})

test('lenient rules are found out', () => {
  const lenient = promotionSchema.parse({ promote: { accepted: '60%' } })
  expect(simulateTrials(1, 200, lenient)).toMatchObject({ ok: false })
})

test.each([['--seed', 'x'], ['--windows', '0'], ['--strange']])('wrong usage: %s %s', (...args) => {
  expect(trialsCommand(['--trials', ...args])).toBe(2)
})
