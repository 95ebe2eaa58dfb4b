import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refund } from '../src/refund.js'

test('pays all back on the fourteenth day', () => {
  assert.equal(refund(999, 14), 999)
})
