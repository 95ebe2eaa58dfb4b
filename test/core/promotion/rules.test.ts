import { expect, it } from 'vitest'
import { payingSchema } from '../../../core/config/portfolios.ts'
import { promotionSchema } from '../../../core/config/promotion.ts'
import { rulesFor } from '../../../core/promotion/rules.ts'

const promotion = promotionSchema.parse({})
const portfolio = { purpose: 'Shorter incidents', value: 'reliability', budget: { usd: '40', per: 'month' } }
const { portfolios } = payingSchema.parse({
  portfolios: {
    incidents: {
      ...portfolio,
      workflows: ['incident-triage'],
      'high-cost': 'Deep context.',
      'spend-per-accepted': '2x',
    },
    refactoring: { ...portfolio, workflows: ['refactor+tests'] },
    reviews: { ...portfolio, workflows: ['review'], 'spend-per-accepted': '2x' },
  },
})

it('takes the ratio that the portfolio of a workflow publishes, and all else from the file', () => {
  const rules = rulesFor(promotion, { portfolios }, 'incident-triage')
  expect(rules).toEqual({ ...promotion, promote: { ...promotion.promote, 'spend-per-accepted': 2000 } })
})

it.each(['refactor+tests', 'review', 'in-no-portfolio'])('takes the file as it is for %s', (family) => {
  expect(rulesFor(promotion, { portfolios }, family)).toBe(promotion)
})
