import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCoupon } from '../src/coupon.js'

test('takes letters and digits', () => {
  assert.equal(isCoupon('SPRING29'), true)
})

test('refuses other lengths, cases and kinds', () => {
  for (const code of ['SPRING2', 'SPRING299', 'spring29', '', undefined, 12345678]) assert.equal(isCoupon(code), false)
})
