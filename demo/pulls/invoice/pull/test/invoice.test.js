import assert from 'node:assert/strict'
import { test } from 'node:test'
import { invoiceNumber } from '../src/invoice.js'

test('has five digits', () => {
  assert.equal(invoiceNumber(2026, 1234), '2026-01234')
})
