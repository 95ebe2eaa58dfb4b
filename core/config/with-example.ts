import { z } from 'zod/mini'

/** The same schema with a valid value as a person would write it, which messages and editors show, and words of what it is. */
export function withExample<Schema extends z.ZodMiniType>(
  schema: Schema,
  example: unknown,
  description?: string,
): Schema {
  const copy = schema.clone()
  z.globalRegistry.add<z.ZodMiniType>(copy, { ...(description !== undefined && { description }), examples: [example] })
  return copy
}
