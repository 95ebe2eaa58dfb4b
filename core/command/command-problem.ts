/** Whether a command that is well written names what the catalog has, within what its portfolio allows. */

import type { Configuration } from '../config/configuration.ts'
import { minBigint } from '../money/money.ts'
import { payerOf } from '../money/payer.ts'
import { didYouMean, listed, nearest } from '../nearest.ts'
import { BASELINE } from '../plan/assignment.ts'
import { findWorkflow } from '../plan/resolve.ts'
import { inputProblems } from '../plan/resolve-inputs.ts'
import { overrideProblems, readOverrides } from '../plan/resolve-overrides.ts'
import { isRefusal, type Refusal } from '../reason.ts'
import { type Command, type InvalidCommand, type LooseText, verbs } from './command.ts'
import { asCode, quoted } from './command-tokens.ts'

/** The problem in words, or `undefined`. Missing inputs, budgets and permission are left for the run. */
export function commandProblem(command: Command, configuration: Configuration): string | undefined {
  const { workflow, variant, agent } = command
  if (agent !== null && !configuration.agents.has(agent)) {
    return `There is no agent \`${agent}\`.${didYouMean(agent, configuration.agents.keys())}`
  }
  const impossible = overrideProblems(command.overrides)
  // The workflow is the session's, with what its portfolio allows.
  if (workflow === null) return impossible.length === 0 ? undefined : impossible.join(' ')
  const found = findWorkflow(configuration, { workflow, variant: variant ?? undefined })
  if (isRefusal(found)) return orVerb(found, workflow, configuration).message
  if (command.verb === 'offer' && variant === BASELINE) {
    return `\`${BASELINE}\` is the workflow itself, which is offered without it; write \`/agent offer ${workflow}\`.`
  }
  const wrong = [...inputProblems(found.workflow, command.inputs), ...impossible]
  if (wrong.length > 0) return wrong.join(' ')
  const payer = payerOf(configuration, workflow)
  if (!payer) return undefined
  const { cap, floor } = found.workflow
  const base = minBigint(cap.usd, payer.terms.cap?.usd ?? cap.usd)
  const overrides = readOverrides(command.overrides, payer, base, floor?.usd)
  return isRefusal(overrides) ? overrides.message : undefined
}

/** The refusal of a workflow that is not there: in a comment its name may have been meant as a verb. */
export function orVerb(refusal: Refusal, workflow: string, { families }: Configuration): Refusal {
  if (refusal.reason !== 'unknown-workflow') return refusal
  const meant = nearest(workflow, [...families.keys(), ...verbs])
  if (meant === undefined || families.has(meant)) return refusal
  return { ...refusal, message: `There is no workflow \`${workflow}\`. Did you mean \`/agent ${meant}\`?` }
}

/** What is wrong with a command that is not well written; where a text stands in place of an input, by the catalog. */
export function invalidProblem({ problem, loose }: InvalidCommand, configuration: Configuration): string {
  return (loose && looseProblem(loose, configuration)) ?? problem
}

function looseProblem({ workflow, variant, word, text, given }: LooseText, configuration: Configuration) {
  const joined = ['+', '-'].map((sign) => `${workflow}${sign}${word}`).find((name) => configuration.families.has(name))
  const found = findWorkflow(configuration, { workflow, variant: variant ?? undefined })
  if (isRefusal(found)) {
    return joined === undefined
      ? orVerb(found, workflow, configuration).message
      : `There is no workflow \`${workflow}\`. Did you mean \`${joined}\`?`
  }
  if (joined !== undefined) return undefined
  const { inputs } = found.workflow
  const [input] = Object.entries(inputs).find(([, { type }]) => type === 'string') ?? []
  const said = `After the workflow only inputs are expected, but there is ${asCode(text)}.`
  if (input !== undefined && given.includes(input)) return `${said} Take it into the quotes of \`${input}\`.`
  if (input !== undefined) return `${said} Write ${asCode(`${input}=${quoted(text)}`)}.`
  const names = Object.keys(inputs)
  return `${said} The workflow \`${workflow}\` takes ${names.length === 0 ? 'none' : `${listed(names)} and no other text`}.`
}
