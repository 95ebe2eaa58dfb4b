import assert from 'node:assert/strict'
import { test } from 'node:test'
import { giftwrap } from '../src/giftwrap.js'

test('wraps a box of forty centimetres at the highest price', () => {
  assert.equal(giftwrap(40, false), 500)
})

test('moves to the next price at the boundary', () => {
  assert.equal(giftwrap(19), 200)
  assert.equal(giftwrap(20), 350)
})

test('adds the ribbon', () => {
  assert.equal(giftwrap(10, true), 300)
})
