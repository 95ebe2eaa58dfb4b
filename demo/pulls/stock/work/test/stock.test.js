import assert from 'node:assert/strict'
import { test } from 'node:test'
import { take } from '../src/stock.js'

test('can take the last item', () => {
  assert.deepEqual(take({ mug: 1 }, 'mug', 1), { mug: 0 })
})

test('takes no more than there is', () => {
  assert.equal(take({ mug: 1 }, 'mug', 2), undefined)
  assert.equal(take({}, 'mug', 1), undefined)
})

test('leaves the given stock alone', () => {
  const stock = { mug: 3 }
  take(stock, 'mug', 1)
  assert.deepEqual(stock, { mug: 3 })
})
