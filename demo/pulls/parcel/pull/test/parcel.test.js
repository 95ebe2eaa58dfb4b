import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parcels } from '../src/parcel.js'

test('needs no parcel for nothing', () => {
  assert.equal(parcels([]), 0)
})
