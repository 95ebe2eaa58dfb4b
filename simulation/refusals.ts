/** Whether a "no" was one that had to be. Computed from the raw rows and from prices alone. */
import type { AccountSpec } from '../core/money/account.ts'
import { type CallAsk, type Meter, USEFUL_OUTPUT_TOKENS_MIN, WRAP_UP_OUTPUT_TOKENS } from '../core/money/meter.ts'
import type { Price } from '../core/money/price.ts'
import type { Refusal } from '../core/reason.ts'
import { fail } from './invariants.ts'
import type { AccountFacts, ReserveAsk, Reserved } from './ledger.ts'

const WRAP_UP_USEFUL_TOKENS = 100

/** `payers`: the rows as they were when it was refused. */
export function checkRefusedReserve(ask: ReserveAsk, refusal: Refusal, payers: readonly AccountFacts[]): void {
  const enforced = payers.filter(({ ceiling }) => ceiling !== null)
  const subjects = payers.map(({ id }) => id)
  if (refusal.reason === 'account-frozen') {
    if (enforced.some(({ frozen }) => frozen)) return
    fail('false-refusal', `${ask.commandKey} was refused`, 'a frozen account', 'none', subjects)
  }
  if (refusal.reason !== 'no-room') return
  const short = enforced.some((payer) => {
    const room = roomIn(payer)
    return room <= 0n || room < floorIn(payer, ask)
  })
  if (short || enforced.some(({ frozen }) => frozen)) return
  const rooms = enforced.map((payer) => `${roomIn(payer)} for a floor of ${floorIn(payer, ask)}`)
  fail('false-refusal', `${ask.commandKey} was refused for lack of room`, 'too little', rooms.join(), subjects)
}

/** `payers`: the rows right after it was granted, this hold included. */
export function checkGrantedReserve(ask: ReserveAsk, granted: Reserved, payers: readonly AccountFacts[]): void {
  for (const unit of ['usd', 'tokens'] as const) {
    const held = unit === 'usd' ? granted.heldMicroUsd : (granted.heldTokens ?? 0n)
    const paying = payers.filter((payer) => payer.unit === unit && payer.ceiling !== null)
    if (paying.length === 0) continue
    const cap = unit === 'usd' ? ask.capMicroUsd : ask.capTokens
    const expected = paying.reduce((least, payer) => (roomIn(payer) + held < least ? roomIn(payer) + held : least), cap)
    if (held < expected) {
      const subjects = [granted.runId, ...paying.map(({ id }) => id)]
      fail('hold-is-what-there-is', `${granted.runId} holds less than it could`, expected, held, subjects)
    }
  }
}

/** The accounts that were asked, by name, kind and the App's clock. */
export function payersOf(ask: ReserveAsk, accounts: readonly AccountFacts[]): readonly AccountFacts[] {
  return ask.accounts.flatMap((spec) => {
    const atMs = momentFor(spec, ask.now)
    return accountNamed(
      spec,
      accounts.filter(({ periodStartMs, periodEndMs }) => periodStartMs <= atMs && atMs < periodEndMs),
    )
  })
}

/** The one of that name or, since a rename may have come in between, the one that had it. */
export function accountNamed(
  { kind, name }: Pick<AccountSpec, 'kind' | 'name'>,
  accounts: readonly AccountFacts[],
): readonly AccountFacts[] {
  const ofKind = accounts.filter((account) => account.kind === kind)
  const named = ofKind.filter((account) => account.name === name)
  return named.length > 0 ? named : ofKind.filter(({ formerNames }) => formerNames.includes(name))
}

/** What the App read was for a period that may have ended since; then its last moment counts. */
export function momentFor(spec: AccountSpec, now: Date): number {
  return Math.max(spec.periodStart.getTime(), Math.min(now.getTime(), spec.periodEnd.getTime() - 1))
}

function roomIn({ ceiling, spent, held }: AccountFacts): bigint {
  return (ceiling ?? 0n) - spent - held
}

function floorIn({ unit }: AccountFacts, { capMicroUsd, capTokens, floorMicroUsd }: ReserveAsk): bigint {
  const floor = floorMicroUsd < capMicroUsd ? floorMicroUsd : capMicroUsd
  return unit === 'usd' ? floor : (capTokens * floor + capMicroUsd - 1n) / capMicroUsd
}

/** A meter said that no useful call fits; `drawn` when that was so only of what is drawn. */
export function checkMeterRefusal(runId: string, meter: Meter, ask: CallAsk, limit: string): void {
  if (limit === 'overage') return
  const isWrapUp = ask.purpose === 'wrap-up'
  const useful = isWrapUp ? WRAP_UP_USEFUL_TOKENS : USEFUL_OUTPUT_TOKENS_MIN
  const used = meter.spentMicroUsd + meter.reservedMicroUsd
  const most = limit === 'drawn' ? meter.drawnMicroUsd : meter.capMicroUsd
  const left = limit === 'share' ? least(most - used, ask.shareLeftMicroUsd ?? most - used) : most - used
  const wrapUp = isWrapUp ? undefined : ask.wrapUpInputTokensBound
  const keptBack = wrapUp === undefined ? 0n : worstOf(ask.price, wrapUp, WRAP_UP_OUTPUT_TOKENS)
  const needed = worstOf(ask.price, ask.inputTokensBound, useful) + keptBack
  if (needed > left) return
  const { tokens } = meter
  if (tokens !== undefined) {
    const tokensLeft = (limit === 'drawn' ? tokens.drawn : tokens.cap) - tokens.spent - tokens.reserved
    const keptBackTokens = wrapUp === undefined ? 0 : wrapUp + WRAP_UP_OUTPUT_TOKENS
    if (ask.inputTokensBound + useful + keptBackTokens > tokensLeft) return
  }
  fail('false-refusal', `the meter of ${runId} refused a useful call (${limit})`, `more than ${left}`, needed, [runId])
}

function worstOf(price: Price, inputTokens: number, outputTokens: number): bigint {
  let [input, output] = [price.input > price.cached ? price.input : price.cached, price.output]
  for (const tier of price.tiers) {
    if (tier.aboveInputTokens >= inputTokens) continue
    for (const rate of [tier.input, tier.cached]) if (rate > input) input = rate
    if (tier.output > output) output = tier.output
  }
  const exact = BigInt(inputTokens) * input + BigInt(outputTokens) * output
  return (exact + 999_999n) / 1_000_000n
}

function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}
