/** Words are asked for; the first letter is the repository, and a word in capitals needs a row that somebody else holds. */
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, expect, it, vi } from 'vitest'
import { Together } from '../../../app/database/together.ts'

class Held extends Error {}

afterEach(() => {
  vi.useRealTimers()
})

function gather() {
  const batches: string[] = []
  let isHeld = true
  const given = Promise.withResolvers<void>()
  const together = new Together<string, string>({
    async work(words, isPatient) {
      batches.push(`${isPatient ? 'patient' : 'hasty'}: ${words.join(' ')}`)
      await turn()
      if (words.includes('bad')) throw new Error('no such word')
      const needsIt = isHeld && words.some((word) => word === word.toUpperCase())
      if (needsIt && !isPatient) throw new Held('somebody holds a row')
      if (needsIt) await given.promise
      return words.map((word) => `${word}!`)
    },
    keysOf: (word) => [word],
    concernsAll: (error) => error instanceof Held,
    isHeld: (error) => error instanceof Held,
    requestsMax: 10,
    // Some have to be looked up.
    repositoryOf: (word) => (word.length > 3 ? turn(word[0] ?? '') : (word[0] ?? '')),
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

it('lets each repository wait for its own rows alone for a while where one is held', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const { together, batches, release } = gather()
  const stuck = together.add('ANT')
  expect(await Promise.all(['bee', 'cat'].map((word) => together.add(word)))).toEqual(['bee!', 'cat!'])
  expect(batches).toEqual(['hasty: ANT bee cat', 'patient: ANT', 'patient: bee', 'patient: cat'])

  const behind = together.add('Axe')
  expect(await Promise.all([together.add('bug'), together.add('bison')])).toEqual(['bug!', 'bison!'])
  expect(batches.slice(4)).toEqual(['patient: bug', 'patient: bison'])
  const idle = together.idle().then(() => 'idle')
  expect(await Promise.race([idle, stuck, behind, turn('under way')])).toBe('under way')

  release()
  expect(await Promise.all([stuck, behind, idle, together.idle()])).toEqual(['ANT!', 'Axe!', 'idle', undefined])
  vi.advanceTimersByTime(9_999)
  await together.add('dog')
  expect(batches.at(-1)).toBe('patient: dog')
  vi.advanceTimersByTime(1)
  await Promise.all([together.add('eel'), together.add('fox')])
  expect(batches.at(-1)).toBe('hasty: eel fox')
})

it('tells all other errors to whose they are, and goes on together', async () => {
  const { together, batches } = gather()
  const [good, bad] = await Promise.allSettled([together.add('good'), together.add('bad')])
  expect(good).toEqual({ status: 'fulfilled', value: 'good!' })
  expect(bad).toMatchObject({ status: 'rejected', reason: { message: 'no such word' } })
  expect(await together.add('fine')).toBe('fine!')
  expect(batches.at(-1)).toBe('hasty: fine')
})
