/** `purser list`: the workflows that a portfolio pays for. */
import type { Configuration, Family } from '../core/config/configuration.ts'
import type { InputDeclaration } from '../core/config/workflow.ts'
import { formatUsd, minBigint } from '../core/money.ts'
import { isRefusal } from '../core/reason.ts'
import { payingPortfolio } from '../core/resolve.ts'
import { declaredConfiguration, readCheckout } from './checkout.ts'
import type { ListOptions } from './commands/list.ts'
import { type ExitCode, endRefused, exitCodes, printJson } from './exit.ts'

export function list({ dir, organisation, json }: ListOptions): ExitCode {
  const checkout = readCheckout(dir, organisation)
  const configuration = isRefusal(checkout) ? checkout : declaredConfiguration(checkout)
  if (isRefusal(configuration)) return endRefused(configuration, json)
  const workflows = [...configuration.families.values()].flatMap((family) => offered(configuration, family))
  if (json) printJson({ workflows })
  else
    process.stdout.write(
      workflows.length === 0 ? 'No portfolio names a workflow.\n' : `${workflows.map(entry).join('\n\n')}\n`,
    )
  return exitCodes.done
}

type Offered = ReturnType<typeof offered>[number]

function offered(configuration: Configuration, family: Family) {
  const paying = payingPortfolio(configuration, family.name)
  if (!paying) return []
  const { baseline } = family
  const variants = [...family.variants.values()].map(({ name, overlay, workflow }) => ({
    name,
    summary: workflow.summary,
    squad: overlay.squad ?? null,
    capMicroUsd: capOf(workflow.cap.usd, paying.portfolio.cap?.usd),
  }))
  return [
    {
      name: family.name,
      summary: baseline.summary,
      portfolio: paying.name,
      purpose: paying.portfolio.purpose,
      value: baseline.value,
      capMicroUsd: capOf(baseline.cap.usd, paying.portfolio.cap?.usd),
      access: baseline.access,
      on: baseline.on,
      deliver: baseline.deliver,
      layer: family.layer,
      inputs: Object.entries(baseline.inputs).map(([name, input]) => inputOf(name, input)),
      variants,
    },
  ]
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

function entry({ name, summary, portfolio, value, capMicroUsd, inputs, variants, on, layer }: Offered): string {
  return [
    name,
    `  ${summary}`,
    `  Never more than ${formatUsd(capMicroUsd)}; paid by ${portfolio} for ${value}; on ${on.join(', ')}.${keptBy[layer]}`,
    ...inputs.map((input) => `  ${input.name}=  ${inputWords(input)}`),
    ...variants.map(
      (variant) => `  ${name}/${variant.name}  ${variant.summary} (${formatUsd(variant.capMicroUsd)} at most)`,
    ),
  ].join('\n')
}

function inputWords(input: Offered['inputs'][number]): string {
  const type = input.options ? input.options.join(' | ') : input.type
  const without = input.required ? 'has to be given' : `${JSON.stringify(input.default)} when left out`
  return [...(input.description === null ? [] : [`${input.description};`]), `${type};`, without].join(' ')
}
