/** What the racing processes ask for: everything about a run follows from its key, so that whoever repeats it asks the same. */
import type { ReserveRequest } from '../../../app/ledger/reserve.ts'
import type { AccountSpec } from '../../../core/money/account.ts'
import type { Report } from '../../../core/run/report.ts'
import { CENT, planOf, portfolioAccount, reportOf, requestFor, squadTokens } from '../../app/ledger/scene.ts'

/** The one repository of a race's database. */
export const REPOSITORY_ID = 7n
/** The account that most runs are paid from, and the one whose last micro-dollar the races spend. */
export const MAIN = 'refactoring'
/** Neither is a multiple of a cap, so that the last hold is smaller than the others. */
const BUDGET_MICRO_USD = 900_007n
export const RAISED_MICRO_USD = 1_600_011n
/** From this key on configuration says the raised budget, while others may still say the first. */
const RAISED_FROM = 8
const CAP_MICRO_USD = 5n * CENT
const CAP_TOKENS = 2_000

/** `who:7`; two processes that share a `who` share its runs. */
export type Key = `${string}:${number}`

export function numberOf(key: Key): number {
  return Number(key.slice(key.lastIndexOf(':') + 1))
}

/** Several accounts pay for some, named in either order; tokens pay for some as well. */
function accountsOf(number: number): readonly AccountSpec[] {
  const main = portfolioAccount(number < RAISED_FROM ? BUDGET_MICRO_USD : RAISED_MICRO_USD)
  const side = portfolioAccount(400_003n, { kind: 'experiment', name: 'split' })
  const tokens = squadTokens(10_000_000n)
  return [[main], [main, side], [main], [side, main], [main, tokens]][number % 5] ?? [main]
}

export function requestOf(key: Key): ReserveRequest {
  return requestFor(REPOSITORY_ID, CAP_MICRO_USD, accountsOf(numberOf(key)), {
    session: { subjectKey: `subject:${key}`, commandKey: `command:${key}` },
    run: { plan: planOf(CAP_MICRO_USD, { capTokens: CAP_TOKENS }), floorMicroUsd: 1n },
  })
}

/** Some spend all that is held, most the half of it. */
export function reportFor(key: Key, heldMicroUsd: bigint): Report {
  return reportOf(numberOf(key) % 3 === 0 ? heldMicroUsd : (heldMicroUsd + 1n) / 2n)
}
