import { describe, expect, it } from 'vitest'
import type { Call } from '../../../core/money/call.ts'
import { brokenBound, hasEvidence, isPossible, spendOf, tokensOf } from '../../../core/money/call-proof.ts'

const prices = { m: { input: 1_000_000n, cached: 100_000n, output: 4_000_000n, tiers: [], source: 'a test' } }

/** It cost 150 micro-USD at those prices. */
function call(changes: Partial<Call> = {}): Call {
  return {
    id: 0,
    step: 'mend',
    model: 'm',
    reservedMicroUsd: 500n,
    spentMicroUsd: 150n,
    inputTokens: 120,
    cachedTokens: 100,
    outputTokens: 30,
    reasoningTokens: 0,
    reservedTokens: 400,
    usage: 'reported',
    ...changes,
  }
}

describe('hasEvidence', () => {
  it('has none without calls, unless none was sent', () => {
    expect(hasEvidence({ calls: [] })).toBe(false)
    expect(hasEvidence({ calls: [], noCallSent: true })).toBe(true)
    expect(hasEvidence({ calls: [call()] })).toBe(true)
  })
})

describe('spendOf', () => {
  const nothing = { spentMicroUsd: 0n, inputTokens: 0, cachedTokens: 0, outputTokens: 0 }

  it.each<[string, Partial<Call>, bigint, bigint]>([
    ['what it says', {}, 150n, 150n],
    ['what its tokens come to, where it says less', { spentMicroUsd: 1n }, 150n, 150n],
    ['what it says, where that is more', { spentMicroUsd: 170n }, 170n, 150n],
    ['what it says, where its model has no price', { model: 'other', spentMicroUsd: 1n }, 1n, 150n],
    ['what it says, where its model is named like what every object has', { model: 'constructor' }, 150n, 150n],
    ['its reservation, where nobody knows what it used', { usage: 'unknown', spentMicroUsd: 1n }, 500n, 400n],
    [
      'nothing, where it was turned away',
      { spentMicroUsd: 0n, inputTokens: 0, outputTokens: 0, cachedTokens: 0 },
      0n,
      0n,
    ],
  ])('counts a call at %s', (_how, changes, microUsd, tokens) => {
    expect(spendOf({ ...nothing, calls: [call(changes)] }, prices)).toEqual({ microUsd, tokens })
  })

  it('is never less than the report says in all', () => {
    const report = { spentMicroUsd: 900n, inputTokens: 800, cachedTokens: 0, outputTokens: 7, calls: [call()] }
    expect(spendOf(report, prices)).toEqual({ microUsd: 900n, tokens: 807n })
  })

  it('is never less than all calls together', () => {
    const report = { ...nothing, spentMicroUsd: 200n, inputTokens: 1, calls: [call(), call({ id: 1 })] }
    expect(spendOf(report, prices)).toEqual({ microUsd: 300n, tokens: 300n })
  })
})

describe('isPossible', () => {
  it('is what a run could use at the most, in both units', () => {
    const most = 10n ** 13n
    expect(isPossible({ microUsd: most, tokens: most })).toBe(true)
    expect(isPossible({ microUsd: most + 1n, tokens: 0n })).toBe(false)
    expect(isPossible({ microUsd: 0n, tokens: most + 1n })).toBe(false)
  })
})

describe('tokensOf', () => {
  it('stays within what is stored, however many tokens a call is said to have had', () => {
    const calls = Array.from({ length: 2_000 }, () => call({ inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 0 }))
    const inputTokens = Number.MAX_SAFE_INTEGER
    expect(tokensOf({ inputTokens: 1, cachedTokens: 0, outputTokens: 1, calls })).toMatchObject({ inputTokens })
  })
})

describe('brokenBound', () => {
  it('names the first call that used more than was reserved for it, in the unit that is asked for', () => {
    const calls = [
      call(),
      call({ id: 1, spentMicroUsd: 501n }),
      call({ id: 2, inputTokens: 900 }),
      call({ id: 3, spentMicroUsd: 502n }),
    ]
    expect(brokenBound('usd', calls, {})).toBe('Model call 1 (m) cost $0.000501 where at most $0.0005 was reserved')
    expect(brokenBound('tokens', calls, {})).toBe(
      'Model call 2 (m) used 930 tokens where at most 400 tokens were reserved',
    )
    expect(brokenBound('usd', [call({ spentMicroUsd: 500n })], {})).toBeUndefined()
    const { reservedTokens, ...older } = call({ inputTokens: 900 })
    expect(brokenBound('tokens', [older], {})).toBeUndefined()
  })
  it('takes a call for no cheaper than its tokens are', () => {
    const cheap = call({ spentMicroUsd: 0n, reservedMicroUsd: 149n })
    expect(brokenBound('usd', [cheap], prices)).toBe(
      'Model call 0 (m) cost $0.00015 where at most $0.000149 was reserved',
    )
  })
})
