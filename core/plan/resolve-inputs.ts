/** The inputs of a run: only declared ones, each of its type, none missing that has no default. */
import type { InputDeclaration } from '../config/workflow.ts'
import { didYouMean, listed } from '../nearest.ts'
import { type Refusal, refuse } from '../reason.ts'

export type InputValue = string | number | boolean
type Declared = { readonly name: string; readonly inputs: Readonly<Record<string, InputDeclaration>> }

/** Every value that a run works with, defaults included; a refusal names everything that is wrong at once. */
export function readInputs(
  { name: workflow, inputs }: Declared,
  given: Readonly<Record<string, string>>,
): Record<string, InputValue> | Refusal {
  const problems = inputProblems({ name: workflow, inputs }, given)
  for (const [name, declared] of Object.entries(inputs)) {
    if (declared.default === undefined && !Object.hasOwn(given, name)) {
      problems.push(`The input \`${name}\` is missing; ${wanted(declared)}, as in \`${example(name, declared)}\`.`)
    }
  }
  if (problems.length > 0) return refuse('input-invalid', problems.join(' '))
  const values = Object.entries(inputs).flatMap(([name, declared]): [string, InputValue][] => {
    const value = Object.hasOwn(given, name) ? convert(declared, given[name] ?? '') : declared.default
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(values)
}

/** What is wrong with the inputs that were given, each in a sentence; those left out are not looked at. */
export function inputProblems({ name: workflow, inputs }: Declared, given: Readonly<Record<string, string>>): string[] {
  const known = Object.keys(inputs)
  return Object.entries(given).flatMap(([name, written]) => {
    const declared = Object.hasOwn(inputs, name) ? inputs[name] : undefined
    if (!declared) {
      const there = known.length === 0 ? ' It takes none.' : didYouMean(name, known) || ` It takes ${listed(known)}.`
      return [`The workflow \`${workflow}\` has no input \`${name}\`.${there}`]
    }
    const wrong = wrongValue(declared, written)
    return wrong === undefined ? [] : [`The input \`${name}\` ${wrong}`]
  })
}

function wrongValue(declared: InputDeclaration, written: string): string | undefined {
  if (declared.type === 'string') {
    const most = declared['max-length']
    return written.length <= most ? undefined : `has ${written.length} characters; expected at most ${most}.`
  }
  if (convert(declared, written) !== undefined) return undefined
  const meant = declared.type === 'choice' ? didYouMean(written, declared.options) : ''
  return `is \`${written.slice(0, 60)}\`; ${wanted(declared)}.${meant}`
}

/** The value in its own type; `undefined` when it is not of it. */
function convert(declared: InputDeclaration, written: string): InputValue | undefined {
  switch (declared.type) {
    case 'string':
      return written
    case 'choice':
      return declared.options.includes(written) ? written : undefined
    case 'boolean':
      return written === 'true' ? true : written === 'false' ? false : undefined
    case 'number':
      return /^-?\d{1,15}(\.\d{1,15})?$/.test(written) ? Number(written) : undefined
  }
}

function wanted(declared: InputDeclaration): string {
  switch (declared.type) {
    case 'string':
      return 'expected text'
    case 'choice':
      return `expected one of ${listed(declared.options)}`
    case 'boolean':
      return 'expected `true` or `false`'
    case 'number':
      return 'expected a number'
  }
}

function example(name: string, declared: InputDeclaration): string {
  const values = { string: '"..."', number: '3', boolean: 'true' }
  return `${name}=${declared.type === 'choice' ? declared.options[0] : values[declared.type]}`
}
