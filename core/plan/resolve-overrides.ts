/** What a command may change for one run: its cap, its model and its effort, within what its portfolio allows. */
import type { OverrideName } from '../command/command.ts'
import { effortSchema } from '../config/workflow.ts'
import { MICRO_PER_USD, parseUsd, usdDecimal } from '../money/money.ts'
import type { Payer } from '../money/payer.ts'
import { didYouMean, listed } from '../nearest.ts'
import { isRefusal, type Refusal, refuse } from '../reason.ts'

export interface Overrides {
  readonly capMicroUsd: bigint
  readonly model?: string | undefined
  readonly effort?: 'minimal' | 'low' | 'medium' | 'high' | undefined
}

const THOUSANDTHS = 1000n

/** `baseMicroUsd`: the cap without an override. `floorMicroUsd`: what the workflow declares as worth starting with. */
export function readOverrides(
  given: Readonly<Partial<Record<OverrideName, string>>>,
  payer: Payer,
  baseMicroUsd: bigint,
  floorMicroUsd: bigint | undefined,
): Overrides | Refusal {
  const { overrides } = payer.terms
  const capMicroUsd = readCap(given.cap, payer, baseMicroUsd, floorMicroUsd)
  if (isRefusal(capMicroUsd)) return capMicroUsd
  const { model } = given
  if (model !== undefined && !overrides.models?.includes(model)) {
    const allowed = overrides.models ?? []
    const there =
      allowed.length === 0
        ? ' It allows no other model.'
        : didYouMean(model, allowed) || ` It allows ${listed(allowed)}.`
    return refuse(
      'override-out-of-bounds',
      `The ${payer.kind} \`${payer.name}\` does not allow the model \`${model}\`.${there}`,
    )
  }
  const effort = effortSchema.safeParse(given.effort)
  if (given.effort !== undefined && !effort.success) return refuse('override-out-of-bounds', noEffort(given.effort))
  return { capMicroUsd, model, effort: effort.data }
}

/** A cap is written as a multiple (`2x`) or in US dollars (`5`, `$5.00`); to ask for less is always allowed. */
function readCap(
  written: string | undefined,
  { kind, name, terms }: Payer,
  baseMicroUsd: bigint,
  floorMicroUsd: bigint | undefined,
): bigint | Refusal {
  if (written === undefined) return baseMicroUsd
  const asked = askedCap(written, baseMicroUsd)
  if (asked === undefined) return refuse('override-out-of-bounds', noCap(written))
  const allowed = allowedThousandths(terms)
  const most = mostCap(terms, baseMicroUsd)
  if (asked > most) {
    const bound =
      allowed > THOUSANDTHS ? `, ${Number(allowed) / 1000} times the cap of $${usdDecimal(baseMicroUsd)}` : ', the cap'
    return refuse(
      'override-out-of-bounds',
      `A cap of $${usdDecimal(asked)} was asked for; the ${kind} \`${name}\` allows at most $${usdDecimal(most)}${bound}.`,
    )
  }
  if (floorMicroUsd !== undefined && asked < floorMicroUsd) {
    return refuse(
      'override-out-of-bounds',
      `A cap of $${usdDecimal(asked)} was asked for; the workflow needs at least $${usdDecimal(floorMicroUsd)}.`,
    )
  }
  return asked
}

/** The most that a cap may be raised to. */
export function mostCap(terms: Payer['terms'], baseMicroUsd: bigint): bigint {
  return (baseMicroUsd * allowedThousandths(terms)) / THOUSANDTHS
}

function allowedThousandths({ overrides }: Payer['terms']): bigint {
  return BigInt(Math.max(overrides.cap ?? 1000, 1000))
}

/** What is wrong with overrides wherever they are given; what a portfolio allows is not looked at. */
export function overrideProblems(given: Readonly<Partial<Record<OverrideName, string>>>): string[] {
  const { cap, effort } = given
  return [
    ...(cap !== undefined && askedCap(cap, MICRO_PER_USD) === undefined ? [noCap(cap)] : []),
    ...(effort !== undefined && !effortSchema.safeParse(effort).success ? [noEffort(effort)] : []),
  ]
}

function askedCap(written: string, baseMicroUsd: bigint): bigint | undefined {
  const asked = /^\d{1,3}(\.\d{1,3})?x$/.test(written)
    ? (baseMicroUsd * thousandths(written.slice(0, -1))) / THOUSANDTHS
    : parseUsd(written.replace(/^\$/, ''))
  return asked === 0n ? undefined : asked
}

function noCap(written: string): string {
  return `\`cap=${written.slice(0, 60)}\` is no cap; expected a multiple such as \`2x\` or US dollars such as \`5.00\`.`
}

function noEffort(written: string): string {
  const there = didYouMean(written, effortSchema.options)
  return `\`effort=${written.slice(0, 60)}\` is none of ${listed(effortSchema.options)}.${there}`
}

function thousandths(decimal: string): bigint {
  const [whole = '0', fraction = ''] = decimal.split('.')
  return BigInt(whole) * THOUSANDTHS + BigInt(fraction.padEnd(3, '0'))
}
