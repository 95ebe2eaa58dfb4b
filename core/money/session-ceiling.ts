/** The one ceiling of a session: what all its runs, and those of its forks, spend and hold together never passes it. */

import { type Refusal, refuse } from '../reason.ts'
import { formatAtLeastUsd, formatAtMostUsd, minBigint } from './money.ts'

export interface CeilingStanding {
  readonly ceilingMicroUsd: bigint
  /** By runs that have ended, an overage included. */
  readonly spentMicroUsd: bigint
  /** For runs that have not. */
  readonly heldMicroUsd: bigint
}

/** What a further run may hold. Not below zero: an overage may have passed the ceiling. */
export function leftUnder({ ceilingMicroUsd, spentMicroUsd, heldMicroUsd }: CeilingStanding): bigint {
  const left = ceilingMicroUsd - spentMicroUsd - heldMicroUsd
  return left > 0n ? left : 0n
}

export interface FurtherRun {
  /** What the run would be asked for by itself, and the least that it is worth starting with. */
  readonly capMicroUsd: bigint
  readonly floorMicroUsd: bigint
  /** How far a command may raise the ceiling, as who pays allows. */
  readonly mostMicroUsd: bigint
  readonly workflow: string
}

/** The cap of a further run: its own, or what is left under the ceiling where that is less and not below the floor. */
export function capUnder(standing: CeilingStanding, run: FurtherRun): bigint | Refusal {
  const left = leftUnder(standing)
  const floor = minBigint(run.floorMicroUsd, run.capMicroUsd)
  return left < floor || left === 0n ? usedUp(standing, run, floor) : minBigint(run.capMicroUsd, left)
}

function usedUp(standing: CeilingStanding, { mostMicroUsd, workflow }: FurtherRun, floorMicroUsd: bigint): Refusal {
  const { ceilingMicroUsd, spentMicroUsd, heldMicroUsd } = standing
  const held = heldMicroUsd === 0n ? '' : `, ${formatAtMostUsd(heldMicroUsd)} held by running work`
  return refuse(
    'session-used-up',
    `This session has ${formatAtLeastUsd(leftUnder(standing))} left under its ceiling of ${formatAtMostUsd(ceilingMicroUsd)} ` +
      `(${formatAtMostUsd(spentMicroUsd)} spent${held}, its forks included); to go on it needs at least ${formatAtMostUsd(floorMicroUsd)}.`,
    raising(ceilingMicroUsd, mostMicroUsd, workflow),
  )
}

/** Who can raise it, how and how far. */
function raising(ceilingMicroUsd: bigint, mostMicroUsd: bigint, workflow: string): string {
  const anew = `\`/agent ${workflow}\` starts a new session with a ceiling of its own.`
  if (mostMicroUsd <= ceilingMicroUsd) {
    return `The portfolio allows no higher ceiling than ${formatAtMostUsd(mostMicroUsd)}; a maintainer can raise its \`overrides\` on the default branch. ${anew}`
  }
  return `Whoever may start \`${workflow}\` can raise it up to ${formatAtLeastUsd(mostMicroUsd)} with \`/agent resume cap=<usd>\`. ${anew}`
}
