import assert from 'node:assert/strict'
import { test } from 'node:test'
import { useVoucher } from '../src/voucher.js'

test('can be used up to the cent', () => {
  assert.deepEqual(useVoucher(500, 500), { pay: 0, left: 0 })
})
