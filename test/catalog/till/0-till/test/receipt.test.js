import assert from 'node:assert'
import test from 'node:test'
import { receipt } from '../src/receipt.js'

test('adds up to the bill', () =>
  assert.equal(receipt(1000, ['A', 'B', 'C']), 'A: 3.34 EUR\nB: 3.33 EUR\nC: 3.33 EUR\nPaid: 10.00 EUR'))
