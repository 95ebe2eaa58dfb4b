/**
 * A workflow's steps as a plan has them: those of nested workflows stand among them, with what each of these declares
 * beside it, so that a runner has nothing left to look up. What is wrong with nesting itself (a name that is not there, a
 * circle, too deep) is found by `purser check`, before anything is resolved.
 */
import { isSame } from '../canonical.ts'
import type { CatalogWorkflow, Configuration } from '../config/configuration.ts'
import type { WorkflowStep } from '../config/workflow.ts'
import type { Price } from '../money/price.ts'
import type { PriceList } from '../money/prices.ts'
import { isRefusal, type Refusal } from '../reason.ts'
import type { PlanAgent, PlanNested, PlanStep } from './plan.ts'
import { type InputValue, readInputs } from './resolve-inputs.ts'
import { settleModels } from './resolve-models.ts'
import type { Overrides } from './resolve-overrides.ts'
import { showCommand, soleExpression } from './template.ts'

export interface PlannedSteps {
  readonly steps: PlanStep[]
  readonly nested: Record<string, PlanNested>
  readonly agents: Record<string, PlanAgent>
  readonly prices: Record<string, Price>
  /** The highest access that any of the workflows asks for. */
  readonly access: CatalogWorkflow['access']
  /** Whether any of them asks for a person's look before the work is delivered. */
  readonly approve: boolean
}

interface Sources {
  readonly configuration: Configuration
  readonly overrides: Pick<Overrides, 'model' | 'effort'>
  readonly keptPrices: PriceList
}

/** Where a workflow's steps go: into the plan itself, or below a key. */
interface Place {
  readonly key: string | undefined
  readonly inputs: Readonly<Record<string, InputValue>>
  readonly said: PlanNested['said']
  /** Basis points of the cap that all of it may use; shares within are parts of this. */
  readonly share: number
}

const WHOLE = 10_000
const ACCESS = ['triage', 'write', 'maintain'] as const

export function planSteps(
  sources: Sources,
  workflow: CatalogWorkflow,
  inputs: Readonly<Record<string, InputValue>>,
): PlannedSteps | Refusal {
  return layOut(sources, workflow, { key: undefined, inputs, said: {}, share: WHOLE })
}

function layOut(sources: Sources, workflow: CatalogWorkflow, place: Place): PlannedSteps | Refusal {
  const settled = settleModels(sources.configuration, workflow, sources.overrides, sources.keptPrices)
  if (isRefusal(settled)) return settled
  // Within a nested workflow the same agent may have another model, so it goes by the name of both.
  const agentKey = (name: string) => keyIn(place.key, name)
  let planned: PlannedSteps = {
    steps: [],
    nested: {},
    agents: Object.fromEntries(
      Object.entries(settled.agents).map(([name, agent]) => [agentKey(name), withKeys(agent, agentKey)]),
    ),
    prices: settled.prices,
    access: workflow.access,
    approve: workflow.approve,
  }
  for (const step of workflow.steps) {
    const more =
      'workflow' in step ? layNested(sources, step, place) : oneStep(planStep(step, workflow, place, agentKey))
    if (isRefusal(more)) return more
    planned = join(planned, more)
  }
  return planned
}

function layNested(sources: Sources, step: WorkflowStep, place: Place): PlannedSteps | Refusal {
  const { workflow, name, variant } = nestedWorkflow(sources.configuration, step.workflow)
  const key = keyIn(place.key, step.id)
  const given = giveInputs(workflow, step, place)
  if (isRefusal(given)) return given
  const share = partOf(place.share, step.share)
  const inner = layOut(sources, workflow, { key, ...given, share })
  if (isRefusal(inner)) return inner
  const nested: PlanNested = {
    workflow: name,
    ...(variant === undefined ? {} : { variant }),
    ...(place.key === undefined ? {} : { in: place.key }),
    ...given,
    ...(step.when ? { when: step.when } : {}),
    ...(workflow.when ? { precondition: workflow.when } : {}),
    ...(share === WHOLE ? {} : { share }),
    capMicroUsd: workflow.cap.usd,
    ...(workflow.setup ? { setup: workflow.setup } : {}),
    guards: workflow.guards,
  }
  return { ...inner, nested: { [key]: nested, ...inner.nested } }
}

/** The workflow that a nested step names; one that a checked configuration lacks is a bug. */
export function nestedWorkflow({ families }: Pick<Configuration, 'families'>, named: string) {
  const [name = '', variant] = named.split('/')
  const family = families.get(name)
  const workflow = variant === undefined ? family?.baseline : family?.variants.get(variant)?.workflow
  if (!workflow) throw new Error(`the workflow ${named} that a checked workflow nests is not in the catalog`)
  return { workflow, name, variant }
}

