/** What one model call sends and what its answer counts as, at the request itself. */
import nock from 'nock'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ANSWER_BYTES_MAX } from '../../../action/model/bounded-fetch.ts'
import { openModel } from '../../../action/model/model.ts'
import type { Endpoint } from '../../../core/plan/endpoint.ts'
import { withMemory } from '../../world/memory.ts'

beforeAll(() => {
  if (!nock.isActive()) nock.activate()
  nock.disableNetConnect()
})
afterEach(() => nock.cleanAll())
afterAll(() => {
  nock.enableNetConnect()
  nock.restore()
})

const ORIGIN = 'https://models.example.org'
const tool = {
  type: 'function' as const,
  function: { name: 'list', description: 'List', parameters: { type: 'object' } },
}
const request = {
  agent: { name: 'fixer', tools: [], model: 'm', systemText: 'You mend.' },
  messages: [{ role: 'user' as const, content: 'Mend it' }],
  tools: [tool],
  outputTokensMax: 500,
  answerOnly: false,
  signal: new AbortController().signal,
}
const completion = {
  choices: [{ finish_reason: 'stop', message: { content: 'Mended' } }],
  usage: { prompt_tokens: 10, completion_tokens: 2 },
}
const response = {
  status: 'completed',
  output: [{ type: 'message', content: [{ type: 'output_text', text: 'Mended' }] }],
  usage: { input_tokens: 10, output_tokens: 2, total_tokens: 12 },
}
const apis = [
  ['chat-completions', '/v1/chat/completions', completion],
  ['responses', '/v1/responses', response],
] as const

/** Answers the next request; resolves to what was sent. */
function answering(origin: string, path: string, ...answer: [number, (string | object)?, Record<string, string>?]) {
  return new Promise<Record<string, unknown>>((resolve) => {
    nock(origin)
      .post(path, (body) => {
        resolve(body)
        return true
      })
      .reply(...(answer as [number, string]))
  })
}

const open = (endpoint: Endpoint = {}) => openModel('key', `${ORIGIN}/v1`, endpoint)

describe('the interface and the service tier', () => {
  it.each([
    ['https://api.openai.com', undefined, '/v1/responses', 'default'],
    ['https://eu.api.openai.com', 'https://eu.api.openai.com/v1', '/v1/responses', 'default'],
    [ORIGIN, `${ORIGIN}/v1`, '/v1/chat/completions', undefined],
    ['https://api.openai.com.example.org', 'https://api.openai.com.example.org/v1', '/v1/chat/completions', undefined],
  ])('at %s', async (origin, baseUrl, path, tier) => {
    const sent = answering(origin, path, 200, path === '/v1/responses' ? response : completion)
    expect(await openModel('key', baseUrl).call(request)).toMatchObject({ kind: 'answer', text: 'Mended' })
    expect((await sent).service_tier).toBe(tier)
  })

  it('are as declared: chat completions at OpenAI, with the tier', async () => {
    const sent = answering('https://api.openai.com', '/v1/chat/completions', 200, completion)
    expect(await openModel('key', undefined, { api: 'chat-completions' }).call(request)).toMatchObject({
      text: 'Mended',
    })
    expect(await sent).toMatchObject({ service_tier: 'default' })
  })
})

