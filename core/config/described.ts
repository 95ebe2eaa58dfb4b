import { z } from 'zod/mini'

/**
 * The same schema with words of what it is, for the JSON Schemas and the reference. The Action needs none of them, and
 * each copy takes its time when the program starts: its bundle gives the schema back as it is.
 */
export function described<Schema extends z.ZodMiniType>(schema: Schema, description: string): Schema {
  const copy = schema.clone()
  z.globalRegistry.add<z.ZodMiniType>(copy, { description })
  return copy
}
