/** Answers by JSON Schema: how a provider is asked for one, and whether what came satisfies it. */

/** So many are told at once. */
const PROBLEMS_MAX = 10

const NAME_CHARACTERS_MAX = 64

export type JsonSchema = Readonly<Record<string, unknown>>

/** As both of OpenAI's interfaces take it. */
export interface AnswerFormat {
  readonly name: string
  readonly schema: Record<string, unknown>
  /** The provider makes sure of it; it can only where every object names all its properties and allows no others. */
  readonly strict: boolean
}

export function answerFormat(step: string, schema: JsonSchema): AnswerFormat {
  // Providers take letters, digits, `_` and `-`, and a step of a nested workflow has a `/`.
  return {
    name: step.replaceAll('/', '-').slice(0, NAME_CHARACTERS_MAX),
    schema: { ...schema },
    strict: isStrict(schema),
  }
}

/** What a prompt says where the provider can't be asked. The same in every run. */
export function askInWords(schema: JsonSchema): string {
  return `Your last message must be one JSON document of this schema and nothing else:\n${JSON.stringify(schema)}`
}

/** The answer as a value, or what is wrong with it, in words for the model. */
export async function readStructured(
  schema: JsonSchema,
  text: string,
): Promise<{ readonly value: unknown } | { readonly problem: string }> {
  let value: unknown
  try {
    value = JSON.parse(withoutFence(text))
  } catch {
    return { problem: 'it is not one JSON document' }
  }
  // Needed at the end of few steps, so not by any start.
  const { Ajv } = await import('ajv')
  const ajv = new Ajv({ allErrors: true, strict: false, logger: false })
  const isSatisfied = ajv.validate({ ...schema }, value)
  return isSatisfied ? { value } : { problem: ajv.errorsText(ajv.errors?.slice(0, PROBLEMS_MAX), { dataVar: 'it' }) }
}

/** Models like to put JSON into a Markdown fence. What white space is around it, JSON allows. */
function withoutFence(text: string): string {
  const [fence] = /^```(?:json)?(?=\s)/.exec(text.trim()) ?? []
  return fence !== undefined && text.trim().endsWith('```') ? text.trim().slice(fence.length, -3) : text
}

function isStrict(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrict)
  if (typeof schema !== 'object' || schema === null) return true
  const parts = new Map<string, unknown>(Object.entries(schema))
  const properties = parts.get('properties')
  const isObject = parts.get('type') === 'object' || properties !== undefined
  if (isObject) {
    const required = parts.get('required')
    const names = Object.keys(typeof properties === 'object' && properties !== null ? properties : {})
    const namesAll = Array.isArray(required) && names.every((name) => required.includes(name))
    if (parts.get('additionalProperties') !== false || !namesAll) return false
  }
  return [...parts.values()].every(isStrict)
}
