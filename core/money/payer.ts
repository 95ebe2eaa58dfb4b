/** Who pays for a workflow and its variants: the one portfolio or experiment that names it. */

import type { Configuration } from '../config/configuration.ts'
import type { Experiment, Portfolio } from '../config/portfolios.ts'
import { type Refusal, refuse } from '../reason.ts'
import { dayOf } from './calendar.ts'

/** What a payer says of each single run. */
export type PayerTerms = Pick<Portfolio, 'cap' | 'confirm-over' | 'overrides' | 'enforce' | 'high-cost'>

export type Payer =
  | { readonly kind: 'portfolio'; readonly name: string; readonly terms: PayerTerms; readonly portfolio: Portfolio }
  | { readonly kind: 'experiment'; readonly name: string; readonly terms: PayerTerms; readonly experiment: Experiment }

export type PayingExperiment = Extract<Payer, { kind: 'experiment' }>

/** A run under an experiment has its workflow's own cap, nothing beyond it, and a budget that refuses. */
const EXPERIMENT_TERMS: PayerTerms = { overrides: {}, enforce: 'cap' }

export function payerOf({ portfolios: file }: Pick<Configuration, 'portfolios'>, workflow: string): Payer | undefined {
  const portfolio = naming(file.portfolios, workflow)
  if (portfolio) return portfolioPayer(...portfolio)
  const experiment = naming(file.experiments, workflow)
  return experiment && experimentPayer(...experiment)
}

export function portfolioPayer(name: string, portfolio: Portfolio): Payer {
  return { kind: 'portfolio', name, terms: portfolio, portfolio }
}

export function experimentPayer(name: string, experiment: Experiment): PayingExperiment {
  return { kind: 'experiment', name, terms: EXPERIMENT_TERMS, experiment }
}

function naming<One extends { readonly workflows: readonly string[] }>(
  all: Readonly<Record<string, One>>,
  workflow: string,
): [string, One] | undefined {
  return Object.entries(all).find(([, { workflows }]) => workflows.includes(workflow))
}

/** The last day that belongs to an experiment, its extension counted: `2026-12-31`. */
export function lastDayOf({ ends, extended }: Pick<Experiment, 'ends' | 'extended'>): string {
  return extended?.until ?? ends
}

export function isOver(experiment: Experiment, now: Date, timeZone: string): boolean {
  return dayOf(now, timeZone) > lastDayOf(experiment)
}

/** The refusal of a run whose experiment has ended, and the two ways on. */
export function refuseOver({ name, experiment }: PayingExperiment, workflow: string): Refusal {
  const graduate = `move \`${workflow}\` into the \`workflows\` of a portfolio`
  const todo = experiment.extended
    ? `It has had its one extension. A maintainer can ${graduate}, with which it enters the catalog.`
    : `A maintainer can extend it once with a reason (\`experiments.${name}.extended\` in \`.github/purser/portfolios.yml\`), ` +
      `or ${graduate}, with which it enters the catalog.`
  return refuse(
    'experiment-over',
    `The experiment \`${name}\`, which paid for \`${workflow}\`, ended on ${lastDayOf(experiment)}.`,
    todo,
  )
}
