import assert from 'node:assert/strict'
import { test } from 'node:test'
import { discount } from '../src/discount.js'

test('gives ten percent from one hundred on', () => {
  assert.equal(discount(10000), 1000)
})
