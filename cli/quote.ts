/** `purser quote`: the price before a run, from what local runs have cost. */
import { basename } from 'node:path'
import type { ReferenceRun } from '../catalog/reference-runs.ts'
import { formatUsd } from '../core/money.ts'
import { lastDayOf, type Payer } from '../core/payer.ts'
import { QUOTE_RUNS_MAX, type Quote, quoteRun } from '../core/quote.ts'
import { isRefusal } from '../core/reason.ts'
import { type Resolved, resolveRun } from '../core/resolve.ts'
import { quoteLine } from '../core/text/quote-line.ts'
import { declaredConfiguration, readCheckout } from './checkout.ts'
import type { QuoteOptions } from './commands/quote.ts'
import { type ExitCode, endRefused, endWrongUsage, exitCodes, printJson } from './exit.ts'
import { keptSpends } from './kept-runs.ts'
import { referenceLine, referenceRun } from './reference-run.ts'
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
  const resolved = resolveRun(configuration, request, subject, checkout.keptPrices, new Date())
  if (isRefusal(resolved)) return endRefused(resolved, options.json)
  const { capMicroUsd } = resolved.plan
  const spends = keptSpends(checkout.root, request.workflow, request.variant, QUOTE_RUNS_MAX)
  const price = quoteRun(spends, capMicroUsd, capMicroUsd)
  const reference = price.runs === 0 ? referenceRun(configuration, resolved.plan) : undefined
  if (options.json) printJson({ ...document(resolved, price), reference: reference ?? null })
  else process.stdout.write(`${lines(resolved, price, reference).join('\n')}\n`)
  return exitCodes.done
}

function document({ plan, payer, floorMicroUsd }: Resolved, price: Quote) {
  return {
    workflow: plan.workflow,
    variant: plan.variant ?? null,
    inputs: plan.inputs,
    runs: price.runs,
    usualMicroUsd: price.usualMicroUsd ?? null,
    nineInTenMicroUsd: price.nineInTenMicroUsd ?? null,
    capMicroUsd: plan.capMicroUsd,
    floorMicroUsd,
    portfolio: portfolioDocument(payer),
    experiment: experimentDocument(payer),
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

function portfolioDocument(payer: Payer) {
  if (payer.kind !== 'portfolio') return null
  const { purpose, value, budget, 'high-cost': highCost } = payer.portfolio
  return {
    name: payer.name,
    purpose,
    value,
    budgetMicroUsd: budget.usd,
    per: budget.per,
    highCost: highCost ?? null,
  }
}

function experimentDocument(payer: Payer) {
  if (payer.kind !== 'experiment') return null
  const { project, scope, budget, metering } = payer.experiment
  return {
    name: payer.name,
    project,
    paths: scope.paths,
    lastDay: lastDayOf(payer.experiment),
    budgetMicroUsd: budget.usd,
    metering,
  }
}

function paidBy(payer: Payer): string {
  const left = 'what is left of it only the App knows.'
  if (payer.kind === 'portfolio') {
    const { purpose, value, budget } = payer.portfolio
    return `Paid by ${payer.name}: ${purpose} (${value}). ${formatUsd(budget.usd)} a ${budget.per}; ${left}`
  }
  const { project, scope, budget, metering } = payer.experiment
  const shadow = metering === 'flat-rate' ? ' It is paid for at a flat rate, so these are shadow prices.' : ''
  return (
    `Paid by the experiment ${payer.name}: ${project}. Until the end of ${lastDayOf(payer.experiment)}, only within ` +
    `${scope.paths.join(', ')}. ${formatUsd(budget.usd)} in all; ${left}${shadow}`
  )
}

function lines({ plan, payer }: Resolved, price: Quote, reference: ReferenceRun | undefined): string[] {
  const highCost = payer.terms['high-cost']
  return [
    `${plan.workflow}${plan.variant === undefined ? '' : `/${plan.variant}`}: ${quoteLine(price).replaceAll('**', '')}`,
    ...(reference === undefined ? [] : [referenceLine(reference)]),
    paidBy(payer),
    ...(highCost === undefined ? [] : [highCost]),
    ...Object.entries(plan.prices).map(
      ([model, { input, output, source }]) =>
        `${model}: ${formatUsd(input)} in, ${formatUsd(output)} out per million tokens (${source})`,
    ),
  ]
}
