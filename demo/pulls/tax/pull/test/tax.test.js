import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gross } from '../src/tax.js'

test('rounds half up', () => {
  assert.equal(gross(1050, 'DE'), 1250)
})
