/** The same events in another order, twice, or a third of them missing, end in the same state. */
import { expect, test } from 'vitest'
import { playStory, type Told } from './story.ts'

const STORY = { seed: 5, pulls: 6, noise: 1 }
let straight: Promise<Told> | undefined

test.each([1, 2])(
  'shuffled, doubled and with a third missing: faults %i',
  async (seed) => {
    straight ??= playStory(STORY)
    const one = await straight
    const other = await playStory({ ...STORY, faults: { seed, dropped: 333, doubled: 500 } })
    expect(other.dropped).toBeGreaterThan(10)
    expect(other.state).toEqual(one.state)
  },
  300_000,
)
