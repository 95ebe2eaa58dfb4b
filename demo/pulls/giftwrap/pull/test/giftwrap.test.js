import assert from 'node:assert/strict'
import { test } from 'node:test'
import { giftwrap } from '../src/giftwrap.js'

test('wraps a box of forty centimetres at the highest price', () => {
  assert.equal(giftwrap(40, false), 500)
})
