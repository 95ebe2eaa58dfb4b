/** `when`: whether a step, or the whole run, is needed at all. What it says costs nothing: no model is asked. */
import { z } from 'zod/mini'
import { command, commandMinutes } from './command-text.ts'
import { described } from './described.ts'
import { glob } from './units.ts'
import { withExample } from './with-example.ts'

const scalar = z.union([z.string().check(z.maxLength(200)), z.number(), z.boolean()])

/** `inputs.depth`, `subject.kind`, `steps.before.result`, `steps.look.output`, `steps.look.output.kind`. */
const valueName = z
  .string()
  .check(
    z.regex(
      /^(inputs\.[a-z][a-z0-9_-]*|subject\.[a-z]+|steps\.[a-z][a-z0-9-]*\.(result|output(\.[A-Za-z_][A-Za-z0-9_]*)?))$/,
      'not a value’s name; expected an input, a step’s result or output, or subject.kind; for example steps.before.result',
    ),
  )

const values = z.record(valueName, z.union([scalar, z.array(scalar).check(z.minLength(1), z.maxLength(20))]))

const EQUALS = 'What each of these must be, or one of a list; a step’s result is passed, failed or skipped'
const UNLESS = 'What none of these may be'

/** Everything that is given must hold. */
export const whenSchema = z
  .strictObject({
    equals: withExample(z.optional(values), { 'steps.before.result': 'failed' }, EQUALS),
    unless: withExample(z.optional(values), { 'inputs.depth': 'quick' }, UNLESS),
    changed: described(
      z.optional(z.array(glob).check(z.minLength(1), z.maxLength(20))),
      'Patterns, one of which a file that the subject changes must match; holds where no change is known',
    ),
    run: described(z.optional(command), 'A command: exit 0 says that it is needed, exit 1 that it is not'),
    'timeout-minutes': z._default(commandMinutes, 10),
  })
  .check(
    z.refine(
      ({ equals, unless, changed, run }) => [equals, unless, changed, run].some((one) => one !== undefined),
      'a condition that says nothing; expected equals, unless, changed or run; for example { changed: [src/**] }',
    ),
  )
export type When = z.infer<typeof whenSchema>
