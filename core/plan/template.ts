/**
 * `${{ ... }}` in prompts and commands. In a prompt a value is pasted, cleaned, and marked as data unless the person
 * who started the run wrote it. In a command nothing is ever pasted: a value is an environment variable.
 * docs/decisions/inputs-in-commands.md says why.
 */
import { cleanText } from '../inert.ts'

/** The blanks around what it names are for `trim`: a pattern that gives them back to one another takes their number cubed. */
const EXPRESSION = /\$\{\{([^{}]*)\}\}/g
const SOLE_INPUT = /^\s*\$\{\{\s*inputs\.([a-z][a-z0-9_-]*)\s*\}\}\s*$/
const INPUT = /^inputs\.([a-z][a-z0-9_-]*)$/

export type InputValues = Readonly<Record<string, string | number | boolean>>

/** A value that a prompt may name: `trusted` when a permitted person wrote it, else it is marked as data. */
export interface PromptValue {
  readonly text: string
  readonly trusted: boolean
}

export interface RenderedPrompt {
  readonly text: string
  /** Invisible characters and HTML comments taken out, which the reader is told. */
  readonly removed: number
}

export interface RenderedCommand {
  readonly script: string
  /** Set for this command alone. */
  readonly env: Readonly<Record<string, string>>
}

/** What is wrong with a template, in words. */
export interface TemplateProblem {
  readonly problem: string
}

export function expressionsIn(template: string): string[] {
  return [...template.matchAll(EXPRESSION)].map(([, expression = '']) => expression.trim())
}

/** The expression of a text that is nothing but one. */
export function soleExpression(template: string): string | undefined {
  const [only, ...more] = expressionsIn(template)
  return more.length === 0 && template.replace(EXPRESSION, '').trim() === '' ? only : undefined
}

/** Pastes values into a prompt. `values` maps `inputs.goal`, `steps.before.output`, `subject.diff` to their texts. */
export function renderPrompt(
  template: string,
  values: ReadonlyMap<string, PromptValue>,
): RenderedPrompt | TemplateProblem {
  const unknown = expressionsIn(template).find((expression) => !values.has(expression))
  if (unknown !== undefined) {
    return {
      problem: `\`\${{ ${unknown} }}\` names nothing; expected one of ${[...values.keys()].map((key) => `\`${key}\``).join(', ')}`,
    }
  }
  let removed = 0
  const text = template.replace(EXPRESSION, (_, written: string) => {
    const expression = written.trim()
    const value = values.get(expression) ?? { text: '', trusted: true }
    const clean = cleanText(value.text)
    removed += clean.removed
    return value.trusted ? clean.text : asData(expression, clean.text)
  })
  return { text, removed }
}

/** Marks text that somebody else wrote, so that the agent can tell material from its task. It can't close the mark. */
export function asData(name: string, text: string): string {
  return `<data name="${name}">\n${text.replace(/<(\/?)data\b/gi, '<$1data_')}\n</data>`
}

const NONE: ReadonlySet<string> = new Set()

/**
 * Makes a command's script and environment. A `run` that is one input and nothing else is that input run as a
 * command, since a permitted person gave it for this purpose. Elsewhere an input becomes a quoted reference. `foreign`:
 * inputs that no person gave, which are never run.
 */
export function renderCommand(
  template: string,
  inputs: InputValues,
  foreign: ReadonlySet<string> = NONE,
): RenderedCommand | TemplateProblem {
  const unknown = expressionsIn(template).find((expression) => inputName(expression, inputs) === undefined)
  if (unknown !== undefined) {
    return {
      problem: `\`\${{ ${unknown} }}\` can't stand in a command; expected a declared input, as \`\${{ inputs.test }}\``,
    }
  }
  const names = expressionsIn(template).flatMap((expression) => inputName(expression, inputs) ?? [])
  const env = Object.fromEntries(names.map((name) => [variableOf(name), withoutNul(String(inputs[name]))]))
  const sole = SOLE_INPUT.exec(template)?.[1]
  if (sole !== undefined && foreign.has(sole)) {
    return { problem: `\`\${{ inputs.${sole} }}\` is what a step said, and can't be run as a command` }
  }
  if (sole !== undefined) return { script: `eval "$${variableOf(sole)}"`, env }
  return { script: quoteReferences(template), env }
}

/** The command as a person would type it, for logs and messages; never to be run. What else it names stays as it is. */
export function showCommand(template: string, inputs: InputValues): string {
  return template.replace(EXPRESSION, (whole, expression: string) => {
    const name = inputName(expression.trim(), inputs)
    return name === undefined ? whole : String(inputs[name])
  })
}

/** Its first line alone, for the lines of a log. */
export function commandLine(template: string, inputs: InputValues): string {
  const [first = '', ...more] = showCommand(template, inputs).trim().split('\n')
  return more.length === 0 ? first : `${first} …`
}

export function variableOf(inputName: string): string {
  return `PURSER_INPUT_${inputName.toUpperCase().replaceAll('-', '_')}`
}

function inputName(expression: string, inputs: InputValues): string | undefined {
  const name = INPUT.exec(expression)?.[1]
  return name !== undefined && Object.hasOwn(inputs, name) ? name : undefined
}

/** An environment variable ends at a NUL, so none may hold one. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '')
}

/** Replaces each expression by a reference that stays one word whatever quotes the author put around it. */
function quoteReferences(template: string): string {
  let script = ''
  let quote: '' | "'" | '"' = ''
  let at = 0
  while (at < template.length) {
    const expression = /^\$\{\{\s*inputs\.([a-z][a-z0-9_-]*)\s*\}\}/.exec(template.slice(at))
    if (expression) {
      const reference = `\${${variableOf(expression[1] ?? '')}}`
      script += quote === '"' ? reference : quote === "'" ? `'"${reference}"'` : `"${reference}"`
      at += expression[0].length
      continue
    }
    const character = template.charAt(at)
    if (character === '\\' && quote !== "'") {
      script += template.slice(at, at + 2)
      at += 2
      continue
    }
    if (character === quote) quote = ''
    else if (quote === '' && (character === "'" || character === '"')) quote = character
    script += character
    at += 1
  }
  return script
}
