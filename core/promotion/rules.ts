/** The rules that a family is held against: `promotion.yml`, with what the portfolio of its workflow publishes instead. */
import type { PortfoliosFile } from '../config/portfolios.ts'
import type { PromotionFile } from '../config/promotion.ts'

/** What of a configuration says by which rules a variant is proposed. */
export interface PromotionTerms {
  readonly promotion: PromotionFile
  readonly portfolios: Pick<PortfoliosFile, 'portfolios'>
}

export function rulesFor({ promotion, portfolios }: PromotionTerms, family: string): PromotionFile {
  const portfolio = Object.values(portfolios.portfolios).find(({ workflows }) => workflows.includes(family))
  const ratio = portfolio?.['spend-per-accepted']
  if (ratio === undefined) return promotion
  return { ...promotion, promote: { ...promotion.promote, 'spend-per-accepted': ratio } }
}
