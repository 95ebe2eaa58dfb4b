/** `purser quote`: the price before a run, from what local runs have cost. */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { ReferenceRun } from '../catalog/reference-runs.ts'
import type { Configuration } from '../core/config/configuration.ts'
import { formatUsd } from '../core/money/money.ts'
import { lastDayOf, type Payer } from '../core/money/payer.ts'
import { QUOTE_RUNS_MAX, type Quote, quoteRun } from '../core/money/quote.ts'
import { oneLine } from '../core/one-line.ts'
import { assignmentOf, sharesOf, withWayOut } from '../core/plan/assignment.ts'
import { type Resolved, type RunRequest, resolveRun } from '../core/plan/resolve.ts'
import { floorReach, floorReachLine } from '../core/promotion/floor-reach.ts'
import { isRefusal } from '../core/reason.ts'
import { hashLine } from '../core/text/assigned-line.ts'
import { quoteLine } from '../core/text/quote-line.ts'
import { declaredConfiguration, readCheckout } from './checkout.ts'
import type { QuoteOptions } from './commands/quote.ts'
import { type ExitCode, endRefused, endWrongUsage, exitCodes, printJson } from './exit.ts'
import { referenceLine, referenceRun } from './replay/reference-run.ts'
import { readRequest } from './request.ts'
import { keptSpends } from './run/kept-runs.ts'

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
  const sided = onSubject(configuration, request, options.subject)
  if ('usage' in sided) return endWrongUsage(sided.usage, options.json)
  const resolved = resolveRun(configuration, sided, subject, checkout.keptPrices, new Date())
  if (isRefusal(resolved)) return endRefused(withWayOut(resolved, sided), options.json)
  const { capMicroUsd, workflow, variant } = resolved.plan
  const spends = keptSpends(checkout.root, workflow, variant, QUOTE_RUNS_MAX)
  const price = quoteRun(spends, capMicroUsd, capMicroUsd)
  const reference = price.runs === 0 ? referenceRun(configuration, resolved.plan) : undefined
  const outOfReach = outOfReachLine(configuration, resolved, price)
  if (options.json)
    printJson({
      ...document(resolved, price),
      assigned: resolved.plan.assigned ?? null,
      outOfReach: outOfReach?.[0] ?? null,
      reference: reference ?? null,
    })
  else process.stdout.write(`${[...lines(resolved, price, reference), ...(outOfReach ?? [])].join('\n')}\n`)
  return exitCodes.done
}

/** The request with the side that the subject is assigned to, where one is named. */
function onSubject(
  { portfolios }: Configuration,
  request: RunRequest,
  subject: string | undefined,
): RunRequest | { readonly usage: string } {
  if (subject === undefined) return request
  if (!/^(pull-request|issue):[1-9]\d{0,8}$/.test(subject)) {
    return {
      usage: `"${subject}" is no subject; expected pull-request:<number> or issue:<number>; for example pull-request:12`,
    }
  }
  const shares = sharesOf(portfolios, request.workflow)
  if (request.variant !== undefined || shares.length === 0) return request
  const sha256Hex = (text: string) => createHash('sha256').update(text).digest('hex')
  return { ...request, ...assignmentOf(shares, request.workflow, subject, sha256Hex) }
}

/** Of a variant that somebody chose; who pays is known only on a subject, so a squad is taken for granted. */
function outOfReachLine({ portfolios, promotion }: Configuration, { plan, payer }: Resolved, price: Quote) {
  const { exploration } = portfolios
  const isTried = plan.variant !== undefined && plan.assigned === undefined && payer.kind === 'portfolio'
  if (!isTried || exploration === undefined) return undefined
  const tokens = plan.capTokens === undefined ? undefined : BigInt(plan.capTokens)
  const line = floorReachLine(
    floorReach(exploration, promotion, { microUsd: price.usualMicroUsd ?? price.capMicroUsd, tokens }),
  )
  return line === undefined ? undefined : [`${line}.`]
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
    ...(plan.assigned === undefined ? [] : [hashLine(plan.assigned).replaceAll('`', '"')]),
    paidBy(payer),
    ...(highCost === undefined ? [] : [highCost]),
    ...Object.entries(plan.prices).map(
      ([model, { input, output, source }]) =>
        `${model}: ${formatUsd(input)} in, ${formatUsd(output)} out per million tokens (${source})`,
    ),
  ].map(oneLine)
}
