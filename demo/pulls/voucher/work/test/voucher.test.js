import assert from 'node:assert/strict'
import { test } from 'node:test'
import { useVoucher } from '../src/voucher.js'

test('can be used up to the cent', () => {
  assert.deepEqual(useVoucher(500, 500), { pay: 0, left: 0 })
})

test('keeps what the order does not need', () => {
  assert.deepEqual(useVoucher(500, 200), { pay: 0, left: 300 })
})

test('leaves the rest to pay', () => {
  assert.deepEqual(useVoucher(500, 700), { pay: 200, left: 0 })
  assert.deepEqual(useVoucher(0, 700), { pay: 700, left: 0 })
})
