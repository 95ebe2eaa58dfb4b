/** What a simulation says at its end: one line for programs, and for people what was broken and how to see it again. */
import type { Arguments } from './arguments.ts'
import type { Rush } from './rush.ts'
import type { Broken, Outcome } from './simulate.ts'

export interface Result {
  readonly seed: number
  readonly outcome: Outcome
  readonly rush: Rush | undefined
  readonly elapsedMs: number
}

/** A share of a budget below this, spendable before the first refusal, is a budget that locks up. */
const SPENDABLE_BASIS_POINTS_MIN = 9_500

export function isFine({ outcome, rush }: Result): boolean {
  const { overshootMicroUsd, overshootTokens, lostMicroUsd, lostTokens, stuckHolds, falseRefusals, broken } = outcome
  const amounts = overshootMicroUsd + overshootTokens + lostMicroUsd + lostTokens
  const spendable = rush?.spendableBasisPoints ?? SPENDABLE_BASIS_POINTS_MIN
  return (
    broken === undefined &&
    amounts === 0n &&
    stuckHolds + falseRefusals === 0 &&
    spendable >= SPENDABLE_BASIS_POINTS_MIN
  )
}

export function jsonLine({ seed, outcome, rush, elapsedMs }: Result): string {
  const { broken } = outcome
  return JSON.stringify({
    seed,
    operations: outcome.operations,
    accounts: outcome.accounts,
    crashes: outcome.crashes,
    overshootMicroUsd: Number(outcome.overshootMicroUsd),
    lostMicroUsd: Number(outcome.lostMicroUsd),
    stuckHolds: outcome.stuckHolds,
    falseRefusals: outcome.falseRefusals,
    elapsedMs,
    overshootTokens: Number(outcome.overshootTokens),
    lostTokens: Number(outcome.lostTokens),
    untoldMicroUsd: Number(outcome.untoldMicroUsd),
    ...(rush === undefined
      ? {}
      : {
          spendableBeforeRefusal: rush.spendableBasisPoints / 10_000,
          spentOfHeld: rush.spentOfHeldBasisPoints / 10_000,
        }),
    virtualDays: outcome.virtualDays,
    trace: outcome.trace,
    counts: outcome.counts,
    ...(broken === undefined
      ? {}
      : {
          broken: {
            invariant: broken.invariant,
            operation: broken.operation,
            expected: broken.expected,
            found: broken.found,
          },
        }),
  })
}

export function failureText(broken: Broken, args: Arguments): string {
  const events = broken.lastEvents.length === 0 ? ['none'] : broken.lastEvents
  return [
    `BROKEN: ${broken.invariant}, at operation ${broken.operation} of the world with seed ${args.seed}`,
    `  ${broken.says}`,
    `  expected: ${broken.expected}`,
    `  found:    ${broken.found}`,
    `The last events of ${broken.subjects.join(', ') || 'nobody'}:`,
    ...events.map((event) => `  ${event}`),
    `Again: ${commandLine(args)}`,
  ].join('\n')
}

function commandLine({ seed, operations, database, processes }: Arguments): string {
  return [
    `npm run simulate -- --seed ${seed} --operations ${operations}`,
    ...(database === undefined ? [] : [`--database ${withoutPassword(database)}`]),
    ...(processes === 1 ? [] : [`--processes ${processes}`]),
  ].join(' ')
}

function withoutPassword(database: string): string {
  if (!URL.canParse(database)) return database
  const url = new URL(database)
  if (url.password !== '') url.password = '***'
  return url.href
}
