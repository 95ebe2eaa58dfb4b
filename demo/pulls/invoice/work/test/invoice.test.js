import assert from 'node:assert/strict'
import { test } from 'node:test'
import { invoiceNumber } from '../src/invoice.js'

test('has five digits', () => {
  assert.equal(invoiceNumber(2026, 1234), '2026-01234')
})

test('pads from one digit on', () => {
  assert.equal(invoiceNumber(2026, 1), '2026-00001')
  assert.equal(invoiceNumber(2026, 99999), '2026-99999')
})

test('refuses a sixth digit', () => {
  assert.throws(() => invoiceNumber(2026, 100000), /no invoice number left/)
})
