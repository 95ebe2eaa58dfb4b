import assert from 'node:assert/strict'
import { test } from 'node:test'
import { points } from '../src/loyalty.js'

test('counts the last full euro', () => {
  assert.equal(points(300, 'blue'), 3)
})

test('drops what is less than a euro', () => {
  assert.equal(points(399, 'blue'), 3)
  assert.equal(points(99, 'blue'), 0)
})

test('doubles for gold', () => {
  assert.equal(points(300, 'gold'), 6)
})
