/**
 * Money is an integer number of micro-USD in a `bigint`; identifiers that hold it end in `MicroUsd`.
 * Floats never appear: amounts come from decimal text and go out as decimal text.
 */

export const MICRO_PER_USD = 1_000_000n

const DECIMAL = /^(\d{1,9})(?:\.(\d{1,6}))?$/

/** `"2.50"` -> `2_500_000n`; `undefined` for anything but a plain non-negative decimal of at most six places. */
export function parseUsd(text: string): bigint | undefined {
  const match = DECIMAL.exec(text.trim())
  if (!match) return undefined
  const [, whole = '0', fraction = ''] = match
  return BigInt(whole) * MICRO_PER_USD + BigInt(fraction.padEnd(6, '0'))
}

/** Exact decimal text without a sign or a currency: `2_500_000n` -> `"2.50"`, `1_234n` -> `"0.001234"`. */
export function usdDecimal(microUsd: bigint): string {
  const negative = microUsd < 0n
  const absolute = negative ? -microUsd : microUsd
  const fraction = (absolute % MICRO_PER_USD)
    .toString()
    .padStart(6, '0')
    .replace(/0{1,4}$/, '')
  return `${negative ? '-' : ''}${absolute / MICRO_PER_USD}.${fraction}`
}

/** For people: whole cents, and below a dollar as many places more as it takes to show two figures. Rounds half up. */
export function formatUsd(microUsd: bigint): string {
  return shownUsd(microUsd, (absolute, unit) => (absolute + unit / 2n) / unit)
}

/** As `formatUsd`, rounded up: for what is never gone beyond, and for what is needed. */
export function formatAtMostUsd(microUsd: bigint): string {
  return shownUsd(microUsd, (absolute, unit) => (absolute + unit - 1n) / unit)
}

/** As `formatUsd`, rounded down: for what is left, so that it is there. */
export function formatAtLeastUsd(microUsd: bigint): string {
  return shownUsd(microUsd, (absolute, unit) => absolute / unit)
}

/** As `formatUsd`, above the amount itself: for what it is said to be under. */
export function formatUnderUsd(microUsd: bigint): string {
  return formatAtMostUsd(microUsd === 0n ? MICRO_PER_USD / 100n : microUsd + 1n)
}

function shownUsd(microUsd: bigint, units: (absolute: bigint, unit: bigint) => bigint): string {
  const negative = microUsd < 0n
  const absolute = negative ? -microUsd : microUsd
  const places = absolute === 0n || absolute >= 100_000n ? 2 : Math.min(6, 8 - absolute.toString().length)
  const unit = 10n ** BigInt(6 - places)
  return `${negative ? '-' : ''}$${usdDecimal(units(absolute, unit) * unit)}`
}

/** For people: `1_250_000` -> `"1,250,000 tokens"`. */
export function formatTokens(tokens: bigint | number): string {
  return `${grouped(tokens)} tokens`
}

/** `1_250_000` -> `"1,250,000"`. By hand, since a first use of `Intl` takes longer than reading a configuration. */
export function grouped(amount: bigint | number): string {
  return amount.toString().replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `amount * numerator / denominator`, rounded up: holds never round in favour of spending more. */
export function mulDivCeil(amount: bigint, numerator: bigint, denominator: bigint): bigint {
  return (amount * numerator + denominator - 1n) / denominator
}

export function minBigint(first: bigint, ...rest: bigint[]): bigint {
  return rest.reduce((least, next) => (next < least ? next : least), first)
}
