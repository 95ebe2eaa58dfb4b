/** The rules that a family is held against: `promotion.yml`, with what the portfolio of its workflow publishes instead. */
import type { PortfoliosFile } from '../config/portfolios.ts'
import type { PromotionFile } from '../config/promotion.ts'

export function rulesFor(
  promotion: PromotionFile,
  { portfolios }: Pick<PortfoliosFile, 'portfolios'>,
  family: string,
): PromotionFile {
  const portfolio = Object.values(portfolios).find(({ workflows }) => workflows.includes(family))
  const ratio = portfolio?.['high-cost'] === undefined ? undefined : portfolio['spend-per-accepted']
  if (ratio === undefined) return promotion
  return { ...promotion, promote: { ...promotion.promote, 'spend-per-accepted': ratio } }
}
