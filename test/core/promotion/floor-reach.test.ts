import { expect, it } from 'vitest'
import { promotionSchema } from '../../../core/config/promotion.ts'
import { floorReach, floorReachLine } from '../../../core/promotion/floor-reach.ts'

const promotion = promotionSchema.parse({ window: { days: 60 }, promote: { runs: 10 } })
const sprint = { days: 14, from: '2026-11-02' }

it.each([
  // 60 days are 4.28 sprints: 42.857 dollars of floor.
  ['usd', { usd: 10_000_000n }, { microUsd: 2_500_000n }, 17],
  ['usd, just enough', { usd: 10_000_000n }, { microUsd: 4_285_714n }, 10],
  ['usd, just not', { usd: 10_000_000n }, { microUsd: 4_285_715n }, 9],
  ['tokens', { tokens: 100_000 }, { microUsd: 1n, tokens: 200_000n }, 2],
  ['tokens without a cap, as a hold bounds them', { tokens: 2_000_000 }, { microUsd: 1n }, 17],
  ['nothing to pay', { usd: 10_000_000n }, { microUsd: 0n }, 10],
])('%s', (_, floor, cost, paid) => {
  const reach = floorReach({ sprint, 'every-squad': floor }, promotion, cost)
  expect(reach).toEqual({ needed: 10, paid, windowDays: 60 })
  const line = floorReachLine(reach)
  if (paid >= 10) expect(line).toBeUndefined()
  else expect(line).toContain(`pays for ${paid} runs in the 60 days that count, and a checkpoint needs 10`)
})
