import { describe, expect, it } from 'vitest'
import { didYouMean, nearest } from '../../core/nearest.ts'

describe('the nearest name', () => {
  it.each([
    ['reveiw', 'review'],
    ['Review', 'review'],
    ['refactr', 'refactor+tests'],
    ['refactor-tests', 'refactor+tests'],
    ['change', 'changelog'],
    ['fix', 'fix-ci'],
    ['zzz', undefined],
    ['', undefined],
  ])('%j is %s', (word, expected) => {
    expect(nearest(word, ['refactor+tests', 'review', 'changelog', 'fix-ci'])).toBe(expected)
  })

  it('is asked about in a sentence, or not at all', () => {
    expect(didYouMean('reveiw', ['review'])).toBe(' Did you mean `review`?')
    expect(didYouMean('x'.repeat(100_000), ['review'])).toBe('')
    expect(didYouMean('review', [])).toBe('')
  })
})
