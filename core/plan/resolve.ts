/** From a name to a plan: finds the workflow and who pays for it, checks inputs and overrides, settles models and prices. */

import type { OverrideName } from '../command/command.ts'
import type { CatalogWorkflow, Configuration } from '../config/configuration.ts'
import { subjectsOf } from '../config/trigger.ts'
import { minBigint, mulDivCeil } from '../money/money.ts'
import { isOver, type Payer, payerOf, refuseOver } from '../money/payer.ts'
import type { PriceList } from '../money/prices.ts'
import { didYouMean, listed } from '../nearest.ts'
import { isRefusal, type Refusal, refuse } from '../reason.ts'
import { type Assigned, BASELINE } from './assignment.ts'
import type { Plan, Subject } from './plan.ts'
import { readInputs } from './resolve-inputs.ts'
import { planSteps } from './resolve-nested.ts'
import { readOverrides } from './resolve-overrides.ts'

export interface RunRequest {
  readonly workflow: string
  /** `baseline`: the baseline, and no assignment. */
  readonly variant?: string | undefined
  /** Where nobody chose the side and a share is declared: `assignSide`. */
  readonly assigned?: Assigned | undefined
  readonly inputs: Readonly<Record<string, string>>
  readonly overrides: Readonly<Partial<Record<OverrideName, string>>>
}

export interface Resolved {
  /** Its `capMicroUsd` is the cap asked for; the hold may turn out smaller. */
  readonly plan: Plan
  /** The portfolio or experiment that the workflow belongs to. */
  readonly payer: Payer
  /** The least that the run is worth starting with. */
  readonly floorMicroUsd: bigint
  /** The squad that proposed the variant, for credit. */
  readonly squad?: string | undefined
  /** What somebody needs on GitHub to start it. */
  readonly access: 'triage' | 'write' | 'maintain'
}

/** The least that a run is worth starting with, where its workflow declares none: this part of its cap. */
const FLOOR_PART = 10n

/** `now` decides whether an experiment is over. */
export function resolveRun(
  configuration: Configuration,
  request: RunRequest,
  subject: Subject,
  keptPrices: PriceList,
  now: Date,
): Resolved | Refusal {
  if (!configuration.declared) return refuse('no-configuration')
  const variant = request.variant === BASELINE ? undefined : request.variant
  const found = findWorkflow(configuration, request)
  if (isRefusal(found)) return found
  const { workflow, squad } = found
  const wrongSubject = refuseSubject(workflow, subject)
  if (wrongSubject) return wrongSubject
  const payer = payerOf(configuration, workflow.name)
  if (!payer)
    return refuse('no-portfolio', `The workflow \`${workflow.name}\` is in no portfolio, so nothing pays for it.`)
  if (payer.kind === 'experiment' && isOver(payer.experiment, now, configuration.portfolios['time-zone'])) {
    return refuseOver(payer, workflow.name)
  }
  const inputs = readInputs(workflow, request.inputs)
  if (isRefusal(inputs)) return inputs
  const base = minBigint(workflow.cap.usd, payer.terms.cap?.usd ?? workflow.cap.usd)
  const overrides = readOverrides(request.overrides, payer, base, workflow.floor?.usd)
  if (isRefusal(overrides)) return overrides
  const planned = planSteps({ configuration, overrides, keptPrices }, workflow, inputs)
  if (isRefusal(planned)) return planned

  const capMicroUsd = overrides.capMicroUsd
  const plan: Plan = {
    version: 1,
    workflow: workflow.name,
    ...(variant === undefined ? {} : { variant }),
    ...(request.assigned === undefined ? {} : { assigned: request.assigned }),
    portfolio: payer.name,
    subject,
    inputs,
    ...(Object.keys(request.overrides).length === 0 ? {} : { overrides: request.overrides }),
    ...(workflow.setup ? { setup: workflow.setup } : {}),
    ...(workflow.when ? { when: workflow.when } : {}),
    steps: planned.steps,
    ...(Object.keys(planned.nested).length === 0 ? {} : { nested: planned.nested }),
    agents: planned.agents,
    guards: guardsUnder(payer, workflow),
    deliver: workflow.deliver,
    ...(planned.approve ? { approve: planned.access } : {}),
    ...(workflow.labels.length === 0 ? {} : { labels: workflow.labels }),
    prices: planned.prices,
    ...(configuration.portfolios.models.endpoint && { endpoint: configuration.portfolios.models.endpoint }),
    capMicroUsd,
    ownCapMicroUsd: base,
    ...(workflow.cap.tokens === undefined ? {} : { capTokens: inProportion(workflow.cap.tokens, capMicroUsd, base) }),
    timeoutMinutes: workflow['timeout-minutes'],
  }
  return {
    plan,
    payer,
    floorMicroUsd: workflow.floor?.usd ?? mulDivCeil(capMicroUsd, 1n, FLOOR_PART),
    squad,
    access: planned.access,
  }
}

/** An experiment's scope comes beside the workflow's own guards: work has to satisfy both. */
function guardsUnder(payer: Payer, { guards }: CatalogWorkflow): Plan['guards'] {
  if (payer.kind === 'portfolio') return guards
  return { ...guards, scope: { experiment: payer.name, paths: payer.experiment.scope.paths } }
}

/** The workflow or variant of that name, where `baseline` names the workflow itself; a refusal names the nearest. */
export function findWorkflow(
  { families }: Configuration,
  { workflow, variant }: Pick<RunRequest, 'workflow' | 'variant'>,
): { readonly workflow: CatalogWorkflow; readonly squad?: string | undefined } | Refusal {
  const family = families.get(workflow)
  if (!family) {
    return refuse('unknown-workflow', `There is no workflow \`${workflow}\`.${didYouMean(workflow, families.keys())}`)
  }
  if (variant === undefined || variant === BASELINE) return { workflow: family.baseline }
  const found = family.variants.get(variant)
  if (found) return { workflow: found.workflow, squad: found.overlay.squad }
  const names = [...family.variants.keys()]
  const there = names.length === 0 ? ' It has no variants.' : didYouMean(variant, names) || ` It has ${listed(names)}.`
  return refuse('unknown-variant', `The workflow \`${workflow}\` has no variant \`${variant}\`.${there}`)
}

const subjectWords = { 'pull-request': 'a pull request', issue: 'an issue', push: 'a push', local: 'a local checkout' }

function refuseSubject({ name, on }: CatalogWorkflow, { kind }: Subject): Refusal | undefined {
  // On a local checkout there is nothing to deliver to, so every workflow can be tried there.
  const subjects = subjectsOf(on)
  if (kind === 'local' || subjects.includes(kind)) return undefined
  const takes = subjects.map((one) => subjectWords[one]).join(' or ')
  return refuse('wrong-subject', `The workflow \`${name}\` works on ${takes}, not on ${subjectWords[kind]}.`)
}

function inProportion(tokens: number, capMicroUsd: bigint, baseMicroUsd: bigint): number {
  return Math.max(1, Number((BigInt(tokens) * capMicroUsd) / baseMicroUsd))
}
