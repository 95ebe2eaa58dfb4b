/** Whether a squad's floor alone can bring a variant to a decision: what it pays for in a window beside what that needs. */
import type { Exploration } from '../config/portfolios.ts'
import type { PromotionFile } from '../config/promotion.ts'
import { CAP_TOKENS_DEFAULT } from '../money/hold.ts'

export interface FloorReach {
  /** Settled runs that a checkpoint's window must hold. */
  readonly needed: number
  /** Runs that the floors of the window's sprints pay for at this cost, in whole runs. */
  readonly paid: number
  readonly windowDays: number
}

/** What one run costs, or may cost at most; without tokens it is bounded as a hold is. */
export interface RunCost {
  readonly microUsd: bigint
  readonly tokens?: bigint | undefined
}

export function floorReach(
  { sprint, 'every-squad': floor }: Pick<Exploration, 'sprint' | 'every-squad'>,
  { window, promote }: Pick<PromotionFile, 'window' | 'promote'>,
  { microUsd, tokens = CAP_TOKENS_DEFAULT }: RunCost,
): FloorReach {
  const [amount, cost] = 'usd' in floor ? [floor.usd, microUsd] : [BigInt(floor.tokens), tokens]
  // A run that costs nothing is never what keeps a trial from its end.
  const paid = cost <= 0n ? promote.runs : Number((amount * BigInt(window.days)) / (BigInt(sprint.days) * cost))
  return { needed: promote.runs, paid, windowDays: window.days }
}

export function isOutOfReach({ needed, paid }: FloorReach): boolean {
  return paid < needed
}

/** In a sentence; `undefined` where the floor is enough. */
export function floorReachLine(reach: FloorReach): string | undefined {
  if (!isOutOfReach(reach)) return undefined
  const { needed, paid, windowDays } = reach
  const runs = paid === 0 ? 'no run' : paid === 1 ? 'one run' : `${paid} runs`
  return (
    `At this cost the floor of a squad’s sprints pays for ${runs} in the ${windowDays} days that count, and a checkpoint ` +
    `needs ${needed}: this trial can’t be decided on one squad’s floor alone`
  )
}
