/**
 * What the steps of a run came to, and what later ones make of it: inputs of nested workflows, values that prompts name,
 * and the conditions that compare them.
 */
import { fieldsOf } from '../config/output.ts'
import type { When } from '../config/when.ts'
import type { Plan, PlanStep } from './plan.ts'
import type { InputValue } from './resolve-inputs.ts'

export interface StepResult {
  readonly result: 'passed' | 'failed' | 'skipped'
  /** What a command printed or an agent said. */
  readonly output: string
  /** Of a structured output. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined
}

/** By a step's id, and a nested workflow's by its key: what its last step came to. */
export type Results = ReadonlyMap<string, StepResult>

export interface InputsIn {
  readonly values: Readonly<Record<string, InputValue>>
  /** Names of inputs that a step gave and no person: shown as data, never run. */
  readonly foreign: ReadonlySet<string>
}

/** The inputs of a nested workflow, or of the plan itself. */
export function inputsIn(plan: Plan, key: string | undefined, results: Results): InputsIn {
  const nested = key === undefined ? undefined : plan.nested?.[key]
  if (nested === undefined) return { values: plan.inputs, foreign: new Set() }
  const texts = Object.entries(nested.said).map(([name, { step, field, charactersMax }]): [string, string] => {
    const result = results.get(step)
    const text = field === undefined ? (result?.output ?? '') : fieldText(result?.fields?.[field])
    return [name, text.slice(0, charactersMax).toWellFormed()]
  })
  return { values: { ...nested.inputs, ...Object.fromEntries(texts) }, foreign: new Set(texts.map(([name]) => name)) }
}

/** The id of a step, or of a nested workflow, as the workflow that it is a step of says it. */
export function idWithin(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1)
}

/** What stands directly in a workflow: its own steps, and the nested workflows that are steps of it. */
export function partsOf(plan: Plan, key: string | undefined): { readonly id: string; readonly fields: string[] }[] {
  const steps = plan.steps.filter((step) => step.in === key)
  const nested = Object.entries(plan.nested ?? {}).filter(([, one]) => one.in === key)
  return [
    ...steps.map((step) => ({ id: step.id, fields: fieldsOfStep(step) })),
    ...nested.map(([id]) => ({ id, fields: fieldsOfStep(lastStepOf(plan, id)) })),
  ]
}

function fieldsOfStep(step: PlanStep | undefined): string[] {
  return step !== undefined && 'agent' in step ? fieldsOf(step.output) : []
}

function lastStepOf({ steps }: Plan, key: string): PlanStep | undefined {
  return steps.findLast(({ id }) => id.startsWith(`${key}/`))
}

/** A field as text: words as they are, everything else as JSON. */
export function fieldText(value: unknown): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** The fields of a structured output; none where it is not the JSON of an object. */
export function readFields(output: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(output.replace(/^\s*```(?:json)?\n([\s\S]*?)\n```\s*$/, '$1'))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return Object.fromEntries(Object.entries(value))
  } catch {
    return undefined
  }
}

/** Adds a step's result, and makes it that of every nested workflow around it, unless the step was skipped there. */
export function addResult(results: Map<string, StepResult>, id: string, result: StepResult): void {
  results.set(id, result)
  for (let key = around(id); key !== undefined; key = around(key)) {
    if (result.result !== 'skipped' || !results.has(key)) results.set(key, result)
  }
}

function around(id: string): string | undefined {
  const at = id.lastIndexOf('/')
  return at < 0 ? undefined : id.slice(0, at)
}

/**
 * What a condition compares does not hold, in words; `undefined` where all of it does. `key`: the workflow whose inputs
 * and steps it names.
 */
export function failedComparison(
  when: When,
  plan: Plan,
  key: string | undefined,
  results: Results,
): string | undefined {
  const inputs = inputsIn(plan, key, results)
  const value = (name: string) => valueNamed(name, plan, key, inputs, results)
  for (const [name, wanted] of Object.entries(when.equals ?? {})) {
    const found = value(name)
    if (!matches(found, wanted)) return `${name} is ${shown(found)}, not ${oneOf(wanted)}`
  }
  for (const [name, wanted] of Object.entries(when.unless ?? {})) {
    const found = value(name)
    if (matches(found, wanted)) return `${name} is ${shown(found)}`
  }
  return undefined
}

function valueNamed(name: string, plan: Plan, key: string | undefined, inputs: InputsIn, results: Results): string {
  const [kind, id = '', of, field] = name.split('.')
  if (kind === 'inputs') return String(inputs.values[id] ?? '')
  if (kind === 'subject') {
    const { kind: subjectKind, repository, title = '' } = plan.subject
    return { kind: subjectKind, repository, title }[id] ?? ''
  }
  const result = results.get(key === undefined ? id : `${key}/${id}`)
  if (of === 'result') return result?.result ?? 'skipped'
  return field === undefined ? (result?.output ?? '').trim() : fieldText(result?.fields?.[field])
}

type Wanted = NonNullable<When['equals']>[string]

function matches(found: string, wanted: Wanted): boolean {
  return [wanted].flat().some((one) => String(one) === found)
}

function oneOf(wanted: Wanted): string {
  return [wanted].flat().map(String).map(shown).join(' or ')
}

const SHOWN_CHARACTERS_MAX = 60

function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text)
}
