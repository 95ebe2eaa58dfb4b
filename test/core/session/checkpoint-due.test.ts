import { expect, it } from 'vitest'
import { isCheckpointDue } from '../../../core/session/checkpoint-due.ts'

it.each([
  [0, 0n, false],
  [19, 99n, false],
  [1, 100n, true],
  [20, 0n, true],
  // What was spent before the step's first turn is none of its own.
  [0, 1_000n, false],
])('after %i turns and %s of a cap of 1,000: %s', (turns, spentMicroUsd, isDue) => {
  expect(isCheckpointDue({ turns, spentMicroUsd }, 1_000n)).toBe(isDue)
})
