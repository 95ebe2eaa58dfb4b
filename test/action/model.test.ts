/** What one model call sends and what its answer counts as, at the request itself. */
import nock from 'nock'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openModel } from '../../action/model.ts'

beforeAll(() => nock.disableNetConnect())
afterEach(() => nock.cleanAll())
afterAll(() => {
  nock.enableNetConnect()
  nock.restore()
})

const request = {
  agent: { name: 'fixer', tools: [], model: 'm', systemText: 'You mend.' },
  messages: [{ role: 'user' as const, content: 'Mend it' }],
  tools: [],
  outputTokensMax: 500,
  answerOnly: false,
  signal: new AbortController().signal,
}
const completion = {
  choices: [{ finish_reason: 'stop', message: { content: 'Mended' } }],
  usage: { prompt_tokens: 10, completion_tokens: 2 },
}

describe('the service tier', () => {
  it.each([
    ['https://api.openai.com', undefined, 'default'],
    ['https://eu.api.openai.com', 'https://eu.api.openai.com/v1', 'default'],
    ['https://models.example.org', 'https://models.example.org/v1', undefined],
    ['https://api.openai.com.example.org', 'https://api.openai.com.example.org/v1', undefined],
  ])('that %s is asked for', async (origin, baseUrl, tier) => {
    let sent: unknown
    nock(origin)
      .post('/v1/chat/completions', (body) => {
        sent = body.service_tier
        return true
      })
      .reply(200, completion)
    expect(await openModel('key', baseUrl).call(request)).toMatchObject({ kind: 'answer', text: 'Mended' })
    expect(sent).toBe(tier)
  })
})

describe('a call that failed', () => {
  it.each([
    [400, 'unbilled'],
    [401, 'unbilled'],
    [422, 'unbilled'],
    [429, 'unbilled'],
    // May have been worked on, whoever it was that gave up.
    [408, 'unknown'],
    [409, 'unknown'],
    [500, 'unknown'],
    [502, 'unknown'],
    [503, 'unknown'],
    [529, 'unknown'],
  ])('with %i counts as %s', async (status, outcome) => {
    nock('https://api.openai.com')
      .post('/v1/chat/completions')
      .reply(status, { error: { message: 'no' } })
    expect(await openModel('key', undefined).call(request)).toMatchObject({
      kind: 'failed',
      outcome: { kind: outcome },
    })
  })

  it('with an error page that is no provider’s counts as unknown', async () => {
    nock('https://api.openai.com').post('/v1/chat/completions').reply(403, '<html>')
    const answer = await openModel('key', undefined).call(request)
    expect(answer).toMatchObject({ kind: 'failed', outcome: { kind: 'unknown' } })
  })
})