describe('what is sent', () => {
  it('clamps chat completions by the field that the endpoint knows', async () => {
    for (const limit of ['max_completion_tokens', 'max_tokens'] as const) {
      const sent = answering(ORIGIN, '/v1/chat/completions', 200, completion)
      await open({ 'output-limit': limit }).call(request)
      const { max_completion_tokens, max_tokens } = await sent
      expect({ max_completion_tokens, max_tokens }).toEqual({ [limit]: 500 })
    }
  })

  it('by the Responses API is stored nowhere, refers to nothing and is clamped', async () => {
    const sent = answering(ORIGIN, '/v1/responses', 200, response)
    const messages = [
      { role: 'system' as const, content: 'You mend.' },
      ...request.messages,
      {
        role: 'assistant' as const,
        outputTokensMax: 500,
        items: [
          { type: 'reasoning' as const, summary: [] as [], encrypted_content: 'gAAA' },
          { type: 'function_call' as const, call_id: 'c1', name: 'list', arguments: '{}' },
        ],
      },
      { role: 'tool' as const, tool_call_id: 'c1', content: 'a.txt' },
    ]
    await open({ api: 'responses' }).call({ ...request, agent: { ...request.agent, effort: 'low' }, messages })
    expect(await sent).toEqual({
      model: 'm',
      input: [
        { role: 'system', content: 'You mend.' },
        { role: 'user', content: 'Mend it' },
        { type: 'reasoning', summary: [], encrypted_content: 'gAAA' },
        { type: 'function_call', call_id: 'c1', name: 'list', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c1', output: 'a.txt' },
      ],
      tools: [{ type: 'function', name: 'list', description: 'List', parameters: { type: 'object' }, strict: false }],
      max_output_tokens: 500,
      store: false,
      stream: true,
      include: ['reasoning.encrypted_content'],
      reasoning: { effort: 'low' },
    })
  })

  it('does without encrypted reasoning where the model has none, from the next try on', async () => {
    const model = open({ api: 'responses' })
    const error = { error: { message: 'Encrypted content is not supported with this model.' } }
    answering(ORIGIN, '/v1/responses', 400, error)
    expect(await model.call(request)).toMatchObject({ kind: 'failed', retryAfterMs: 0, outcome: { kind: 'unbilled' } })
    const sent = answering(ORIGIN, '/v1/responses', 200, response)
    expect(await model.call(request)).toMatchObject({ kind: 'answer' })
    expect((await sent).include).toBeUndefined()
    answering(ORIGIN, '/v1/responses', 400, error)
    expect(await model.call(request)).toMatchObject({ kind: 'failed', retryAfterMs: undefined })
  })

  it.each([
    ['chat-completions', '/v1/chat/completions', completion, 'response_format'],
    ['responses', '/v1/responses', response, 'text'],
  ] as const)('asks by %s for an answer of a schema', async (api, path, answer, field) => {
    const sent = answering(ORIGIN, path, 200, answer)
    const format = { name: 'look', schema: { type: 'object' }, strict: true }
    await open({ api }).call({ ...request, format, answerOnly: true })
    const body = await sent
    expect(body.tool_choice).toBe('none')
    const asked = { name: 'look', schema: { type: 'object' }, strict: true }
    expect(body[field]).toEqual(
      field === 'text' ? { format: { type: 'json_schema', ...asked } } : { type: 'json_schema', json_schema: asked },
    )
  })
})

describe.each(apis)('a call by %s', (api, path) => {
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
  ])('that failed with %i counts as %s', async (status, outcome) => {
    answering(ORIGIN, path, status, { error: { message: 'no' } })
    expect(await open({ api }).call(request)).toMatchObject({
      kind: 'failed',
      message: `the provider answered ${status}: no`,
      outcome: { kind: outcome },
    })
  })

  it('that a filter stopped once it was read may be billed', async () => {
    answering(ORIGIN, path, 400, { error: { message: 'no', code: 'content_filter' } })
    expect(await open({ api }).call(request)).toMatchObject({ kind: 'failed', outcome: { kind: 'unknown' } })
  })

  it.each([
    ['3', 3_000],
    ['0', 0],
    ['86400', 60_000],
    ['soon', 0],
    [undefined, 0],
  ])('that is told 429 with Retry-After %s waits %i ms at least', async (written, ms) => {
    answering(
      ORIGIN,
      path,
      429,
      { error: { message: 'later' } },
      written === undefined ? {} : { 'retry-after': written },
    )
    expect(await open({ api }).call(request)).toMatchObject({ kind: 'failed', retryAfterMs: ms })
  })

  it('with an error page that is no provider’s counts as unknown', async () => {
    answering(ORIGIN, path, 403, '<html>')
    expect(await open({ api }).call(request)).toMatchObject({ kind: 'failed', outcome: { kind: 'unknown' } })
  })

  it.each([
    [400, { error: { code: 'context_length_exceeded', message: 'Your input is too long.' } }],
    [400, { error: { message: 'This model’s maximum context length is 8192 tokens' } }],
    [400, { error: { message: 'the request exceeds the available context size' } }],
    [413, { error: { message: 'prompt is too long: 210000 tokens > 200000 maximum' } }],
  ])('knows that the context is too small: %i %j', async (status, body) => {
    answering(ORIGIN, path, status, body)
    expect(await open({ api }).call(request)).toMatchObject({ kind: 'failed', overflow: true, retryAfterMs: undefined })
  })

  it('does not take another refusal for that', async () => {
    answering(ORIGIN, path, 400, { error: { message: 'Unknown parameter' } })
    expect(await open({ api }).call(request)).toMatchObject({ kind: 'failed', overflow: false })
  })

  it.each([
    ['no JSON', '{"choices": [', 'application/json', 'unknown'],
    ['another JSON', '{"hello": "world"}', 'application/json', 'unknown'],
    ['an empty body', '', 'text/event-stream', 'unknown'],
    ['events that are no JSON', 'data: {"choices\n\n', 'text/event-stream', 'unknown'],
    ['an error among events', 'data: {"error": {"message": "overloaded"}}\n\n', 'text/event-stream', 'unknown'],
    ['a page', '<html>Sign in</html>', 'text/html', 'unknown'],
  ])('that is answered by %s fails as unknown, and may be tried again', async (_, body, type, outcome) => {
    answering(ORIGIN, path, 200, body, { 'content-type': type })
    const answer = await open({ api }).call(request)
    expect(answer).toMatchObject({ kind: 'failed', retryAfterMs: 0, outcome: { kind: outcome } })
  })

  it.each([
    ['one event', 200, 'text/event-stream', 'data: '],
    ['many events', 200, 'text/event-stream', `data: {"choices":[],"type":"${'x'.repeat(5_000)}"}\n\n`],
    ['one JSON document', 200, 'application/json', '{"choices": "'],
    ['an error', 500, 'application/json', '{"error": "'],
  ])('that is answered without end by %s is ended at a bound, and not asked again', async (_, status, type, begin) => {
    const piece = Buffer.from(begin.includes('\n') ? begin.repeat(20) : 'x'.repeat(100_000))
    let sent = 0
    const endless = new ReadableStream({
      pull(controller) {
        controller.enqueue(sent === 0 ? Buffer.from(begin) : piece)
        sent += sent === 0 ? begin.length : piece.length
      },
    })
    const real = globalThis.fetch
    globalThis.fetch = async () => new Response(endless, { status, headers: { 'content-type': type } })
    const { answer, bytes } = await withMemory(() => open({ api }).call(request))
    globalThis.fetch = real
    expect(answer).toMatchObject({ kind: 'failed', outcome: { kind: 'unknown' } })
    expect(sent).toBeLessThan(ANSWER_BYTES_MAX + 4_000_000)
    expect(bytes).toBeLessThan(4 * ANSWER_BYTES_MAX)
    if (status === 200) expect(answer).toMatchObject({ retryAfterMs: undefined })
  })
})

