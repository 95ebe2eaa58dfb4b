/** What must hold where a step is another workflow: it is there, it leads to no circle, and it is given what it takes. */
import { nearest } from '../nearest.ts'
import { expressionsIn, soleExpression } from '../plan/template.ts'
import type { LocatedWorkflow } from './catalog.ts'
import { type AtPath, type Families, inputValues, nestedOf, outputValues, unknownExpression } from './check-values.ts'
import type { Path } from './document.ts'
import type { Finding } from './problem.ts'
import { subjectsOf } from './trigger.ts'
import type { Step, Workflow, WorkflowStep } from './workflow.ts'

/** Workflows within workflows, the outermost not counted. */
export const NESTED_DEPTH_MAX = 3
/** Of one run, those of nested workflows counted too. */
export const RUN_STEPS_MAX = 40

/** `unreadable`: names of workflows that are there but can't be read; their own problems are named elsewhere. */
export function nestedFindings(
  { family, variant, workflow }: LocatedWorkflow,
  families: Families,
  unreadable: ReadonlySet<string>,
): AtPath[] {
  const self = variant === undefined ? family : `${family}/${variant}`
  const findings = workflow.steps.flatMap((step, index): AtPath[] => {
    if (!('workflow' in step)) return []
    const path = ['steps', index]
    const at = [...path, 'workflow']
    const nested = nestedOf(step.workflow, families)
    if (nested === undefined) {
      const [name = ''] = step.workflow.split('/')
      return unreadable.has(name) ? [] : [{ path: at, finding: unknownWorkflow(step.workflow, families) }]
    }
    const circle = circleFrom(step.workflow, [self], families)
    if (circle !== undefined) return [{ path: at, finding: circleFinding(circle) }]
    const depth = depthOf(nested, families)
    if (depth > NESTED_DEPTH_MAX) return [{ path: at, finding: tooDeep(depth) }]
    return [
      ...subjectFindings(workflow, nested, step, at),
      ...inputFindings(workflow, nested, step, path, workflow.steps.slice(0, index), families),
    ]
  })
  if (findings.length > 0) return findings
  const count = stepCount(workflow, families)
  return count <= RUN_STEPS_MAX ? [] : [{ path: ['steps'], finding: tooMany(count) }]
}

/** Whether a workflow, or a variant of it, is a step of another. */
export function nestedNames(workflows: readonly Pick<LocatedWorkflow, 'workflow'>[]): ReadonlySet<string> {
  const named = workflows.flatMap(({ workflow }) =>
    workflow.steps.flatMap((step) => ('workflow' in step ? [step] : [])),
  )
  return new Set(named.map((step) => step.workflow.split('/')[0] ?? ''))
}

function circleFrom(named: string, above: readonly string[], families: Families): readonly string[] | undefined {
  if (above.includes(named)) return [...above.slice(above.indexOf(named)), named]
  // A circle among others is named where it lies.
  for (const step of nestedOf(named, families)?.steps ?? []) {
    if (!('workflow' in step)) continue
    if (step.workflow === above[0]) return [...above, named, step.workflow]
    if (above.length > NESTED_DEPTH_MAX) return undefined
    const circle = circleFrom(step.workflow, [...above, named], families)
    if (circle !== undefined && circle[0] === above[0]) return circle
  }
  return undefined
}

/** How many workflows lie within each other from here on, as far as it matters. */
function depthOf(workflow: Workflow, families: Families, above = 1): number {
  if (above > NESTED_DEPTH_MAX) return above
  const below = workflow.steps.flatMap((step) => {
    const nested = 'workflow' in step ? nestedOf(step.workflow, families) : undefined
    return nested === undefined ? [] : [depthOf(nested, families, above + 1)]
  })
  return Math.max(above, ...below)
}

function stepCount(workflow: Workflow, families: Families): number {
  return workflow.steps.reduce((sum, step) => {
    const nested = 'workflow' in step ? nestedOf(step.workflow, families) : undefined
    return sum + (nested === undefined ? 1 : stepCount(nested, families))
  }, 0)
}

function subjectFindings({ on }: Workflow, nested: Workflow, { workflow: named }: WorkflowStep, path: Path): AtPath[] {
  const [own, inner] = [subjectsOf(on), subjectsOf(nested.on)]
  const strange = own.filter((subject) => !inner.includes(subject))
  if (strange.length === 0) return []
  const shared = own.filter((subject) => inner.includes(subject))
  const both = shared.length === 0 ? 'what both work on' : `on: [${shared.join(', ')}]`
  const finding = {
    wrong: `${named} does not work on ${strange.join(' or ')}, and this workflow does`,
    expected: `${both}, or another workflow`,
    example: `on: [${inner.join(', ')}]`,
  }
  return [{ path, finding }]
}

