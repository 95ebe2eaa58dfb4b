/** From a name to a plan: finds the workflow and its portfolio, checks inputs and overrides, settles models and prices. */
import type { OverrideName } from './command.ts'
import type { Configuration } from './config/configuration.ts'
import type { Portfolio } from './config/portfolios.ts'
import type { Plan, Subject } from './plan.ts'
import type { Price } from './price.ts'
import type { Refusal } from './reason.ts'

export interface RunRequest {
  readonly workflow: string
  readonly variant?: string | undefined
  readonly inputs: Readonly<Record<string, string>>
  readonly overrides: Readonly<Partial<Record<OverrideName, string>>>
}

export interface Resolved {
  /** Its `capMicroUsd` is the cap asked for; the hold may turn out smaller. */
  readonly plan: Plan
  readonly portfolioName: string
  readonly portfolio: Portfolio
  /** The least that the run is worth starting with. */
  readonly floorMicroUsd: bigint
  /** The squad that proposed the variant, for credit. */
  readonly squad?: string | undefined
  /** What somebody needs on GitHub to start it. */
  readonly access: 'triage' | 'write' | 'maintain'
}

export function resolveRun(
  configuration: Configuration,
  request: RunRequest,
  subject: Subject,
  keptPrices: ReadonlyMap<string, Price>,
): Resolved | Refusal {
  throw new Error(`not written yet: ${request.workflow} ${subject.kind} ${keptPrices.size} ${configuration.declared}`)
}
