import { describe, expect, it } from 'vitest'
import {
  formatAtLeastUsd,
  formatAtMostUsd,
  formatTokens,
  formatUnderUsd,
  formatUsd,
  parseUsd,
  usdDecimal,
} from '../../../core/money/money.ts'

describe('parseUsd', () => {
  it.each([
    ['2.50', 2_500_000n],
    ['2.5', 2_500_000n],
    ['0.000001', 1n],
    ['40', 40_000_000n],
    ['0.0000001', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['', undefined],
    ['NaN', undefined],
  ])('%s', (text, microUsd) => {
    expect(parseUsd(text)).toBe(microUsd)
  })
})

describe('formatAtMostUsd', () => {
  it.each([
    [2_504_999n, '$2.51'],
    [2_500_000n, '$2.50'],
    [1n, '$0.000001'],
    [99_999_999n, '$100.00'],
    [0n, '$0.00'],
  ])('never says less than %d micro-dollars', (microUsd, text) => {
    expect(formatAtMostUsd(microUsd)).toBe(text)
  })
})

describe('formatAtLeastUsd', () => {
  it.each([
    [2_504_999n, '$2.50'],
    [499_999n, '$0.49'],
    [9_289n, '$0.0092'],
    [0n, '$0.00'],
  ])('never says more than %d micro-dollars', (microUsd, text) => {
    expect(formatAtLeastUsd(microUsd)).toBe(text)
  })
})

describe('formatUnderUsd', () => {
  it.each([
    [1_904_999n, '$1.91'],
    [1_900_000n, '$1.91'],
    [99_999n, '$0.10'],
    [0n, '$0.01'],
  ])('says more than %d micro-dollars', (microUsd, text) => {
    expect(formatUnderUsd(microUsd)).toBe(text)
  })
})

describe('formatUsd', () => {
  it.each([
    [0n, '$0.00'],
    [1n, '$0.000001'],
    [9_289n, '$0.0093'],
    [15_740n, '$0.016'],
    [70_000n, '$0.07'],
    [99_999n, '$0.10'],
    [846_000n, '$0.85'],
    [2_500_000n, '$2.50'],
    [1_234_567_890n, '$1234.57'],
    [-15_740n, '-$0.016'],
  ])('%s micro-USD', (microUsd, text) => {
    expect(formatUsd(microUsd)).toBe(text)
  })
})

describe('formatTokens', () => {
  it.each([
    [0n, '0 tokens'],
    [999, '999 tokens'],
    [1_250_000n, '1,250,000 tokens'],
  ])('%s', (tokens, text) => {
    expect(formatTokens(tokens)).toBe(text)
  })
})

describe('usdDecimal', () => {
  it.each([
    [2_500_000n, '2.50'],
    [1_234n, '0.001234'],
    [0n, '0.00'],
  ])('%s is exact', (microUsd, text) => {
    expect(usdDecimal(microUsd)).toBe(text)
    expect(parseUsd(text)).toBe(microUsd)
  })
})
