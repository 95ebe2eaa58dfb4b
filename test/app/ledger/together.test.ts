/** Words are asked for; the first letter is the repository, and a word in capitals needs a row that somebody else holds. */
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Together } from '../../../app/ledger/together.ts'

class Held extends Error {}

function gather({ known = true }: { known?: boolean } = {}) {
  const batches: string[] = []
  let isHeld = true
  const given = Promise.withResolvers<void>()
  const repositoryOf = (word: string) => word.slice(0, 1).toLowerCase()
  const together = new Together<string, string>({
    async work(words, isPatient) {
      batches.push(`${isPatient ? 'patient' : 'hasty'}: ${words.join(' ')}`)
      await turn()
      const needsIt = isHeld && words.some((word) => word === word.toUpperCase())
      if (needsIt && !isPatient) throw new Held('somebody holds a row')
      if (needsIt) await given.promise
      return words.map((word) => `${word}!`)
    },
    keysOf: (word) => [word],
    concernsAll: (error) => error instanceof Held,
    isHeld: (error) => error instanceof Held,
    requestsMax: 10,
    repositoryOf: (word) => (known ? repositoryOf(word) : undefined),
    locate: async (word) => repositoryOf(word),
  })
  const release = () => {
    isHeld = false
    given.resolve()
  }
  return { together, batches, release }
}

it('does what is asked together, of whichever repositories', async () => {
  const { together, batches } = gather()
  expect(await Promise.all(['ant', 'bee', 'cat'].map((word) => together.add(word)))).toEqual(['ant!', 'bee!', 'cat!'])
  expect(batches).toEqual(['hasty: ant bee cat'])
})

it.each([true, false])(
  'lets each repository wait for its own rows alone where one is held (known: %s)',
  async (known) => {
    const { together, batches, release } = gather({ known })
    const stuck = together.add('ANT')
    const others = Promise.all(['bee', 'cat'].map((word) => together.add(word)))
    expect(await others).toEqual(['bee!', 'cat!'])
    expect(batches.slice(0, 4)).toEqual(['hasty: ANT bee cat', 'patient: ANT', 'patient: bee', 'patient: cat'])
    // Others still go together, and what comes of a repository that went apart waits for that one alone.
    expect(await together.add('dog')).toBe('dog!')
    expect(batches.at(-1)).toBe('hasty: dog')
    const idle = together.idle().then(() => 'idle')
    expect(await Promise.race([idle, turn('under way')])).toBe('under way')
    release()
    expect(await stuck).toBe('ANT!')
    expect(await idle).toBe('idle')
  },
)

it('tells all other errors to whose they are', async () => {
  const together = new Together<string, string>({
    work: async (words) => {
      if (words.includes('bad')) throw new Error('no such word')
      return words
    },
    keysOf: (word) => [word],
    concernsAll: () => false,
    isHeld: () => false,
    requestsMax: 10,
    repositoryOf: (word) => word,
    locate: async (word) => word,
  })
  const [good, bad] = await Promise.allSettled([together.add('good'), together.add('bad')])
  expect(good).toEqual({ status: 'fulfilled', value: 'good' })
  expect(bad).toMatchObject({ status: 'rejected', reason: { message: 'no such word' } })
  await together.idle()
})
