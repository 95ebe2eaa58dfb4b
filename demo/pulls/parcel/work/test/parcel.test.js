import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parcels } from '../src/parcel.js'

test('needs no parcel for nothing', () => {
  assert.equal(parcels([]), 0)
})

test('fills a parcel to the last gram', () => {
  assert.equal(parcels([{ grams: 15_000 }, { grams: 5_000 }]), 1)
  assert.equal(parcels([{ grams: 15_000 }, { grams: 5_001 }]), 2)
})

test('refuses an item that fits no parcel', () => {
  assert.throws(() => parcels([{ grams: 20_001 }]), /fits no parcel/)
})
