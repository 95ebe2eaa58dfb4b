/** Who pays, as people read it. */

/** An account is in money or in tokens, never in both. */
export type Amount = { readonly microUsd: bigint } | { readonly tokens: bigint }

/** An account that a run touches, as it stands with the run's hold (or, once settled, its spend) taken off. */
export interface PayingAccount {
  readonly kind: 'portfolio' | 'sprint' | 'experiment'
  /** The portfolio's, squad's or experiment's name. */
  readonly name: string
  /** The portfolio's purpose or the experiment's project; a sprint has none. */
  readonly purpose?: string | undefined
  /** The value that a portfolio serves. */
  readonly value?: string | undefined
  readonly budget: Amount
  readonly remaining: Amount
  /** The day, `2026-12-01`, on which the next period or sprint begins or the experiment ends. */
  readonly resets: string
  /** Why dear runs are right here, as the portfolio declares it. */
  readonly highCost?: string | undefined
}
