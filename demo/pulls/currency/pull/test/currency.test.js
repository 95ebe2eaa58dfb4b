import assert from 'node:assert/strict'
import { test } from 'node:test'
import { money } from '../src/currency.js'

test('writes two decimal places', () => {
  assert.equal(money(1205), '12.05')
})
