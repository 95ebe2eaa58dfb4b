/** That a variant was assigned, by what, and how to do without it. */

import { grouped } from '../money/money.ts'
import { type Assigned, BASELINE, BUCKETS } from '../plan/assignment.ts'
import { code } from './markdown.ts'

/** Nothing where somebody chose the variant, or the baseline came out. */
export function assignedLine({
  workflow,
  variant,
  assigned,
}: {
  readonly workflow: string
  readonly variant?: string | undefined
  readonly assigned?: Assigned | undefined
}): string | undefined {
  if (variant === undefined || assigned === undefined) return undefined
  const share = (assigned.below - assigned.from) / 100
  return (
    `**On trial:** ${code(variant)} was assigned to this subject, as to ${share}% of all. ${hashLine(assigned)} ` +
    `The portfolio pays for it. Comment ${code(`/agent ${workflow}/${BASELINE}`)} to run the baseline instead.`
  )
}

/** Enough to recompute it. */
export function hashLine({ text, bucket, from, below }: Assigned): string {
  const last = grouped(BigInt(below - 1))
  return (
    `The SHA-256 of ${code(text)} puts it into bucket ${grouped(BigInt(bucket))} of ${grouped(BigInt(BUCKETS))}; ` +
    `this side has ${grouped(BigInt(from))} to ${last}.`
  )
}
