/** What a workflow's prompts, commands and conditions may name, and what they name that is not there. */
import { nearest } from '../nearest.ts'
import { expressionsIn } from '../plan/template.ts'
import type { Family } from './configuration.ts'
import type { Path } from './document.ts'
import { globFindings } from './globs.ts'
import { fieldsOf } from './output.ts'
import type { Finding } from './problem.ts'
import type { When } from './when.ts'
import type { Step, Workflow } from './workflow.ts'

/** What a prompt may say of the subject besides inputs and earlier steps. */
export const SUBJECT_VALUES = [
  'subject.repository',
  'subject.number',
  'subject.title',
  'subject.text',
  'subject.log',
  'subject.files',
  'subject.diff',
  'subject.commits',
]
/** What conditions may ask of it: short values that can be compared. */
const SUBJECT_CONDITIONS = ['subject.kind', 'subject.repository', 'subject.title']

export interface AtPath {
  readonly path: Path
  readonly finding: Finding
}

/** What can be looked up: the steps of a nested workflow by its name. */
export type Families = ReadonlyMap<string, Pick<Family, 'baseline' | 'variants'>>

export function promptValues(workflow: Workflow, before: readonly Step[], families: Families): string[] {
  return [
    ...inputValues(workflow),
    ...before.flatMap((step) => outputValues(step, families)),
    ...(workflow.when?.run === undefined ? [] : ['when.output']),
    ...SUBJECT_VALUES,
  ]
}

export function inputValues({ inputs }: Workflow): string[] {
  return Object.keys(inputs).map((input) => `inputs.${input}`)
}

/** `steps.<id>.output` and its fields. */
export function outputValues(step: Step, families: Families): string[] {
  const output = `steps.${step.id}.output`
  return [output, ...fieldsOfStep(step, families).map((field) => `${output}.${field}`)]
}

/** Of a nested workflow, the fields of its last step: what it says is what that one says. */
function fieldsOfStep(step: Step, families: Families, depth = 0): string[] {
  if ('agent' in step) return fieldsOf(step.output)
  if (!('workflow' in step) || depth > NESTED_LOOKUPS_MAX) return []
  const last = nestedOf(step.workflow, families)?.steps.at(-1)
  return last === undefined ? [] : fieldsOfStep(last, families, depth + 1)
}

/** Deeper is a problem of its own. */
const NESTED_LOOKUPS_MAX = 4

export function nestedOf(named: string, families: Families): Workflow | undefined {
  const [name = '', variant] = named.split('/')
  const family = families.get(name)
  return variant === undefined ? family?.baseline : family?.variants.get(variant)?.workflow
}

/** `before`: the steps that have been carried out when it is decided; none for a whole run's. */
export function whenFindings(
  when: When | undefined,
  path: Path,
  workflow: Workflow,
  before: readonly Step[],
  families: Families,
): AtPath[] {
  if (when === undefined) return []
  const known = [
    ...inputValues(workflow),
    ...SUBJECT_CONDITIONS,
    ...before.flatMap((step) => [`steps.${step.id}.result`, ...outputValues(step, families)]),
  ]
  const compared = (['equals', 'unless'] as const).flatMap((key) =>
    Object.entries(when[key] ?? {}).flatMap(([name, wanted]): AtPath[] => {
      const at = [...path, key, name]
      if (!known.includes(name)) return [{ path: at, finding: unknownValue(name, known) }]
      return impossible(name, [wanted].flat(), workflow).map((finding) => ({ path: at, finding }))
    }),
  )
  return [
    ...compared,
    ...globFindings(when.changed ?? [], [...path, 'changed']),
    ...(when.run === undefined ? [] : commandFindings(when.run, [...path, 'run'], workflow)),
  ]
}

const RESULTS = ['passed', 'failed', 'skipped']
const KINDS = ['pull-request', 'issue', 'push', 'local']

/** A value that it can never have is a slip. */
function impossible(name: string, wanted: readonly (string | number | boolean)[], { inputs }: Workflow): Finding[] {
  const input = inputs[/^inputs\.(.+)$/.exec(name)?.[1] ?? '']
  const possible = name.endsWith('.result')
    ? RESULTS
    : name === 'subject.kind'
      ? KINDS
      : input?.type === 'choice'
        ? input.options
        : input?.type === 'boolean'
          ? ['true', 'false']
          : undefined
  if (possible === undefined) return []
  return wanted
    .map(String)
    .filter((one) => !possible.includes(one))
    .map((one) => ({
      wrong: `${name} is never "${one.slice(0, 60)}"`,
      expected: `one of ${possible.join(', ')}`,
      example: `${name}: ${nearest(one, possible) ?? possible[0]}`,
    }))
}

export function commandFindings(run: string, path: Path, workflow: Workflow): AtPath[] {
  const known = inputValues(workflow)
  return expressionsIn(run)
    .filter((expression) => !known.includes(expression))
    .map((expression) => ({ path, finding: unknownExpression(expression, known, 'in a command') }))
}

export function unknownExpression(expression: string, known: readonly string[], where: string): Finding {
  const near = nearest(expression, known) ?? known[0]
  return {
    wrong: `\`\${{ ${expression.slice(0, 60)} }}\` names nothing that is known ${where}`,
    expected: known.length > 0 ? `one of ${known.join(', ')}` : 'a declared input',
    example: near === undefined ? 'inputs: { test: { type: string } }' : `\${{ ${near} }}`,
  }
}

function unknownValue(name: string, known: readonly string[]): Finding {
  return {
    wrong: `${name} is nothing that is known when this is decided`,
    expected: `one of ${known.join(', ')}`,
    example: `${nearest(name, known) ?? known[0]}: ...`,
  }
}
