/**
 * The runner's meter: how much of a run's hold is drawn, spent and in flight. Pure; the runner keeps it in step with
 * its journal and with what the App says. Whatever a provider reports within its bound, `spent + reserved` never
 * passes `drawn`, and `drawn` never passes the cap.
 */

import type { Usage } from '../run/run.ts'
import { minBigint, mulDivCeil } from './money.ts'
import { costMicroUsd, outputTokensWithin, type Price, worstCostMicroUsd } from './price.ts'

/** The most output that one call asks for; what is left under the cap may clamp it further. */
export const CALL_OUTPUT_TOKENS_MAX = 16_000
/** A call that can't answer with at least this much isn't worth its input: an edit of a small function fits. */
export const USEFUL_OUTPUT_TOKENS_MIN = 400
/** The turn that is kept back so that a capped run can still say what it did. */
export const WRAP_UP_OUTPUT_TOKENS = 600
const WRAP_UP_OUTPUT_TOKENS_MIN = 100
/** No provider's context holds more; a larger figure in a report is nonsense and not a bill. */
const REPORTED_TOKENS_MAX = 100_000_000

/** Tokens in all, input and output together, for a run that a token account pays for. */
export interface TokenMeter {
  readonly cap: number
  readonly drawn: number
  readonly spent: number
  readonly reserved: number
  /** What a provider reported above the bound; above zero, nothing more is spent. */
  readonly overage: number
}

export interface Meter {
  readonly capMicroUsd: bigint
  /** What may be spent so far, as the App has acknowledged. */
  readonly drawnMicroUsd: bigint
  readonly spentMicroUsd: bigint
  /** The worst case of the call in flight; zero between calls. */
  readonly reservedMicroUsd: bigint
  /** What a provider reported above the bound; above zero, nothing more is spent. */
  readonly overageMicroUsd: bigint
  readonly tokens?: TokenMeter | undefined
}

export interface Reservation {
  readonly price: Price
  readonly priceInUs?: Price | undefined
  readonly reservedMicroUsd: bigint
  readonly reservedTokens: number
  readonly outputTokensMax: number
}

export interface CallAsk {
  readonly price: Price
  /** A dearer one, where the provider may bill that and only its answer says so: see `priceInUs`. */
  readonly priceInUs?: Price | undefined
  /** A proven upper bound: see `input-bound.ts`. */
  readonly inputTokensBound: number
  /**
   * The same for the wrap-up turn that could follow this call; what that costs at worst is kept back. Absent where none can
   * follow.
   */
  readonly wrapUpInputTokensBound: number | undefined
  /** The most that the caller asks for; less than `USEFUL_OUTPUT_TOKENS_MIN` is of use to it. */
  readonly outputTokensAsked?: number | undefined
  /** Where the model's context has less room than `CALL_OUTPUT_TOKENS_MAX`. */
  readonly outputTokensRoom?: number | undefined
  /** What is left of the step's share of the cap; absent when the step has none. */
  readonly shareLeftMicroUsd?: bigint | undefined
  /** The wrap-up may use what was kept back. */
  readonly purpose: 'work' | 'wrap-up'
  /** The App has been asked and this is all it gives: fit the call into it or do without. */
  readonly drawnIsFinal: boolean
}

export type CallVerdict =
  | { readonly verdict: 'go'; readonly meter: Meter; readonly reservation: Reservation }
  /** The call fits under the cap but not under what is drawn; ask to be drawn up to this much in all. */
  | { readonly verdict: 'draw'; readonly wantMicroUsd: bigint; readonly wantTokens?: number | undefined }
  /** No useful call fits: `share` ends the step, the others end the run. `overage`: the bound does not hold, so nothing is sent. */
  | { readonly verdict: 'no-room'; readonly limit: 'cap' | 'share' | 'drawn' | 'overage' }

export function openMeter(hold: {
  capMicroUsd: bigint
  drawnMicroUsd: bigint
  capTokens?: number | undefined
  drawnTokens?: number | undefined
}): Meter {
  const tokens: TokenMeter | undefined =
    hold.capTokens === undefined
      ? undefined
      : {
          cap: hold.capTokens,
          drawn: Math.min(hold.drawnTokens ?? 0, hold.capTokens),
          spent: 0,
          reserved: 0,
          overage: 0,
        }
  return {
    capMicroUsd: hold.capMicroUsd,
    drawnMicroUsd: minBigint(hold.drawnMicroUsd, hold.capMicroUsd),
    spentMicroUsd: 0n,
    reservedMicroUsd: 0n,
    overageMicroUsd: 0n,
    tokens,
  }
}

