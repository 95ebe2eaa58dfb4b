import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shipping } from '../src/shipping.js'

test('counts five hundred grams as a small parcel', () => {
  assert.equal(shipping(500, false), 390)
})

test('moves to the next rate one gram above', () => {
  assert.equal(shipping(501), 590)
  assert.equal(shipping(2001), 990)
})

test('charges more for express', () => {
  assert.equal(shipping(500, true), 990)
  assert.equal(shipping(5000, true), 1890)
})
