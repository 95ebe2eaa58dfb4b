/** Counting runs, on either side of a trial. */
import { mulDivCeil } from '../money/money.ts'
import type { Outcome } from '../run/run.ts'

/** Sums over runs. `pending` runs count nowhere; `unknown` ones only in `unknown` and in the spend. */
export interface Tally {
  /** Runs whose outcome is accepted, reworked or rejected. */
  readonly settled: number
  readonly accepted: number
  readonly reworked: number
  readonly rejected: number
  readonly unknown: number
  /** Of the settled. */
  readonly reverted: number
  /** Distinct subjects among the settled. */
  readonly subjects: number
  /** Spend of settled and unknown runs. */
  readonly spendMicroUsd: bigint
}

/** What a tally looks at in a run. */
export interface TallyRun {
  readonly outcome: Outcome
  readonly reverted: boolean
  /** The same text for runs on the same pull request, issue or commit. */
  readonly subject: string
  readonly spendMicroUsd: bigint
}

/** Whether the repository has said what became of the work. */
export function isSettled(outcome: Outcome): boolean {
  return outcome !== 'pending' && outcome !== 'unknown'
}

/** A tally that runs are added to, one by one, and taken from when a window has left them behind. */
export class Count {
  readonly #outcomes: Record<Outcome, number> = { accepted: 0, reworked: 0, rejected: 0, pending: 0, unknown: 0 }
  readonly #subjects = new Map<string, number>()
  #settled = 0
  #reverted = 0
  #spendMicroUsd = 0n

  add(run: TallyRun): void {
    this.#change(run, 1)
  }

  /** What was added before. */
  remove(run: TallyRun): void {
    this.#change(run, -1)
  }

  #change({ outcome, reverted, subject, spendMicroUsd }: TallyRun, by: 1 | -1): void {
    this.#outcomes[outcome] += by
    if (outcome === 'pending') return
    this.#spendMicroUsd += by === 1 ? spendMicroUsd : -spendMicroUsd
    if (outcome === 'unknown') return
    this.#settled += by
    if (reverted) this.#reverted += by
    const times = (this.#subjects.get(subject) ?? 0) + by
    if (times === 0) this.#subjects.delete(subject)
    else this.#subjects.set(subject, times)
  }

  /** As of now; it does not change when more is added. */
  tally(): Tally {
    const { accepted, reworked, rejected, unknown } = this.#outcomes
    return {
      settled: this.#settled,
      accepted,
      reworked,
      rejected,
      unknown,
      reverted: this.#reverted,
      subjects: this.#subjects.size,
      spendMicroUsd: this.#spendMicroUsd,
    }
  }
}

/** Their window is the caller's to choose. */
export function tallyRuns(runs: Iterable<TallyRun>): Tally {
  const count = new Count()
  for (const run of runs) count.add(run)
  return count.tally()
}

/** Of sides that have no subject in common, such as those of different repositories. */
export function sumTallies(tallies: readonly Tally[]): Tally {
  const sum = (count: (tally: Tally) => number) => tallies.reduce((all, tally) => all + count(tally), 0)
  return {
    settled: sum(({ settled }) => settled),
    accepted: sum(({ accepted }) => accepted),
    reworked: sum(({ reworked }) => reworked),
    rejected: sum(({ rejected }) => rejected),
    unknown: sum(({ unknown }) => unknown),
    reverted: sum(({ reverted }) => reverted),
    subjects: sum(({ subjects }) => subjects),
    spendMicroUsd: tallies.reduce((all, { spendMicroUsd }) => all + spendMicroUsd, 0n),
  }
}

/** The accepted runs' share of the spend, rounded up; `undefined` when nothing was accepted. */
export function spendPerAcceptedMicroUsd(tally: Pick<Tally, 'accepted' | 'spendMicroUsd'>): bigint | undefined {
  return tally.accepted === 0 ? undefined : mulDivCeil(tally.spendMicroUsd, 1n, BigInt(tally.accepted))
}
