import assert from 'node:assert/strict'
import { test } from 'node:test'
import { points } from '../src/loyalty.js'

test('counts the last full euro', () => {
  assert.equal(points(300, 'blue'), 3)
})
