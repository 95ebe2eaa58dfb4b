import assert from 'node:assert/strict'
import { test } from 'node:test'
import { take } from '../src/stock.js'

test('can take the last item', () => {
  assert.deepEqual(take({ mug: 1 }, 'mug', 1), { mug: 0 })
})
