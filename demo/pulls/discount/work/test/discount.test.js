import assert from 'node:assert/strict'
import { test } from 'node:test'
import { discount } from '../src/discount.js'

test('gives ten percent from one hundred on', () => {
  assert.equal(discount(10000), 1000)
})

test('gives five percent from fifty on and nothing below', () => {
  assert.equal(discount(5000), 250)
  assert.equal(discount(4999), 0)
  assert.equal(discount(0), 0)
})
