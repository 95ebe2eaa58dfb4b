import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refund } from '../src/refund.js'

test('pays all back on the fourteenth day', () => {
  assert.equal(refund(999, 14), 999)
})

test('pays half back until the thirtieth, in whole cents', () => {
  assert.equal(refund(999, 15), 499)
  assert.equal(refund(999, 30), 499)
})

test('pays nothing back later', () => {
  assert.equal(refund(999, 31), 0)
})