/** What a nested workflow is given: values that are known now, and those that a step will say. */
function giveInputs(
  workflow: CatalogWorkflow,
  step: WorkflowStep,
  place: Place,
): { readonly inputs: Record<string, InputValue>; readonly said: PlanNested['said'] } | Refusal {
  const said: [string, PlanNested['said'][string]][] = []
  const written: [string, string][] = []
  for (const [name, value] of Object.entries(step.inputs)) {
    const declared = workflow.inputs[name]
    const source = typeof value === 'string' ? sourceOf(value, place) : undefined
    if (source === undefined) written.push([name, showCommand(String(value), place.inputs)])
    else if (declared?.type === 'string') {
      said.push([name, { ...source, charactersMax: Math.min(source.charactersMax, declared['max-length']) }])
    }
  }
  const sourced = new Set(said.map(([name]) => name))
  const known = Object.fromEntries(Object.entries(workflow.inputs).filter(([name]) => !sourced.has(name)))
  const inputs = readInputs({ name: workflow.name, inputs: known }, Object.fromEntries(written))
  return isRefusal(inputs) ? inputs : { inputs, said: Object.fromEntries(said) }
}

/** A step's output, or an input of the workflow around it that is one. */
function sourceOf(value: string, place: Place): PlanNested['said'][string] | undefined {
  const sole = soleExpression(value) ?? ''
  const [, step = '', field] = /^steps\.([a-z0-9-]+)\.output(?:\.(\w+))?$/.exec(sole) ?? []
  if (step !== '') {
    return { step: keyIn(place.key, step), ...(field === undefined ? {} : { field }), charactersMax: INPUT_CHARACTERS }
  }
  const [, input = ''] = /^inputs\.(.+)$/.exec(sole) ?? []
  return Object.hasOwn(place.said, input) ? place.said[input] : undefined
}

/** No input takes more. */
const INPUT_CHARACTERS = 4_000

function planStep(
  step: Exclude<CatalogWorkflow['steps'][number], WorkflowStep>,
  { prompts }: CatalogWorkflow,
  place: Place,
  agentKey: (name: string) => string,
): PlanStep {
  const placed = { id: keyIn(place.key, step.id), ...(place.key === undefined ? {} : { in: place.key }) }
  if (!('agent' in step)) return { ...step, ...placed }
  const share = step.share === undefined ? {} : { share: partOf(place.share, step.share) }
  return { ...step, ...placed, ...share, agent: agentKey(step.agent), promptText: prompts[step.prompt] ?? '' }
}

function oneStep(step: PlanStep): PlannedSteps {
  return { steps: [step], nested: {}, agents: {}, prices: {}, access: 'triage', approve: false }
}

/** An agent that is the same in both goes by one key, as long as nobody has to look twice at what a step names. */
function join(before: PlannedSteps, more: PlannedSteps): PlannedSteps {
  const same = new Map<string, string>()
  for (const [key, agent] of Object.entries(more.agents)) {
    const shared = before.agents[agent.name]
    if (shared !== undefined && isSame(shared, agent)) same.set(key, agent.name)
  }
  const own = Object.entries(more.agents)
    .filter(([key]) => !same.has(key))
    .map(([key, agent]) => [key, withKeys(agent, (name) => same.get(name) ?? name)] as const)
  return {
    steps: [
      ...before.steps,
      ...more.steps.map((step) => ('agent' in step ? { ...step, agent: same.get(step.agent) ?? step.agent } : step)),
    ],
    nested: { ...before.nested, ...more.nested },
    agents: { ...before.agents, ...Object.fromEntries(own) },
    prices: { ...before.prices, ...more.prices },
    access: ACCESS[Math.max(ACCESS.indexOf(before.access), ACCESS.indexOf(more.access))] ?? 'maintain',
    approve: before.approve || more.approve,
  }
}

/** With what it delegates to named by the plan's keys. */
function withKeys(agent: PlanAgent, keyOf: (name: string) => string): PlanAgent {
  return agent.delegates === undefined ? agent : { ...agent, delegates: agent.delegates.map(keyOf) }
}

function keyIn(key: string | undefined, name: string): string {
  return key === undefined ? name : `${key}/${name}`
}

function partOf(whole: number, share: number | undefined): number {
  return share === undefined ? whole : Math.floor((whole * share) / WHOLE)
}
