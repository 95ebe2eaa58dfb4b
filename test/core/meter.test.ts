import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CallAsk,
  type CallOutcome,
  isPlausible,
  type Meter,
  openMeter,
  postCall,
  raiseDrawn,
  reserveCall,
  shareLeftMicroUsd,
  USEFUL_OUTPUT_TOKENS_MIN,
} from '../../core/meter.ts'
import type { Price } from '../../core/price.ts'

const price: Price = { input: 1_000_000n, cached: 100_000n, output: 4_000_000n, tiers: [], source: 'a test' }

function ask(parts: Partial<CallAsk> = {}): CallAsk {
  return {
    price,
    inputTokensBound: 1_000,
    wrapUpInputTokensBound: 1_100,
    purpose: 'work',
    drawnIsFinal: true,
    ...parts,
  }
}

/** What may be done to a meter: one call with whatever usage its bound allows, or the App drawing more. */
const action = fc.oneof(
  fc.record({
    kind: fc.constant('call' as const),
    input: fc.integer({ min: 1, max: 50_000 }),
    wrapUp: fc.boolean(),
    used: fc.integer({ min: 0, max: 100 }),
    cached: fc.integer({ min: 0, max: 100 }),
    outcome: fc.constantFrom('reported', 'unknown', 'unbilled'),
  }),
  fc.record({ kind: fc.constant('draw' as const), to: fc.bigInt({ min: 0n, max: 2_000_000n }) }),
)
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never

const prices = fc.record({
  input: fc.bigInt({ min: 0n, max: 20_000_000n }),
  cached: fc.bigInt({ min: 0n, max: 20_000_000n }),
  output: fc.bigInt({ min: 0n, max: 80_000_000n }),
  tiers: fc.array(
    fc.record({
      aboveInputTokens: fc.integer({ min: 0, max: 40_000 }),
      input: fc.bigInt({ min: 0n, max: 40_000_000n }),
      cached: fc.bigInt({ min: 0n, max: 40_000_000n }),
      output: fc.bigInt({ min: 0n, max: 90_000_000n }),
    }),
    { maxLength: 2 },
  ),
  source: fc.constant('a test'),
})

function step(meter: Meter, done: Action, price: Price): Meter {
  if (done.kind === 'draw') return raiseDrawn(meter, done.to)
  const verdict = reserveCall(meter, {
    price,
    inputTokensBound: done.input,
    wrapUpInputTokensBound: done.input + 100,
    purpose: done.wrapUp ? 'wrap-up' : 'work',
    drawnIsFinal: true,
  })
  if (verdict.verdict !== 'go') return meter
  expect(verdict.meter.spentMicroUsd + verdict.meter.reservedMicroUsd).toBeLessThanOrEqual(verdict.meter.drawnMicroUsd)
  const inputTokens = Math.max(1, Math.floor((done.input * done.used) / 100))
  const usage = {
    inputTokens,
    cachedTokens: Math.floor((inputTokens * done.cached) / 100),
    outputTokens: Math.floor((verdict.reservation.outputTokensMax * done.used) / 100),
    reasoningTokens: 0,
  }
  const outcome: CallOutcome = done.outcome === 'reported' ? { kind: 'reported', usage } : { kind: done.outcome }
  return postCall(verdict.meter, verdict.reservation, outcome).meter
}

