/** `purser quote`: the price before a run, from what local runs have cost. */
import { basename } from 'node:path'
import { formatUsd } from '../core/money.ts'
import { QUOTE_RUNS_MAX, type Quote, quoteRun } from '../core/quote.ts'
import { isRefusal } from '../core/reason.ts'
import { type Resolved, resolveRun } from '../core/resolve.ts'
import { quoteLine } from '../core/text/quote-line.ts'
import { declaredConfiguration, readCheckout } from './checkout.ts'
import type { QuoteOptions } from './commands/quote.ts'
import { type ExitCode, endRefused, endWrongUsage, exitCodes, printJson } from './exit.ts'
import { keptSpends } from './kept-runs.ts'
import { readRequest } from './request.ts'

/** A price depends on no commit, so none is looked up. */
const ANY_COMMIT = '0'.repeat(40)

export function quote(target: string, pairs: readonly string[], options: QuoteOptions): ExitCode {
  const request = readRequest(target, pairs, options)
  if ('usage' in request) return endWrongUsage(request.usage, options.json)
  const checkout = readCheckout(options.dir, options.organisation)
  if (isRefusal(checkout)) return endRefused(checkout, options.json)
  const configuration = declaredConfiguration(checkout)
  if (isRefusal(configuration)) return endRefused(configuration, options.json)
  const subject = { kind: 'local' as const, repository: basename(checkout.root), headSha: ANY_COMMIT }
  const resolved = resolveRun(configuration, request, subject, checkout.keptPrices)
  if (isRefusal(resolved)) return endRefused(resolved, options.json)
  const { capMicroUsd } = resolved.plan
  const spends = keptSpends(checkout.root, request.workflow, request.variant, QUOTE_RUNS_MAX)
  const price = quoteRun(spends, capMicroUsd, capMicroUsd)
  if (options.json) printJson(document(resolved, price))
  else process.stdout.write(`${lines(resolved, price).join('\n')}\n`)
  return exitCodes.done
}

function document({ plan, portfolio, portfolioName, floorMicroUsd }: Resolved, price: Quote) {
  return {
    workflow: plan.workflow,
    variant: plan.variant ?? null,
    inputs: plan.inputs,
    runs: price.runs,
    usualMicroUsd: price.usualMicroUsd ?? null,
    nineInTenMicroUsd: price.nineInTenMicroUsd ?? null,
    capMicroUsd: plan.capMicroUsd,
    floorMicroUsd,
    portfolio: {
      name: portfolioName,
      purpose: portfolio.purpose,
      value: portfolio.value,
      budgetMicroUsd: portfolio.budget.usd,
      per: portfolio.budget.per,
      highCost: portfolio['high-cost'] ?? null,
    },
    models: Object.entries(plan.prices).map(([model, { input, cached, output, source }]) => ({
      model,
      agents: Object.values(plan.agents).flatMap((agent) => (agent.model === model ? [agent.name] : [])),
      inputMicroUsdPerMillionTokens: input,
      cachedMicroUsdPerMillionTokens: cached,
      outputMicroUsdPerMillionTokens: output,
      source,
    })),
  }
}

function lines({ plan, portfolio, portfolioName }: Resolved, price: Quote): string[] {
  const { budget } = portfolio
  const highCost = portfolio['high-cost']
  return [
    `${plan.workflow}${plan.variant === undefined ? '' : `/${plan.variant}`}: ${quoteLine(price).replaceAll('**', '')}`,
    `Paid by ${portfolioName}: ${portfolio.purpose} (${portfolio.value}). ${formatUsd(budget.usd)} a ${budget.per}; what is left of it only the App knows.`,
    ...(highCost === undefined ? [] : [highCost]),
    ...Object.entries(plan.prices).map(
      ([model, { input, output, source }]) =>
        `${model}: ${formatUsd(input)} in, ${formatUsd(output)} out per million tokens (${source})`,
    ),
  ]
}