function inputFindings(
  workflow: Workflow,
  nested: Workflow,
  step: WorkflowStep,
  path: Path,
  before: readonly Step[],
  families: Families,
): AtPath[] {
  const given = Object.entries(step.inputs).flatMap(([name, value]): AtPath[] => {
    const at = [...path, 'inputs', name]
    const declared = Object.hasOwn(nested.inputs, name) ? nested.inputs[name] : undefined
    if (!declared) return [{ path: at, finding: unknownInput(name, step.workflow, Object.keys(nested.inputs)) }]
    return typeof value === 'string' ? valueFindings(value, at, workflow, nested, name, before, families) : []
  })
  const missing = Object.entries(nested.inputs)
    .filter(([name, { default: standard }]) => standard === undefined && !Object.hasOwn(step.inputs, name))
    .map(([name]) => ({ path: [...path, 'inputs'], finding: missingInput(name, step.workflow) }))
  return [...given, ...missing]
}

/** A step's output is all of a value or none of it, for text alone, and never a command. */
function valueFindings(
  value: string,
  path: Path,
  workflow: Workflow,
  nested: Workflow,
  name: string,
  before: readonly Step[],
  families: Families,
): AtPath[] {
  const inputs = inputValues(workflow)
  const outputs = before.flatMap((step) => outputValues(step, families))
  const unknown = expressionsIn(value).filter((one) => !inputs.includes(one) && !outputs.includes(one))
  if (unknown[0] !== undefined) {
    return [{ path, finding: unknownExpression(unknown[0], [...inputs, ...outputs], 'here') }]
  }
  if (!expressionsIn(value).some((one) => outputs.includes(one))) return []
  if (soleExpression(value) === undefined) {
    return [{ path, finding: { ...OUTPUT_ALONE, example: `\${{ ${outputs[0]} }}` } }]
  }
  if (nested.inputs[name]?.type !== 'string') {
    const finding = {
      wrong: `what a step says is text, and ${name} is no text`,
      expected: 'an input of type string',
      example: `${name}: { type: string }`,
    }
    return [{ path, finding }]
  }
  return isRun(name, nested, families)
    ? [{ path, finding: { ...NEVER_RUN, wrong: `${NEVER_RUN.wrong}: \`\${{ inputs.${name} }}\` is one` } }]
    : []
}

const OUTPUT_ALONE = { wrong: 'a step’s output stands beside other text', expected: 'the output alone' }
const NEVER_RUN: Finding = {
  wrong: 'what a step says is never run as a command',
  expected: 'an input that the nested workflow only shows to its agents',
  example: 'context: ${{ steps.look.output }}',
}

/** Whether an input alone is a command, there or in a workflow that it is handed on to. */
function isRun(name: string, { steps, setup, when, guards }: Workflow, families: Families): boolean {
  const sole = `inputs.${name}`
  const commands = steps.flatMap((step) => {
    if ('workflow' in step) return [step.when?.run]
    return 'agent' in step ? [step.until?.run, step.when?.run] : [step.run, step.when?.run]
  })
  const all = [...commands, setup?.run, when?.run, ...(guards.run ?? [])]
  if (all.some((command) => command !== undefined && soleExpression(command) === sole)) return true
  return steps.some((step) => {
    const nested = 'workflow' in step ? nestedOf(step.workflow, families) : undefined
    if (!nested || !('workflow' in step)) return false
    return Object.entries(step.inputs).some(
      ([inner, value]) => typeof value === 'string' && soleExpression(value) === sole && isRun(inner, nested, families),
    )
  })
}

function unknownWorkflow(named: string, families: Families): Finding {
  const [name = '', variant] = named.split('/')
  const family = families.get(name)
  const known =
    family === undefined || variant === undefined
      ? [...families.keys()]
      : [...family.variants.keys()].map((one) => `${name}/${one}`)
  return {
    wrong: `there is no workflow ${named}`,
    expected: known.length > 0 ? `one of ${known.join(', ')}` : `${name}, which has no variants`,
    example: `workflow: ${nearest(named, known) ?? known[0] ?? name}`,
  }
}

function circleFinding(circle: readonly string[]): Finding {
  return {
    wrong: `workflows that are steps of each other: ${circle.join(' > ')}`,
    expected: 'a workflow that does not lead back here',
    example: 'workflow: review',
  }
}

function tooDeep(depth: number): Finding {
  return {
    wrong: `workflows lie ${depth} deep within each other from here`,
    expected: `at most ${NESTED_DEPTH_MAX}`,
    example: 'the innermost one’s steps written here',
  }
}

function tooMany(count: number): Finding {
  return {
    wrong: `${count} steps, with those of nested workflows`,
    expected: `at most ${RUN_STEPS_MAX}`,
    example: 'two workflows that are started one after the other',
  }
}

export function unknownInput(name: string, workflow: string, known: readonly string[]): Finding {
  return {
    wrong: `${workflow} has no input ${name}`,
    expected: known.length === 0 ? 'no inputs, as it takes none' : `one of ${known.join(', ')}`,
    example: nearest(name, known) ?? known[0] ?? 'inputs: {}',
  }
}

export function missingInput(name: string, workflow: string): Finding {
  return { wrong: `${workflow} needs the input ${name}`, expected: 'a value for it', example: `{ ${name}: "..." }` }
}
