import assert from 'node:assert/strict'
import { test } from 'node:test'
import { label } from '../src/address.js'

test('joins zip and city by a blank', () => {
  assert.equal(label({ name: 'A. Lovelace', street: 'Main 1', zip: '10115', city: 'Berlin' }), 'A. Lovelace, Main 1, 10115 Berlin')
})