describe('the meter', () => {
  it('never passes what is drawn, nor the cap, whatever usage within its bound is reported', () => {
    fc.assert(
      fc.property(
        prices,
        fc.bigInt({ min: 0n, max: 1_000_000n }),
        fc.array(action, { maxLength: 40 }),
        (price, cap, actions) => {
          let meter = openMeter({ capMicroUsd: cap, drawnMicroUsd: cap / 3n, capTokens: 200_000, drawnTokens: 150_000 })
          for (const done of actions) {
            meter = step(meter, done, price)
            expect(meter.spentMicroUsd + meter.reservedMicroUsd).toBeLessThanOrEqual(meter.drawnMicroUsd)
            expect(meter.drawnMicroUsd).toBeLessThanOrEqual(meter.capMicroUsd)
            expect(meter.overageMicroUsd).toBe(0n)
            expect((meter.tokens?.spent ?? 0) + (meter.tokens?.reserved ?? 0)).toBeLessThanOrEqual(
              meter.tokens?.drawn ?? 0,
            )
          }
        },
      ),
    )
  })

  it('keeps enough back for the wrap-up after every call that it lets through, at its worst', () => {
    fc.assert(
      fc.property(
        prices,
        fc.bigInt({ min: 0n, max: 3_000_000n }),
        fc.integer({ min: 1, max: 30_000 }),
        (price, cap, input) => {
          const meter = openMeter({ capMicroUsd: cap, drawnMicroUsd: cap })
          const first = reserveCall(meter, ask({ price, inputTokensBound: input, wrapUpInputTokensBound: input + 100 }))
          if (first.verdict !== 'go') return
          const spent = postCall(first.meter, first.reservation, { kind: 'unknown' }).meter
          const last = ask({ price, inputTokensBound: input + 100, purpose: 'wrap-up' })
          expect(reserveCall(spent, last).verdict).toBe('go')
        },
      ),
    )
  })

  it('keeps a step within its share', () => {
    const meter = openMeter({ capMicroUsd: 1_000_000n, drawnMicroUsd: 1_000_000n })
    const left = shareLeftMicroUsd(1_000_000n, 600, 0n)
    const verdict = reserveCall(meter, ask({ shareLeftMicroUsd: left }))
    expect(verdict).toMatchObject({ verdict: 'go' })
    if (verdict.verdict === 'go') expect(verdict.reservation.reservedMicroUsd).toBeLessThanOrEqual(left)
    expect(reserveCall(meter, ask({ shareLeftMicroUsd: 1_000n }))).toEqual({ verdict: 'no-room', limit: 'share' })
  })

  it('asks to be drawn before it makes do with less, and says how much it wants', () => {
    const meter = openMeter({ capMicroUsd: 1_000_000n, drawnMicroUsd: 10_000n })
    const verdict = reserveCall(meter, ask({ drawnIsFinal: false }))
    if (verdict.verdict !== 'draw') throw new Error(`expected draw, not ${verdict.verdict}`)
    expect(verdict.wantMicroUsd).toBeGreaterThan(10_000n)
    expect(reserveCall(raiseDrawn(meter, verdict.wantMicroUsd), ask({ drawnIsFinal: false })).verdict).toBe('go')
  })

  it.each([
    ['a cap without room for a useful answer', { capMicroUsd: 5_000n, drawnMicroUsd: 5_000n }, 'cap'],
    ['too little drawn', { capMicroUsd: 1_000_000n, drawnMicroUsd: 5_000n }, 'drawn'],
    [
      'too few tokens',
      { capMicroUsd: 1_000_000n, drawnMicroUsd: 1_000_000n, capTokens: 2_000, drawnTokens: 2_000 },
      'cap',
    ],
  ])('has no room under %s', (_, hold, limit) => {
    expect(reserveCall(openMeter(hold), ask())).toEqual({ verdict: 'no-room', limit })
  })

  it('clamps the output to what is left, down to what is still of use', () => {
    const meter = openMeter({ capMicroUsd: 8_000n, drawnMicroUsd: 8_000n })
    const verdict = reserveCall(meter, ask())
    if (verdict.verdict !== 'go') throw new Error(`expected go, not ${verdict.verdict}`)
    expect(verdict.reservation.outputTokensMax).toBeGreaterThanOrEqual(USEFUL_OUTPUT_TOKENS_MIN)
    expect(verdict.reservation.outputTokensMax).toBeLessThan(2_000)
  })

  it('counts what a provider reports above the bound as overage, and spends nothing after it', () => {
    const meter = openMeter({ capMicroUsd: 1_000_000n, drawnMicroUsd: 1_000_000n })
    const verdict = reserveCall(meter, ask())
    if (verdict.verdict !== 'go') throw new Error('expected go')
    const usage = { inputTokens: 900_000, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 }
    const posted = postCall(verdict.meter, verdict.reservation, { kind: 'reported', usage })
    expect(posted.spentMicroUsd).toBe(900_000n)
    expect(posted.meter.spentMicroUsd).toBe(verdict.reservation.reservedMicroUsd)
    expect(posted.meter.overageMicroUsd).toBe(900_000n - verdict.reservation.reservedMicroUsd)
    expect(reserveCall(posted.meter, ask()).verdict).toBe('no-room')
  })

  it.each([
    [{ inputTokens: 0, cachedTokens: 0, outputTokens: 5, reasoningTokens: 0 }, false],
    [{ inputTokens: 5, cachedTokens: 0, outputTokens: 1e12, reasoningTokens: 0 }, false],
    [{ inputTokens: 1.5, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 }, false],
    [{ inputTokens: 5, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 }, true],
  ])('believes %o: %s', (usage, believed) => expect(isPlausible(usage)).toBe(believed))
})
