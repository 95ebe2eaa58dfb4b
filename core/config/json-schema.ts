/** Reading the JSON Schemas that are made from the zod schemas: what stands at a path, in words and by example. */
import type { z } from 'zod/mini'
import { isMapping } from '../mapping.ts'
import type { Path } from './document.ts'

export type JsonSchema = z.core.JSONSchema.BaseSchema

/** Levels of an example's mapping; what lies deeper is left for the reader. */
const EXAMPLE_DEPTH_MAX = 3

/**
 * The schema of what stands at a path; an empty one where nothing is known. Of alternatives the first that has it and
 * whose constants are those of what is `written`; a constant that tells them apart is any of theirs.
 */
export function schemaAt(schema: JsonSchema, path: Path, written?: unknown): JsonSchema {
  const [key, ...rest] = path
  if (key === undefined) return schema
  const options = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]
  const meant = options.filter((option) => !contradicts(option, written))
  const inner = [...meant, ...options].flatMap((option) => {
    const found = typeof key === 'number' ? option.items : (ownProperty(option, key) ?? option.additionalProperties)
    return typeof found === 'object' && !Array.isArray(found) ? [found] : []
  })
  const below = isMapping(written) || Array.isArray(written) ? Reflect.get(written, key) : undefined
  const consts = [...new Set(inner.flatMap((one) => (one.const === undefined ? [] : [one.const])))]
  return schemaAt(consts.length > 1 ? { enum: consts } : (inner[0] ?? {}), rest, below)
}

function contradicts({ properties = {} }: JsonSchema, written: unknown): boolean {
  if (!isMapping(written)) return false
  return Object.entries(properties).some(
    ([key, inner]) =>
      typeof inner === 'object' &&
      inner.const !== undefined &&
      Object.hasOwn(written, key) &&
      written[key] !== inner.const,
  )
}

function ownProperty(schema: JsonSchema, key: string | number): z.core.JSONSchema._JSONSchema | undefined {
  return schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined
}

/** `text`, `a whole number from 1 to 90`, `one of a, b`, `a list of names`. */
export function typeWords(schema: JsonSchema): string {
  if (schema.const !== undefined) return flowYaml(schema.const)
  if (schema.enum) return `one of ${schema.enum.map(flowYaml).join(', ')}`
  const options = schema.anyOf ?? schema.oneOf
  if (options) return [...new Set(options.map(typeWords))].join(' or ')
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeWords({ ...schema, type })).join(' or ')
  switch (schema.type) {
    case 'string':
      return `text${range(schema.minLength, schema.maxLength, ' characters')}`
    case 'integer':
      return `a whole number${range(schema.minimum, schema.maximum, '')}`
    case 'number':
      return 'a number'
    case 'boolean':
      return 'true or false'
    case 'array':
      return typeof schema.items === 'object' && !Array.isArray(schema.items)
        ? `a list (each entry ${typeWords(schema.items)})`
        : 'a list'
    case 'object':
      return 'a mapping'
    default:
      return 'a value'
  }
}

function range(least: number | undefined, most: number | undefined, unit: string): string {
  const from = least === undefined || least <= 1 ? undefined : least
  const to = most === undefined || most >= Number.MAX_SAFE_INTEGER ? undefined : most
  if (to === undefined) return least === undefined ? '' : ` of at least ${least}${unit}`
  return from === undefined && unit !== '' ? ` of at most ${to}${unit}` : ` from ${least ?? 0} to ${to}${unit}`
}

/** A valid value in YAML's flow form: the schema's own example, else one made of what is required. */
export function exampleOf(schema: JsonSchema, depth = 0): string {
  // What stands when the key is left out is as good as an example gets.
  if (schema.default !== undefined && typeof schema.default !== 'object') return flowYaml(schema.default)
  const [given] = schema.examples ?? []
  if (given !== undefined) return flowYaml(given)
  if (schema.const !== undefined) return flowYaml(schema.const)
  if (schema.enum?.[0] !== undefined) return flowYaml(schema.enum[0])
  const [option] = schema.anyOf ?? schema.oneOf ?? []
  if (option) return exampleOf(option, depth)
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'integer':
    case 'number':
      return flowYaml(Math.max(schema.minimum ?? 10, 1))
    case 'boolean':
      return 'true'
    case 'array':
      return typeof schema.items === 'object' && !Array.isArray(schema.items) && depth < EXAMPLE_DEPTH_MAX
        ? `[${exampleOf(schema.items, depth + 1)}]`
        : '[]'
    case 'object':
      return exampleMapping(schema, depth)
    default:
      return 'text'
  }
}

function exampleMapping(schema: JsonSchema, depth: number): string {
  if (depth >= EXAMPLE_DEPTH_MAX) return '{}'
  // Where nothing has to be given, one key says more than none, which may not even be allowed.
  const keys = schema.required?.length ? schema.required : Object.keys(schema.properties ?? {}).slice(0, 1)
  const pairs = keys.map((key) => `${key}: ${exampleOf(schemaAt(schema, [key]), depth + 1)}`)
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`
}

/** A value in one line of YAML. */
export function flowYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowYaml).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(([key, inner]) => `${key}: ${flowYaml(inner)}`)
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`
  }
  if (typeof value !== 'string') return String(value)
  return /^[\p{L}\d][^:#[\]{},&*!|>'"%@`\n]*$/u.test(value) || /^\d+%$/.test(value) ? value : JSON.stringify(value)
}
