/** `output` of an agent step: the JSON Schema of what its agent answers with, and the fields that later steps may name. */
import { z } from 'zod/mini'
import { withExample } from './with-example.ts'

const CHARACTERS_MAX = 4_000
const FIELD = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/

const MESSAGE =
  'not the schema of an object; expected type: object with properties, of at most 4,000 characters; for example { type: object, properties: { cause: { type: string } } }'

export type OutputSchema = Readonly<Record<string, unknown>>

export const outputSchema = withExample(
  z
    .record(z.string(), z.unknown())
    .check(
      z.refine(
        (schema) =>
          schema.type === 'object' &&
          fieldsOf(schema).length > 0 &&
          fieldsOf(schema).every((field) => FIELD.test(field)) &&
          JSON.stringify(schema).length <= CHARACTERS_MAX,
        MESSAGE,
      ),
    ),
  { type: 'object', properties: { cause: { type: 'string' } } },
  'The JSON Schema of an object that the agent answers with; later steps name its fields',
)
/** The names of `steps.<id>.output.<field>`. */
export function fieldsOf(schema: OutputSchema | undefined): string[] {
  const properties = schema?.properties
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : []
}
