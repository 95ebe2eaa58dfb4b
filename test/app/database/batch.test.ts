import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Batcher, Lanes } from '../../../app/database/batch.ts'

/** Requests are words; one shares a key with another where both begin with the same letter. */
function batcherOf(work: (words: readonly string[]) => Promise<readonly string[]>, requestsMax = 10) {
  const batches: string[][] = []
  const batcher = new Batcher<string, string>({
    work: async (words) => {
      batches.push([...words])
      await turn()
      return work(words)
    },
    keysOf: (word) => [word.slice(0, 1)],
    concernsAll: (error) => error instanceof Error && error.message === 'the database is gone',
    requestsMax,
  })
  return { batcher, batches }
}

const shouted = async (words: readonly string[]) => words.map((word) => word.toUpperCase())

it('does together what comes at once, and with the next batch what comes meanwhile', async () => {
  const { batcher, batches } = batcherOf(shouted)
  const first = ['ant', 'bee', 'cat'].map((word) => batcher.add(word))
  await turn()
  const meanwhile = ['dog', 'eel'].map((word) => batcher.add(word))
  expect(await Promise.all([...first, ...meanwhile])).toEqual(['ANT', 'BEE', 'CAT', 'DOG', 'EEL'])
  expect(batches).toEqual([
    ['ant', 'bee', 'cat'],
    ['dog', 'eel'],
  ])
})

it('takes no more at once than it may', async () => {
  const { batcher, batches } = batcherOf(shouted, 2)
  await Promise.all(['ant', 'bee', 'cat', 'dog', 'eel'].map((word) => batcher.add(word)))
  expect(batches).toEqual([['ant', 'bee'], ['cat', 'dog'], ['eel']])
})

it('leaves what shares a key for a later batch, in the order in which it came', async () => {
  const { batcher, batches } = batcherOf(shouted)
  await Promise.all(['ant', 'ape', 'bee', 'auk'].map((word) => batcher.add(word)))
  expect(batches).toEqual([['ant', 'bee'], ['ape'], ['auk']])
})

it('lets nothing overtake what was left for later', async () => {
  const batches: string[][] = []
  const batcher = new Batcher<string, string>({
    work: async (words) => {
      batches.push([...words])
      return words
    },
    keysOf: (word) => [...word],
    concernsAll: () => false,
    requestsMax: 10,
  })
  await Promise.all(['ab', 'bc', 'cd', 'e'].map((word) => batcher.add(word)))
  expect(batches).toEqual([['ab', 'e'], ['bc'], ['cd']])
})

it('does a batch that fails again one by one, so that an error reaches only whose it is', async () => {
  const { batcher, batches } = batcherOf(async (words) => {
    if (words.includes('bee')) throw new Error('no bees')
    return shouted(words)
  })
  const results = await Promise.allSettled(['ant', 'bee', 'cat'].map((word) => batcher.add(word)))
  expect(results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message))).toEqual([
    'ANT',
    'no bees',
    'CAT',
  ])
  expect(batches).toEqual([['ant', 'bee', 'cat'], ['ant'], ['bee'], ['cat']])
  expect(await batcher.add('dog')).toBe('DOG')
})

it('tells everybody at once of an error that concerns all', async () => {
  const { batcher, batches } = batcherOf(async () => {
    throw new Error('the database is gone')
  })
  const results = await Promise.allSettled(['ant', 'bee'].map((word) => batcher.add(word)))
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(batches).toEqual([['ant', 'bee']])
})

it('tells those who wait as well of an error that concerns all, and works for whoever comes after', async () => {
  let isGone = true
  const { batcher, batches } = batcherOf(async (words) => {
    if (isGone) throw new Error('the database is gone')
    return shouted(words)
  })
  const first = batcher.add('ant')
  await Promise.resolve()
  const answers = await Promise.allSettled([first, batcher.add('ape'), batcher.add('bee')])
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(batches).toEqual([['ant']])
  isGone = false
  expect(await batcher.add('cat')).toBe('CAT')
})

it('stops doing a batch one by one at an error that concerns all', async () => {
  const { batcher, batches } = batcherOf(async (words) => {
    if (words.length > 1) throw new Error('one of them')
    if (words.includes('bee')) throw new Error('the database is gone')
    return shouted(words)
  })
  const answers = await Promise.allSettled(['ant', 'bee', 'cat', 'dog'].map((word) => batcher.add(word)))
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected'])
  expect(batches).toEqual([['ant', 'bee', 'cat', 'dog'], ['ant'], ['bee']])
})

it('keeps the trouble of one lane from every other, and remembers none that is idle', async () => {
  const stuck = Promise.withResolvers<void>()
  const batches: string[][] = []
  const lanes = new Lanes<string, string>((word) => word.slice(0, 1), {
    work: async (words) => {
      batches.push([...words])
      if (words.includes('ant')) await stuck.promise
      return shouted(words)
    },
    keysOf: (word) => [word],
    concernsAll: () => false,
    requestsMax: 10,
  })
  const ants = Promise.all([lanes.add('ant'), lanes.add('ape')])
  expect(await Promise.all([lanes.add('bee'), lanes.add('bat')])).toEqual(['BEE', 'BAT'])
  expect(await lanes.add('bug')).toBe('BUG')
  expect(batches).toEqual([['ant', 'ape'], ['bee', 'bat'], ['bug']])
  stuck.resolve()
  expect(await ants).toEqual(['ANT', 'APE'])
  await turn()
  expect(lanes.size).toBe(0)
})
