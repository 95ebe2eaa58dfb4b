/** What providers truly charged, kept apart from everything that the ledger or a runner says. */

export interface Charge {
  readonly microUsd: bigint
  readonly tokens: bigint
  /** The proven bound under which the call was sent. */
  readonly boundMicroUsd: bigint
  readonly boundTokens: bigint
}

/** All charges of a run. What lies beyond a call's bound counts apart: it shows in the ledger once somebody has told. */
export interface RunTruth {
  readonly withinMicroUsd: bigint
  readonly withinTokens: bigint
  readonly beyondMicroUsd: bigint
  readonly beyondTokens: bigint
  /** Whether a report that names all of it was taken by the ledger. */
  readonly told: boolean
}

export const NO_TRUTH: RunTruth = {
  withinMicroUsd: 0n,
  withinTokens: 0n,
  beyondMicroUsd: 0n,
  beyondTokens: 0n,
  told: false,
}

export class Truth {
  readonly #runs = new Map<string, RunTruth>()
  readonly #keep: (runId: string, truth: RunTruth) => void

  /** `keep` is told of every change before anything else happens, for what must outlive this process. */
  constructor(keep: (runId: string, truth: RunTruth) => void = () => {}) {
    this.#keep = keep
  }

  of(runId: string): RunTruth {
    return this.#runs.get(runId) ?? NO_TRUTH
  }

  charge(runId: string, charge: Charge): void {
    const known = this.of(runId)
    const [withinMicroUsd, beyondMicroUsd] = split(charge.microUsd, charge.boundMicroUsd)
    const [withinTokens, beyondTokens] = split(charge.tokens, charge.boundTokens)
    this.#put(runId, {
      withinMicroUsd: known.withinMicroUsd + withinMicroUsd,
      withinTokens: known.withinTokens + withinTokens,
      beyondMicroUsd: known.beyondMicroUsd + beyondMicroUsd,
      beyondTokens: known.beyondTokens + beyondTokens,
      told: false,
    })
  }

  tell(runId: string): void {
    const known = this.of(runId)
    if (!known.told) this.#put(runId, { ...known, told: true })
  }

  all(): Iterable<readonly [string, RunTruth]> {
    return this.#runs
  }

  #put(runId: string, truth: RunTruth): void {
    this.#keep(runId, truth)
    this.#runs.set(runId, truth)
  }
}

function split(amount: bigint, bound: bigint): readonly [bigint, bigint] {
  return amount > bound ? [bound, amount - bound] : [amount, 0n]
}