describe.each(apis)('a whole answer by %s', (api, _, answer) => {
  it.each(['breaks', 'stays open'])('counts as one though its connection %s then', async (then) => {
    const events =
      api === 'responses'
        ? [JSON.stringify({ type: 'response.completed', response: answer })]
        : [JSON.stringify(answer), '[DONE]']
    let isSent = false
    const body = new ReadableStream({
      pull(controller) {
        if (!isSent) controller.enqueue(Buffer.from(events.map((event) => `data: ${event}\n\n`).join('')))
        else if (then === 'breaks') controller.error(new TypeError('terminated'))
        else return new Promise(() => {})
        isSent = true
      },
    })
    const real = globalThis.fetch
    globalThis.fetch = async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    const got = await openModel('key', `${ORIGIN}/v1`, { api }, 1_000).call(request)
    globalThis.fetch = real
    expect(got).toMatchObject({ kind: 'answer', text: 'Mended', outcome: { kind: 'reported' } })
  })
})

describe('a stream of chat completions', () => {
  const events = (...chunks: unknown[]) =>
    [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), 'data: [DONE]\n\n'].join('')
  const piece = (delta: object, finish_reason: string | null = null) => ({
    choices: [{ index: 0, delta, finish_reason }],
  })
  const streaming = async (body: string) => {
    answering(ORIGIN, '/v1/chat/completions', 200, body, { 'content-type': 'text/event-stream; charset=utf-8' })
    return open().call(request)
  }
  const used = { choices: [], usage: { prompt_tokens: 10, completion_tokens: 2 } }

  it('is put together from its pieces, with the newest word on what it used', async () => {
    const early = { ...piece({ content: 'Men' }), usage: { prompt_tokens: 10, completion_tokens: 1 } }
    expect(await streaming(events(early, piece({ content: 'ded' }), piece({}, 'stop'), used))).toMatchObject({
      kind: 'answer',
      text: 'Mended',
      outcome: { kind: 'reported', usage: { outputTokens: 2 } },
    })
  })

  it.each([
    [
      'with an index each',
      [
        { index: 0, id: 'a' },
        { index: 1, id: 'b' },
      ],
    ],
    [
      'all with the same index',
      [
        { index: 0, id: 'a' },
        { index: 0, id: 'b' },
      ],
    ],
    ['without an index', [{ id: 'a' }, { id: 'b' }]],
  ])('has its calls apart, %s', async (_, [one, two]) => {
    const call = (at: object | undefined, name: string | undefined, part: string) =>
      piece({ tool_calls: [{ ...at, function: { name, arguments: part } }] })
    const answer = await streaming(
      events(
        call(one, 'list', '{"path"'),
        call(one, undefined, ':"a"}'),
        call(two, 'read', '{}'),
        piece({}, 'tool_calls'),
        used,
      ),
    )
    expect(answer).toMatchObject({
      toolCalls: [
        { id: 'a', name: 'list', argumentsJson: '{"path":"a"}' },
        { id: 'b', name: 'read', argumentsJson: '{}' },
      ],
    })
  })

  it('without usage, and without the mark of its end, is an answer whose use is unknown', async () => {
    expect(await streaming(events(piece({ content: 'Mended' }, 'stop')))).toMatchObject({
      kind: 'answer',
      outcome: { kind: 'unknown' },
    })
    const unmarked = events(piece({ content: 'Mended' }, 'stop'), used).replace('data: [DONE]\n\n', '')
    expect(await streaming(unmarked)).toMatchObject({ kind: 'answer', text: 'Mended', outcome: { kind: 'unknown' } })
  })

  it.each([
    ['by a refusal', piece({ refusal: 'I will not.' }, 'stop')],
    ['by a filter', piece({}, 'content_filter')],
  ])('that is refused %s says so', async (_, chunk) => {
    expect(await streaming(events(chunk, used))).toMatchObject({ kind: 'answer', refused: true })
  })
})
