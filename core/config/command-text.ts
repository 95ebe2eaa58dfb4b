/** Commands as workflows write them, and how long they may take. */
import { z } from 'zod/mini'
import { described } from './described.ts'
import { withExample } from './with-example.ts'

/** A shell command; values of inputs reach it as quoted environment variables, never by pasting. */
export const command = withExample(
  z.string().check(z.trim(), z.minLength(1), z.maxLength(2000)),
  'npm test',
  'A shell command; `${{ inputs.test }}` is passed as data',
)

export const commandMinutes = described(
  z.int().check(z.minimum(1), z.maximum(120)),
  'Minutes until the command is ended',
)
