import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCoupon } from '../src/coupon.js'

test('takes letters and digits', () => {
  assert.equal(isCoupon('SPRING29'), true)
})
