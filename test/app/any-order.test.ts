/** The same events in another order, twice, or a third of them missing, end in the same state. `npm run bench` does it at length. */
import { expect, test } from 'vitest'
import { playStory } from './story.ts'

const STORY = { seed: 5, pulls: 4, noise: 1 }

test('shuffled, doubled and with a third missing', async () => {
  const straight = await playStory(STORY)
  const badly = await playStory({ ...STORY, faults: { seed: 1, dropped: 333, doubled: 500 } })
  expect(badly.dropped).toBeGreaterThan(10)
  expect(badly.state).toEqual(straight.state)
}, 600_000)