/** Takes over what the App says is drawn. It never falls below what is spent and in flight, nor passes the cap. */
export function raiseDrawn(meter: Meter, drawnMicroUsd: bigint, drawnTokens?: number): Meter {
  const used = meter.spentMicroUsd + meter.reservedMicroUsd
  const capped = minBigint(drawnMicroUsd, meter.capMicroUsd)
  const tokens = meter.tokens && {
    ...meter.tokens,
    drawn: Math.max(
      Math.min(drawnTokens ?? meter.tokens.drawn, meter.tokens.cap),
      meter.tokens.spent + meter.tokens.reserved,
    ),
  }
  return { ...meter, drawnMicroUsd: capped > used ? capped : used, tokens }
}

/** What of the cap a step with a share may still use. `shareBasisPoints`: 6000 is 60%. */
export function shareLeftMicroUsd(capMicroUsd: bigint, shareBasisPoints: number, spentInStepMicroUsd: bigint): bigint {
  const left = (capMicroUsd * BigInt(shareBasisPoints)) / 10_000n - spentInStepMicroUsd
  return left > 0n ? left : 0n
}

/**
 * Reserves a call's worst case before it is sent: the bound of its input at the dearest rate that can apply, plus
 * the output limit that the request will carry, shrunk to what is left.
 */
export function reserveCall(meter: Meter, ask: CallAsk): CallVerdict {
  if (hasOverage(meter)) return { verdict: 'no-room', limit: 'overage' }
  const used = meter.spentMicroUsd + meter.reservedMicroUsd
  const capLeft = meter.capMicroUsd - used
  const shareLeft = ask.shareLeftMicroUsd ?? capLeft
  const tokensUsed = meter.tokens ? meter.tokens.spent + meter.tokens.reserved : 0
  const capTokensLeft = meter.tokens ? meter.tokens.cap - tokensUsed : undefined
  const drawnTokensLeft = meter.tokens ? meter.tokens.drawn - tokensUsed : undefined

  const wanted = outputFitting(ask, minBigint(capLeft, shareLeft), capTokensLeft)
  if (wanted === undefined) {
    const withoutShare = outputFitting(ask, capLeft, capTokensLeft)
    return { verdict: 'no-room', limit: withoutShare === undefined ? 'cap' : 'share' }
  }
  const room = minBigint(meter.drawnMicroUsd - used, shareLeft)
  const granted = outputFitting(ask, room, drawnTokensLeft)
  if (!ask.drawnIsFinal && (granted === undefined || granted < wanted)) {
    const need = worstCostMicroUsd(ask.price, ask.inputTokensBound, wanted) + keptBackMicroUsd(ask)
    return {
      verdict: 'draw',
      wantMicroUsd: minBigint(used + need, meter.capMicroUsd),
      wantTokens: meter.tokens && Math.min(tokensUsed + tokensNeeded(ask, wanted), meter.tokens.cap),
    }
  }
  if (granted === undefined) return { verdict: 'no-room', limit: 'drawn' }
  return { verdict: 'go', ...reserve(meter, ask, granted) }
}

/** What the provider said a call used (`inUs`: and that it is billed at `priceInUs`), or that nobody knows, or that it was turned away before any work. */
export type CallOutcome =
  | { readonly kind: 'reported'; readonly usage: Usage; readonly inUs?: boolean }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unbilled' }

/**
 * Posts a call: reported usage at its price, unknown usage at the reservation. `spentMicroUsd` of the answer is
 * what the call cost, also where that is more than was reserved: the meter counts the part above as overage, of money
 * and of tokens alike.
 */
export function postCall(
  meter: Meter,
  reservation: Reservation,
  outcome: CallOutcome,
): { readonly meter: Meter; readonly spentMicroUsd: bigint } {
  const spentMicroUsd = callCostMicroUsd(reservation, outcome)
  const withinMicroUsd = minBigint(spentMicroUsd, reservation.reservedMicroUsd)
  const posted = {
    ...meter,
    reservedMicroUsd: meter.reservedMicroUsd - reservation.reservedMicroUsd,
    spentMicroUsd: meter.spentMicroUsd + withinMicroUsd,
    overageMicroUsd: meter.overageMicroUsd + spentMicroUsd - withinMicroUsd,
    tokens: meter.tokens && postTokens(meter.tokens, reservation.reservedTokens, callTokens(reservation, outcome)),
  }
  return { meter: posted, spentMicroUsd }
}

function postTokens(tokens: TokenMeter, reserved: number, spent: number): TokenMeter {
  const within = Math.min(spent, reserved)
  return {
    ...tokens,
    reserved: tokens.reserved - reserved,
    spent: tokens.spent + within,
    overage: tokens.overage + spent - within,
  }
}

