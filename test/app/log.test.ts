import { expect, it } from 'vitest'
import { errorFacts } from '../../app/log.ts'

it('tells the message of what pg-boss reports, which is no Error, and nothing else of it', () => {
  const reported = { message: 'connect refused', code: 'ECONNREFUSED', queue: 'events', payload: 'kept out' }
  expect(errorFacts(reported)).toEqual({ message: 'connect refused', code: 'ECONNREFUSED' })
  expect(errorFacts('broken')).toEqual({ message: 'broken' })
})
