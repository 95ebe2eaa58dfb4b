/** The run's money while it runs: the meter, the journal behind it, and the App that draws. */

import { CALLS_MAX, type Call } from '../../core/money/call.ts'
import {
  type CallAsk,
  type CallOutcome,
  type CallVerdict,
  hasOverage,
  type Meter,
  openMeter,
  percentOfCap,
  postCall,
  type Reservation,
  raiseDrawn,
  reserveCall,
} from '../../core/money/meter.ts'
import type { Journal } from './journal.ts'

/** What may be spent so far, as the App has acknowledged. */
export interface Drawn {
  readonly drawnMicroUsd: bigint
  readonly drawnTokens?: number | undefined
}

/**
 * Asks to be drawn up to this much in all. Resolves to what is drawn then, `undefined` when the run has stopped in the
 * meantime. Without an App the whole cap is drawn from the start, and there is nobody to ask.
 */
export type Draw = (wantMicroUsd: bigint, wantTokens: number | undefined) => Promise<Drawn | undefined>

/** Why no call can be made. `stopped`: the run has to end, whatever money it has. The others are the meter's. */
export type Limit = Extract<CallVerdict, { verdict: 'no-room' }>['limit'] | 'stopped'

export interface Granted {
  readonly reservation: Reservation
  readonly call: Call
}

export class Purse {
  #meter: Meter
  readonly #calls: Call[] = []
  /** By step, so that asking does not take longer with every call. */
  readonly #spentIn = new Map<string, bigint>()
  readonly #journal: Journal
  readonly #draw: Draw | undefined

  constructor(hold: Parameters<typeof openMeter>[0], journal: Journal, draw?: Draw) {
    this.#meter = openMeter(hold)
    this.#journal = journal
    this.#draw = draw
  }

  get spentMicroUsd(): bigint {
    return this.#meter.spentMicroUsd + this.#meter.overageMicroUsd
  }

  /** What may yet be posted: spent, and the call in flight at its worst. */
  get committedMicroUsd(): bigint {
    return this.#meter.spentMicroUsd + this.#meter.reservedMicroUsd
  }

  get percentOfCap(): number {
    return percentOfCap(this.#meter)
  }

  /** Whether a provider has billed more than a call's bound. */
  get hasOverage(): boolean {
    return hasOverage(this.#meter)
  }

  get capMicroUsd(): bigint {
    return this.#meter.capMicroUsd
  }

  get calls(): readonly Call[] {
    return this.#calls
  }

  spentIn(step: string): bigint {
    return this.#spentIn.get(step) ?? 0n
  }

  /** By all steps of a nested workflow. */
  spentWithin(key: string): bigint {
    let spent = 0n
    for (const [step, microUsd] of this.#spentIn) if (step.startsWith(`${key}/`)) spent += microUsd
    return spent
  }

  /** What a heartbeat's answer says is drawn. */
  raise(drawnMicroUsd: bigint, drawnTokens: number | undefined): void {
    this.#meter = raiseDrawn(this.#meter, drawnMicroUsd, drawnTokens)
  }

  /** Reserves a call and writes it down before it may be sent, asking the App for more when what is drawn is short. */
  async reserve(
    step: string,
    model: string,
    ask: Omit<CallAsk, 'drawnIsFinal'>,
  ): Promise<Granted | { readonly limit: Limit }> {
    if (this.#calls.length >= CALLS_MAX) return { limit: 'cap' }
    let verdict = reserveCall(this.#meter, { ...ask, drawnIsFinal: this.#draw === undefined })
    if (verdict.verdict === 'draw' && this.#draw !== undefined) {
      const drawn = await this.#draw(verdict.wantMicroUsd, verdict.wantTokens)
      if (drawn === undefined) return { limit: 'stopped' }
      this.raise(drawn.drawnMicroUsd, drawn.drawnTokens)
      verdict = reserveCall(this.#meter, { ...ask, drawnIsFinal: true })
    }
    if (verdict.verdict === 'draw') return { limit: 'drawn' }
    if (verdict.verdict === 'no-room') return { limit: verdict.limit }
    const { reservation } = verdict
    const call: Call = {
      id: this.#calls.length,
      step,
      model,
      reservedMicroUsd: reservation.reservedMicroUsd,
      spentMicroUsd: reservation.reservedMicroUsd,
      inputTokens: ask.inputTokensBound,
      cachedTokens: 0,
      outputTokens: reservation.outputTokensMax,
      reasoningTokens: 0,
      reservedTokens: reservation.reservedTokens,
      usage: 'unknown',
    }
    this.#journal.reserved(call)
    this.#meter = verdict.meter
    this.#calls.push(call)
    return { reservation, call }
  }

  post(granted: Granted, outcome: CallOutcome): Call {
    const posted = postCall(this.#meter, granted.reservation, outcome)
    this.#meter = posted.meter
    const call = { ...granted.call, ...usageOf(granted.call, outcome), spentMicroUsd: posted.spentMicroUsd }
    this.#calls[call.id] = call
    this.#spentIn.set(call.step, this.spentIn(call.step) + call.spentMicroUsd)
    this.#journal.answered(call)
    return call
  }
}

function usageOf(call: Call, outcome: CallOutcome): Partial<Call> {
  if (outcome.kind === 'reported') return { ...outcome.usage, usage: 'reported' }
  if (outcome.kind === 'unknown') return { usage: call.usage }
  return { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0, usage: 'reported' }
}
