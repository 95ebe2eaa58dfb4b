import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CALL_OUTPUT_TOKENS_MAX,
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
  WRAP_UP_OUTPUT_TOKENS,
} from '../../../core/money/meter.ts'
import type { Price } from '../../../core/money/price.ts'
import { prices } from '../prices-world.ts'

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

/** What a call of so many tokens costs at the dearest of all rates that a bound lets apply, rounded up. */
function dearest(price: Price, inputTokens: number, outputTokens: number): bigint {
  let [input, output] = [0n, 0n]
  for (const rates of [price, ...price.tiers]) {
    if ('aboveInputTokens' in rates && inputTokens <= rates.aboveInputTokens) continue
    for (const rate of [rates.input, rates.cached, rates.written ?? 0n]) if (rate > input) input = rate
    if (rates.output > output) output = rates.output
  }
  const millionths = BigInt(inputTokens) * input + BigInt(outputTokens) * output
  return millionths / 1_000_000n + (millionths % 1_000_000n === 0n ? 0n : 1n)
}

/** The most output for which call and wrap-up fit together, by trying every one from above. */
function mostOutput(
  asked: CallAsk,
  left: { readonly microUsd: bigint; readonly tokens: number | undefined },
): number | undefined {
  const isWork = asked.purpose === 'work'
  const wrapUp = isWork ? asked.wrapUpInputTokensBound : undefined
  const kept = wrapUp === undefined ? 0n : dearest(asked.price, wrapUp, WRAP_UP_OUTPUT_TOKENS)
  const keptTokens = wrapUp === undefined ? 0 : wrapUp + WRAP_UP_OUTPUT_TOKENS
  const [most, least] = isWork ? [CALL_OUTPUT_TOKENS_MAX, USEFUL_OUTPUT_TOKENS_MIN] : [WRAP_UP_OUTPUT_TOKENS, 100]
  const wanted = Math.min(most, asked.outputTokensAsked ?? most)
  for (let output = wanted; output >= Math.min(least, wanted); output -= 1) {
    const fitsMoney = dearest(asked.price, asked.inputTokensBound, output) + kept <= left.microUsd
    const fitsTokens = left.tokens === undefined || asked.inputTokensBound + output + keptTokens <= left.tokens
    if (fitsMoney && fitsTokens) return output
  }
  return undefined
}

describe('a call that may be billed at a dearer price', () => {
  const priceInUs: Price = { ...price, input: 1_100_000n, cached: 110_000n, output: 4_400_000n }
  const usage = { inputTokens: 1_000, cachedTokens: 0, outputTokens: 2_000, reasoningTokens: 0 }
  const posted = (asked: Partial<CallAsk>, inUs: boolean) => {
    const verdict = reserveCall(openMeter({ capMicroUsd: 50_000n, drawnMicroUsd: 50_000n }), ask(asked))
    if (verdict.verdict !== 'go') throw new Error(verdict.verdict)
    return {
      reserved: verdict.reservation.reservedMicroUsd,
      spent: postCall(verdict.meter, verdict.reservation, { kind: 'reported', usage, inUs }).spentMicroUsd,
    }
  }
  const outputTokensAsked = 2_000

  it.each([
    [false, 9_000n],
    [true, 9_900n],
  ])('is reserved at that, and posted at it where the answer says so: %s', (inUs, spent) => {
    expect(posted({ priceInUs, outputTokensAsked }, inUs)).toEqual({ reserved: 9_900n, spent })
  })

  it('is posted at its reservation where the dearer price is not known', () => {
    expect(posted({ outputTokensAsked: 3_000 }, true)).toEqual({ reserved: 13_000n, spent: 13_000n })
  })

  it('is shrunk until the dearer price fits beside what is kept back', () => {
    expect(posted({ priceInUs }, true).reserved).toBeLessThanOrEqual(50_000n - 1_210n - 2_640n)
  })
})

