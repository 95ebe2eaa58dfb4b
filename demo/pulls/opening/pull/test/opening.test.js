import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOpen } from '../src/opening.js'

test('closes at six', () => {
  assert.equal(isOpen(1, 18), false)
})
