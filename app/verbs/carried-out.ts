import type { Verb } from '../../core/command.ts'

/** The verbs of the grammar that this version carries out; the others are refused by name. */
export const carriedOutVerbs = [
  'run',
  'quote',
  'go',
  'status',
  'explain',
  'stop',
  'promote',
  'reject',
  'list',
  'help',
] as const satisfies readonly Verb[]
export type CarriedOutVerb = (typeof carriedOutVerbs)[number]
