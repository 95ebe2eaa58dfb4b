import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gross } from '../src/tax.js'

test('rounds half up', () => {
  assert.equal(gross(1050, 'DE'), 1250)
})

test('knows each country', () => {
  assert.equal(gross(1000, 'FR'), 1200)
  assert.equal(gross(1000, 'CH'), 1081)
})

test('refuses a country without a rate', () => {
  assert.throws(() => gross(1000, 'XX'), /no tax rate for XX/)
})