describe('what is left', () => {
  const asks = fc.record({
    price: prices,
    inputTokensBound: fc.integer({ min: 1, max: 50_000 }),
    extra: fc.option(fc.nat(300), { nil: undefined }),
    outputTokensAsked: fc.option(fc.integer({ min: 1, max: 20_000 }), { nil: undefined }),
    purpose: fc.constantFrom('work' as const, 'wrap-up' as const),
    cap: fc.oneof(fc.bigInt({ min: 0n, max: 9_000_000n }), fc.bigInt({ min: 0n, max: 50_000n })),
    spent: fc.nat(100),
    drawn: fc.option(fc.nat(100), { nil: 100 }),
    share: fc.option(fc.bigInt({ min: 0n, max: 3_000_000n }), { nil: undefined }),
    tokens: fc.option(fc.integer({ min: 1, max: 150_000 }), { nil: undefined }),
  })

  it('is used to the last micro-USD and token: the largest call that fits is let through, and no larger one', () => {
    fc.assert(
      fc.property(asks, ({ extra, cap, spent, drawn, share, tokens, ...asked }) => {
        const part = (of: bigint, percent: number) => (of * BigInt(percent)) / 100n
        const meter: Meter = {
          ...openMeter({
            capMicroUsd: cap,
            drawnMicroUsd: part(cap, Math.max(spent, drawn)),
            capTokens: tokens,
            drawnTokens: tokens,
          }),
          spentMicroUsd: part(cap, spent),
        }
        const request = ask({
          ...asked,
          wrapUpInputTokensBound: extra === undefined ? undefined : asked.inputTokensBound + extra,
          shareLeftMicroUsd: share,
        })
        const room = meter.drawnMicroUsd - meter.spentMicroUsd
        const fitting = mostOutput(request, { microUsd: share !== undefined && share < room ? share : room, tokens })
        const verdict = reserveCall(meter, request)
        expect(verdict.verdict === 'go' ? verdict.reservation : undefined).toEqual(
          fitting && {
            price: request.price,
            outputTokensMax: fitting,
            reservedTokens: request.inputTokensBound + fitting,
            reservedMicroUsd: dearest(request.price, request.inputTokensBound, fitting),
          },
        )
        if (verdict.verdict !== 'go') return
        expect(verdict.meter.spentMicroUsd + verdict.meter.reservedMicroUsd).toBeLessThanOrEqual(meter.drawnMicroUsd)
      }),
      { numRuns: 300 },
    )
  })

  it('is asked for as far as the call needs it, and then suffices, in money and in tokens', () => {
    fc.assert(
      fc.property(asks, ({ extra, cap, spent: _, drawn, share, tokens, ...asked }) => {
        const meter = openMeter({
          capMicroUsd: cap,
          drawnMicroUsd: (cap * BigInt(drawn)) / 100n,
          capTokens: tokens,
          drawnTokens: tokens === undefined ? undefined : Math.floor((tokens * drawn) / 100),
        })
        const request = ask({
          ...asked,
          wrapUpInputTokensBound: extra === undefined ? undefined : asked.inputTokensBound + extra,
          shareLeftMicroUsd: share,
          drawnIsFinal: false,
        })
        const least = share !== undefined && share < cap ? share : cap
        const fitting = mostOutput(request, { microUsd: least, tokens })
        const first = reserveCall(meter, request)
        const verdict =
          first.verdict === 'draw'
            ? reserveCall(raiseDrawn(meter, first.wantMicroUsd, first.wantTokens), request)
            : first
        expect(verdict.verdict === 'go' ? verdict.reservation.outputTokensMax : undefined).toBe(fitting)
      }),
      { numRuns: 200 },
    )
  })
})

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
            expect(meter.tokens?.overage).toBe(0)
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
        fc.option(fc.integer({ min: 1, max: 80_000 }), { nil: undefined }),
        (price, cap, input, capTokens) => {
          const meter = openMeter({ capMicroUsd: cap, drawnMicroUsd: cap, capTokens, drawnTokens: capTokens })
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
    expect(reserveCall(posted.meter, ask())).toEqual({ verdict: 'no-room', limit: 'overage' })
  })

  it('counts tokens above the bound as overage as well, also where the money would do, and spends nothing after it', () => {
    const meter = openMeter({
      capMicroUsd: 1_000_000n,
      drawnMicroUsd: 1_000_000n,
      capTokens: 100_000,
      drawnTokens: 100_000,
    })
    const verdict = reserveCall(meter, ask({ price: { ...price, cached: 1n } }))
    if (verdict.verdict !== 'go') throw new Error('expected go')
    const { reservedTokens } = verdict.reservation
    const usage = {
      inputTokens: reservedTokens + 7,
      cachedTokens: reservedTokens + 7,
      outputTokens: 0,
      reasoningTokens: 0,
    }
    const posted = postCall(verdict.meter, verdict.reservation, { kind: 'reported', usage })
    expect(posted.meter.overageMicroUsd).toBe(0n)
    expect(posted.meter.tokens).toMatchObject({ reserved: 0, spent: reservedTokens, overage: 7 })
    expect(reserveCall(posted.meter, ask())).toEqual({ verdict: 'no-room', limit: 'overage' })
    expect(reserveCall(posted.meter, ask({ purpose: 'wrap-up' }))).toEqual({ verdict: 'no-room', limit: 'overage' })
  })

  it.each([
    [{ inputTokens: 0, cachedTokens: 0, outputTokens: 5, reasoningTokens: 0 }, false],
    [{ inputTokens: 5, cachedTokens: 0, outputTokens: 1e12, reasoningTokens: 0 }, false],
    [{ inputTokens: 1.5, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 }, false],
    [{ inputTokens: 5, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 }, true],
  ])('believes %o: %s', (usage, believed) => expect(isPlausible(usage)).toBe(believed))
})
