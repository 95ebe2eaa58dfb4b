/** `purser new`: a workflow, a variant or an agent of one's own that passes `purser check` and runs as it is written. */
import type { Configuration } from '../../core/config/configuration.ts'
import { name as nameSchema } from '../../core/config/units.ts'
import { payerOf } from '../../core/money/payer.ts'
import { didYouMean, listed } from '../../core/nearest.ts'
import { findWorkflow } from '../../core/plan/resolve.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import { type Checkout, declaredConfiguration, readCheckout } from '../checkout.ts'
import type { NewOptions, NewVariantOptions, NewWorkflowOptions } from '../commands/new.ts'
import { type ExitCode, endRefused, endWrongUsage, exitCodes } from '../exit.ts'
import { type LayerFiles, schemasNamedIn, writeLayerFiles } from './layer-files.ts'
import { agentTexts, variantTexts, workflowTexts } from './new-texts.ts'
import { choosePayer, withWorkflow } from './portfolio-entry.ts'
import { sayWritten } from './say-written.ts'

const AGENT = 'engineer'
const COMMIT = 'Commit it to the default branch; nothing on another branch is read.'

/** What is to be written, and what whoever asked for it does then. */
interface Made {
  readonly files: LayerFiles
  readonly next: readonly string[]
}

export function newWorkflow(name: string, options: NewWorkflowOptions): ExitCode {
  return make(name, options, (checkout, configuration): Made | Refusal => {
    const existing = configuration.families.get(name)
    if (existing) {
      const todo =
        existing.layer === 'built-in'
          ? `\`purser eject ${name}\` makes it this repository’s own; \`purser new variant ${name}/NAME\` lays a variant over it.`
          : `Change it there, or lay a variant over it: \`purser new variant ${name}/NAME\`.`
      return refuse('already-there', `There is a workflow \`${name}\` already, in ${existing.file}.`, todo)
    }
    const agent = options.agent ?? AGENT
    if (!configuration.agents.has(agent)) return unknown('agent', agent, configuration.agents.keys())
    const payer = choosePayer(configuration, options.portfolio)
    if (isRefusal(payer)) return payer
    const portfolios = withWorkflow(checkout, payer.name, name)
    if (isRefusal(portfolios)) return portfolios
    return {
      files: { added: workflowTexts(name, payer, agent, schemasNamedIn(checkout)), portfolios },
      next: [
        `Say in catalog/${name}/work.md what it is to do, and in workflow.yml its summary, guards and cap.`,
        `Try it on the commit that is checked out: \`purser run ${name} --dry-run\`, then without --dry-run.`,
        `${COMMIT} It is paid by ${payer.name}.`,
      ],
    }
  })
}

export function newVariant(target: string, options: NewVariantOptions): ExitCode {
  const [workflow = '', name = '', ...more] = target.split('/')
  if (name === '' || more.length > 0) {
    const expected = 'expected <workflow>/<name>; for example refactor+tests/small-steps'
    return endWrongUsage(`"${target}" is no variant; ${expected}`, options.json)
  }
  return make(name, options, (checkout, configuration): Made | Refusal => {
    const found = findWorkflow(configuration, { workflow, variant: undefined })
    if (isRefusal(found)) return found
    const family = configuration.families.get(workflow)
    const existing = family?.variants.get(name)
    if (!family || existing) {
      return refuse('already-there', `\`${workflow}\` has a variant \`${name}\` already, in ${existing?.file}.`)
    }
    const squads = Object.keys(configuration.portfolios.exploration?.squads ?? {})
    if (options.squad !== undefined && !squads.includes(options.squad)) return unknown('squad', options.squad, squads)
    const paying = payerOf(configuration, workflow)
    return {
      files: { added: variantTexts(family, name, options.squad, schemasNamedIn(checkout)) },
      next: [
        `Change what differs in catalog/${workflow}, and say it in the variant’s summary.`,
        ...(paying ? [] : [`Add ${workflow} to a portfolio: until then nothing pays for its variants either.`]),
        `Try it on the commit that is checked out: \`purser run ${target} --dry-run\`, then without --dry-run.`,
        COMMIT,
      ],
    }
  })
}

export function newAgent(name: string, options: NewOptions): ExitCode {
  return make(name, options, (_, { agents }): Made | Refusal => {
    const existing = agents.get(name)
    if (existing) {
      const where = existing.layer === 'built-in' ? 'built in' : `in the ${existing.layer}’s catalog`
      return refuse('already-there', `There is an agent \`${name}\` already, ${where}.`)
    }
    return {
      files: { added: agentTexts(name) },
      next: [
        `Say in catalog/agents/${name}.agent.md how it works and which tools it needs.`,
        `Give it work: \`purser new workflow NAME --agent ${name}\`, or name it in a step as \`agent: ${name}\`.`,
        COMMIT,
      ],
    }
  })
}

function make(
  name: string,
  { dir, organisation, json }: NewOptions,
  plan: (checkout: Checkout, configuration: Configuration) => Made | Refusal,
): ExitCode {
  const named = nameSchema.safeParse(name)
  if (!named.success) return endWrongUsage(`"${name}" is ${named.error.issues[0]?.message}`, json)
  const checkout = readCheckout(dir, organisation)
  if (isRefusal(checkout)) return endRefused(checkout, json)
  const configuration = declaredConfiguration(checkout)
  if (isRefusal(configuration)) return endRefused(configuration, json)
  const made = plan(checkout, configuration)
  if (isRefusal(made)) return endRefused(made, json)
  const written = writeLayerFiles(checkout, made.files)
  if (isRefusal(written)) return endRefused(written, json)
  sayWritten({ written, kept: [], next: made.next }, json)
  return exitCodes.done
}

function unknown(what: 'agent' | 'squad', name: string, known: Iterable<string>): Refusal {
  const names = [...known]
  const there = names.length === 0 ? ` There is no ${what} yet.` : ` There are ${listed(names)}.`
  const message = `There is no ${what} \`${name}\`.${didYouMean(name, names) || there}`
  return refuse('input-invalid', message, `Name one that is there, or leave --${what} out.`)
}
