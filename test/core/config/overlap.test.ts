import { expect, it } from 'vitest'
import { mayOverlap } from '../../../core/config/overlap.ts'

it.each([
  ['web/**', 'web/**', true],
  ['web/**', 'web/cart/**', true],
  ['web/**', 'WEB/index.js', true],
  ['web/**', 'web', true],
  ['web/**', 'website/**', false],
  ['web/*.js', 'web/*.ts', false],
  ['web/*.js', 'web/cart*', true],
  ['*/tests/**', 'web/**', true],
  ['**/tests/**', 'web/**', true],
  ['**/*.md', 'docs/**', true],
  ['**/*.md', 'docs/*.js', false],
  ['web/*', 'web/cart/index.js', false],
  ['{web,api}/**', 'api/**', true],
  ['services/payments/**', 'services/billing/**', false],
])('%s and %s: %s', (first, second, overlaps) => {
  expect(mayOverlap(first, second)).toBe(overlaps)
  expect(mayOverlap(second, first)).toBe(overlaps)
})
