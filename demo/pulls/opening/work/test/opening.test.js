import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOpen } from '../src/opening.js'

test('closes at six', () => {
  assert.equal(isOpen(1, 18), false)
})

test('opens at nine and closes earlier on Saturdays', () => {
  assert.equal(isOpen(1, 8), false)
  assert.equal(isOpen(1, 9), true)
  assert.equal(isOpen(6, 13), true)
  assert.equal(isOpen(6, 14), false)
})

test('is closed on Sundays', () => {
  assert.equal(isOpen(0, 12), false)
})
