/** While a step is under way one is made whenever so many turns, or a tenth of the cap, went by: no more is lost with a runner. */
export const CHECKPOINT_TURNS = 20
const CHECKPOINT_PARTS_OF_CAP = 10n

export interface Passed {
  readonly turns: number
  readonly spentMicroUsd: bigint
}

/** `passed`: since the last one. */
export function isCheckpointDue({ turns, spentMicroUsd }: Passed, capMicroUsd: bigint): boolean {
  return turns >= CHECKPOINT_TURNS || (turns > 0 && spentMicroUsd * CHECKPOINT_PARTS_OF_CAP >= capMicroUsd)
}
