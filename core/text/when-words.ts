/** A condition as a reader says it. */
import type { When } from '../config/when.ts'
import { type InputValues, showCommand } from '../plan/template.ts'

export function whenWords({ equals = {}, unless = {}, changed, run }: When, inputs: InputValues): string {
  return [
    ...Object.entries(equals).map(([name, wanted]) => `${name} is ${oneOf(wanted)}`),
    ...Object.entries(unless).map(([name, wanted]) => `${name} is not ${oneOf(wanted)}`),
    ...(changed === undefined ? [] : [`something in ${changed.join(', ')} changed`]),
    ...(run === undefined ? [] : [`${showCommand(run, inputs)} exits with 0`]),
  ].join(', and ')
}

function oneOf(wanted: NonNullable<When['equals']>[string]): string {
  return [wanted].flat().map(String).join(' or ')
}
