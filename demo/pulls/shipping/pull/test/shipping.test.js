import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shipping } from '../src/shipping.js'

test('counts five hundred grams as a small parcel', () => {
  assert.equal(shipping(500, false), 390)
})
