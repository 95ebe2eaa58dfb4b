/**
 * How sure a rate is. For display only: it stands beside a rate so that nobody reads much into three runs, and it
 * decides nothing. That is why floats are fine here and nowhere near money or thresholds.
 */

/** The 97.5th percentile of the normal distribution: two sides of 95%. */
const Z = 1.959963984540054

/** Percentages from 0 to 100. */
export interface Interval {
  readonly lowPercent: number
  readonly highPercent: number
}

/**
 * The Wilson score interval at 95% (Wilson 1927), which stays within 0 and 100 and is honest for few runs.
 * `undefined` without runs.
 */
export function wilsonInterval(successes: number, runs: number): Interval | undefined {
  if (runs <= 0) return undefined
  const rate = successes / runs
  const spread = (Z * Z) / runs
  const middle = (rate + spread / 2) / (1 + spread)
  const half = (Z / (1 + spread)) * Math.sqrt((rate * (1 - rate)) / runs + spread / (4 * runs))
  return { lowPercent: Math.max(0, middle - half) * 100, highPercent: Math.min(1, middle + half) * 100 }
}

/** `49% to 94%`. */
export function formatInterval(interval: Interval): string {
  return `${Math.round(interval.lowPercent)}% to ${Math.round(interval.highPercent)}%`
}
