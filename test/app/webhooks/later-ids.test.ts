import { expect, test } from 'vitest'
import { laterIds } from '../../../app/webhooks/later-ids.ts'

test('each id sorts after the one before, within a millisecond and when the clock is put back', () => {
  const times = [5, 5, 5, 4, 3, 6, 6, 2]
  let asked = 0
  const next = laterIds(() => 1_790_000_000_000 + (times[asked++ % times.length] ?? 0))
  const ids = Array.from({ length: 10_000 }, () => next())
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
