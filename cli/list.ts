/** `purser list`: the workflows that a portfolio or an experiment pays for. */
import type { Configuration, Family } from '../core/config/configuration.ts'
import { subjectsOf } from '../core/config/trigger.ts'
import type { InputDeclaration } from '../core/config/workflow.ts'
import { formatAtMostUsd, minBigint } from '../core/money/money.ts'
import { isOver, lastDayOf, type Payer, payerOf } from '../core/money/payer.ts'
import { oneLine } from '../core/one-line.ts'
import { spendPerAcceptedMicroUsd } from '../core/promotion/tally.ts'
import { isRefusal } from '../core/reason.ts'
import { type AcceptedLately, acceptedLine } from '../core/text/accepted-line.ts'
import { highCostWords } from '../core/text/paying-account.ts'
import { declaredConfiguration, readCheckout } from './checkout.ts'
import type { ListOptions } from './commands/list.ts'
import { type ExitCode, endProblem, endRefused, exitCodes, printJson } from './exit.ts'
import type { Lately } from './ledger/list-ledger.ts'

export async function list({ dir, organisation, ledger, repository, json }: ListOptions): Promise<ExitCode> {
  const checkout = readCheckout(dir, organisation)
  const configuration = isRefusal(checkout) ? checkout : declaredConfiguration(checkout)
  if (isRefusal(configuration)) return endRefused(configuration, json)
  const read = ledger ? await readAccepted(configuration, repository) : nothingRead
  if ('problem' in read) return endProblem(read.problem, json)
  const workflows = [...configuration.families.values()].flatMap((family) => offered(configuration, family, read))
  if (json) printJson({ workflows })
  else
    process.stdout.write(
      workflows.length === 0
        ? 'No portfolio or experiment names a workflow.\n'
        : `${workflows.map(entry).join('\n\n')}\n`,
    )
  return exitCodes.done
}

type Offered = ReturnType<typeof offered>[number]

const nothingRead: Lately = { accepted: new Map(), worth: new Map() }

/** The ledger's parts take a second to load, and the list needs none of them. */
async function readAccepted(
  configuration: Configuration,
  repository: string | undefined,
): Promise<Lately | { readonly problem: string }> {
  const { readAcceptedLately } = await import('./ledger/list-ledger.ts')
  return readAcceptedLately(configuration, repository)
}

function offered(configuration: Configuration, family: Family, { accepted, worth }: Lately) {
  const payer = payerOf(configuration, family.name)
  if (!payer) return []
  const { baseline } = family
  const variants = [...family.variants.values()].map(({ name, overlay, workflow }) => ({
    name,
    summary: workflow.summary,
    squad: overlay.squad ?? null,
    capMicroUsd: capOf(workflow.cap.usd, payer.terms.cap?.usd),
  }))
  return [
    {
      name: family.name,
      summary: baseline.summary,
      portfolio: payer.kind === 'portfolio' ? payer.name : null,
      purpose: payer.kind === 'portfolio' ? payer.portfolio.purpose : payer.experiment.project,
      experiment: experimentOf(configuration, payer),
      value: baseline.value,
      capMicroUsd: capOf(baseline.cap.usd, payer.terms.cap?.usd),
      accepted: acceptedOf(accepted.get(family.name)),
      highCost: highCostOf(payer, worth.get(payer.name)),
      access: baseline.access,
      on: subjectsOf(baseline.on),
      deliver: baseline.deliver,
      layer: family.layer,
      inputs: Object.entries(baseline.inputs).map(([name, input]) => inputOf(name, input)),
      variants,
    },
  ]
}

/** What the spend for each accepted run rests on, which is never told without its count and its unknowns. */
function acceptedOf(lately: AcceptedLately | undefined) {
  if (lately === undefined) return null
  const { spend, days } = lately
  const perAcceptedMicroUsd = spendPerAcceptedMicroUsd(spend) ?? null
  return {
    days,
    accepted: spend.accepted,
    unknown: spend.unknown,
    spendMicroUsd: spend.spendMicroUsd,
    perAcceptedMicroUsd,
  }
}

function highCostOf({ name, terms }: Payer, worth: AcceptedLately | undefined) {
  const reason = terms['high-cost']
  return reason === undefined ? null : { portfolio: name, reason, worth: acceptedOf(worth) }
}

function experimentOf({ portfolios }: Configuration, payer: Payer) {
  if (payer.kind !== 'experiment') return null
  const { name, experiment } = payer
  const over = isOver(experiment, new Date(), portfolios['time-zone'])
  return { name, paths: experiment.scope.paths, lastDay: lastDayOf(experiment), over }
}

function inputOf(name: string, input: InputDeclaration) {
  return {
    name,
    type: input.type,
    description: input.description ?? null,
    required: input.default === undefined,
    default: input.default ?? null,
    ...(input.type === 'choice' ? { options: input.options } : {}),
  }
}

function capOf(workflow: bigint, portfolio: bigint | undefined): bigint {
  return minBigint(workflow, portfolio ?? workflow)
}

/** Who looks after it; what comes with Purser needs no word. */
const keptBy = { 'built-in': '', organisation: ' Kept by the organisation.', repository: ' Kept in this repository.' }

function entry(offered: Offered): string {
  const { name, summary, capMicroUsd, accepted, highCost, inputs, variants, on, layer } = offered
  return [
    name,
    `  ${summary}`,
    `  Never more than ${formatAtMostUsd(capMicroUsd)}; paid by ${payerWords(offered)}; on ${on.join(', ')}.${keptBy[layer]}`,
    ...acceptedWords(accepted),
    ...highCostLine(highCost),
    ...inputs.map((input) => `  ${input.name}=  ${inputWords(input)}`),
    ...variants.map(
      (variant) => `  ${name}/${variant.name}  ${variant.summary} (${formatAtMostUsd(variant.capMicroUsd)} at most)`,
    ),
  ]
    .map(oneLine)
    .join('\n')
}

function acceptedWords(accepted: Offered['accepted']): readonly string[] {
  const line = acceptedLine(latelyOf(accepted))
  return line === undefined ? [] : [`  ${line}`]
}

function highCostLine(declared: Offered['highCost']): readonly string[] {
  if (declared === null) return []
  const { portfolio: name, reason: highCost, worth } = declared
  return [`  High cost is right here: ${highCostWords({ name, highCost, worth: latelyOf(worth) }, true)}`]
}

function latelyOf(accepted: Offered['accepted']): AcceptedLately | undefined {
  return accepted === null ? undefined : { spend: accepted, days: accepted.days }
}

function payerWords({ portfolio, value, experiment, purpose }: Offered): string {
  if (experiment === null) return `${portfolio} for ${value}`
  const { name, over, lastDay, paths } = experiment
  if (over) return `nothing, since the experiment ${name} ended on ${lastDay}`
  return `the experiment ${name} (${purpose}) until the end of ${lastDay}, within ${paths.join(', ')}`
}

function inputWords(input: Offered['inputs'][number]): string {
  const type = input.options ? input.options.join(' | ') : input.type
  const without = input.required ? 'has to be given' : `${JSON.stringify(input.default)} when left out`
  return [...(input.description === null ? [] : [`${input.description};`]), `${type};`, without].join(' ')
}