/** Whether a provider has billed more than the bound, in money or in tokens; then the bound can't be trusted any more. */
export function hasOverage(meter: Meter): boolean {
  return meter.overageMicroUsd > 0n || (meter.tokens !== undefined && meter.tokens.overage > 0)
}

/**
 * Whether reported usage can be believed at all. A report without input tokens, with more of them cached than read, or
 * with more than any context holds, says nothing; the call then counts as unknown and is billed at its reservation.
 */
export function isPlausible(usage: Usage): boolean {
  const { inputTokens, cachedTokens, writtenTokens = 0, outputTokens, reasoningTokens } = usage
  const figures = [inputTokens, cachedTokens, writtenTokens, outputTokens, reasoningTokens]
  return (
    inputTokens > 0 &&
    cachedTokens + writtenTokens <= inputTokens &&
    figures.every((tokens) => Number.isSafeInteger(tokens) && tokens >= 0 && tokens <= REPORTED_TOKENS_MAX)
  )
}

function reserve(meter: Meter, ask: CallAsk, outputTokensMax: number): { meter: Meter; reservation: Reservation } {
  const reservedMicroUsd = worstCostMicroUsd(dearest(ask), ask.inputTokensBound, outputTokensMax)
  const reservedTokens = ask.inputTokensBound + outputTokensMax
  return {
    meter: {
      ...meter,
      reservedMicroUsd: meter.reservedMicroUsd + reservedMicroUsd,
      tokens: meter.tokens && { ...meter.tokens, reserved: meter.tokens.reserved + reservedTokens },
    },
    reservation: { price: ask.price, priceInUs: ask.priceInUs, reservedMicroUsd, reservedTokens, outputTokensMax },
  }
}

function dearest({ price, priceInUs = price }: CallAsk): Price {
  return priceInUs
}

/** The most output that fits beside what is kept back, or `undefined` when that is too little to be of use. */
function outputFitting(ask: CallAsk, roomMicroUsd: bigint, roomTokens: number | undefined): number | undefined {
  const byMoney = outputTokensWithin(dearest(ask), ask.inputTokensBound, roomMicroUsd - keptBackMicroUsd(ask))
  const byTokens = roomTokens === undefined ? byMoney : roomTokens - tokensNeeded(ask, 0)
  const most = ask.purpose === 'wrap-up' ? WRAP_UP_OUTPUT_TOKENS : CALL_OUTPUT_TOKENS_MAX
  const least = ask.purpose === 'wrap-up' ? WRAP_UP_OUTPUT_TOKENS_MIN : USEFUL_OUTPUT_TOKENS_MIN
  const asked = ask.outputTokensAsked ?? most
  const fitting = Math.min(byMoney, byTokens, most, asked, ask.outputTokensRoom ?? most)
  return fitting >= Math.min(least, asked) ? fitting : undefined
}

function keptBackMicroUsd(ask: CallAsk): bigint {
  if (ask.purpose === 'wrap-up' || ask.wrapUpInputTokensBound === undefined) return 0n
  return worstCostMicroUsd(dearest(ask), ask.wrapUpInputTokensBound, WRAP_UP_OUTPUT_TOKENS)
}

function tokensNeeded(ask: CallAsk, outputTokens: number): number {
  const { purpose, wrapUpInputTokensBound: wrapUp } = ask
  const keptBack = purpose === 'wrap-up' || wrapUp === undefined ? 0 : wrapUp + WRAP_UP_OUTPUT_TOKENS
  return ask.inputTokensBound + outputTokens + keptBack
}

function callCostMicroUsd(reservation: Reservation, outcome: CallOutcome): bigint {
  if (outcome.kind === 'unbilled') return 0n
  if (outcome.kind === 'unknown' || !isPlausible(outcome.usage)) return reservation.reservedMicroUsd
  const price = outcome.inUs === true ? reservation.priceInUs : reservation.price
  return price === undefined ? reservation.reservedMicroUsd : costMicroUsd(price, outcome.usage)
}

function callTokens(reservation: Reservation, outcome: CallOutcome): number {
  if (outcome.kind === 'unbilled') return 0
  if (outcome.kind === 'unknown' || !isPlausible(outcome.usage)) return reservation.reservedTokens
  return outcome.usage.inputTokens + outcome.usage.outputTokens
}

/** How full the cap is, in whole percents rounded up, for progress lines. */
export function percentOfCap(meter: Meter): number {
  if (meter.capMicroUsd === 0n) return 100
  return Number(mulDivCeil(meter.spentMicroUsd, 100n, meter.capMicroUsd))
}
