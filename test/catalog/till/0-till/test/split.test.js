import assert from 'node:assert'
import test from 'node:test'
import { split } from '../src/split.js'

const sum = (shares) => shares.reduce((total, share) => total + share, 0)

test('splits evenly where it can', () => assert.deepEqual(split(900, 3), [300, 300, 300]))

test('loses no cent', () => assert.equal(sum(split(1000, 3)), 1000))

test('differs by one cent at most', () => assert.deepEqual(split(1001, 3), [334, 334, 333]))

test('refuses a bill without payers', () => assert.throws(() => split(100, 0), RangeError))
