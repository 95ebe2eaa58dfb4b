import assert from 'node:assert/strict'
import { test } from 'node:test'
import { money } from '../src/currency.js'

test('writes two decimal places', () => {
  assert.equal(money(1205), '12.05')
})

test('writes small and negative amounts', () => {
  assert.equal(money(5), '0.05')
  assert.equal(money(0), '0.00')
  assert.equal(money(-1205), '-12.05')
})
