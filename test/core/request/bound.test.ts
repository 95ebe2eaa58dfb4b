/** What of a request that somebody else's program wrote is let through, and that the bound of it holds. */
import fc from 'fast-check'
import * as cl100k from 'gpt-tokenizer/encoding/cl100k_base'
import * as o200k from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'
import { boundRequest, limitRequest } from '../../../core/request/bound.ts'
import { isCountRequest } from '../../../core/request/messages.ts'
import { PriorRequests } from '../../../core/request/prior-requests.ts'
import type { Api, BoundedRequest } from '../../../core/request/request.ts'
import { messages, responses } from './request-world.ts'

const bodies = { responses, messages } as const
const sealed = (seal: string) => (seal === 'seal' ? 700 : undefined)

function bounded(api: Api, body: unknown): BoundedRequest {
  const request = boundRequest(api, body, sealed)
  if ('problem' in request) throw new Error(request.problem)
  return request
}

const user = (...content: unknown[]) => [{ role: 'user', content }]
const url = 'https://example.com/a.png'

describe('a request', () => {
  it.each(Object.keys(bodies) as Api[])('of %s is let through', (api) => {
    const request = bounded(api, bodies[api])
    expect(request.model).toBe('m')
    expect(request.stream).toBe(true)
    expect(request.items.length).toBeGreaterThan(2)
  })

  it.each<[Api, object, string]>([
    ['responses', { previous_response_id: 'resp_1' }, '`previous_response_id` has a value'],
    ['responses', { conversation: 'conv_1' }, '`conversation` has a value'],
    ['responses', { prompt: { id: 'pmpt_1' } }, '`prompt` is not'],
    ['responses', { background: true }, '`background` has a value'],
    ['responses', { store: true }, '`store` has a value'],
    ['responses', { service_tier: 'priority' }, '`service_tier` has a value'],
    ['responses', { service_tier: 'auto' }, '`service_tier` has a value'],
    ['responses', { truncation: 'auto' }, '`truncation` has a value'],
    ['responses', { context_management: [{ type: 'compaction' }] }, '`context_management` is not'],
    ['responses', { include: ['file_search_call.results'] }, '`include.0` has a value'],
    ['responses', { tools: [{ type: 'web_search' }] }, '`tools.0'],
    ['responses', { tools: [{ type: 'mcp', server_url: url }] }, '`tools.0'],
    ['responses', { tools: [{ type: 'code_interpreter', container: { type: 'auto' } }] }, '`tools.0'],
    ['responses', { tools: [{ type: 'image_generation' }] }, '`tools.0'],
    ['responses', { input: [{ type: 'item_reference', id: 'msg_1' }] }, '`input.0'],
    ['responses', { input: [{ type: 'reasoning', id: 'rs_1', summary: [] }] }, '`input.0'],
    ['responses', { input: [{ type: 'compaction', encrypted_content: 'seal' }] }, '`input.0'],
    ['responses', { input: user({ type: 'input_image', image_url: url }) }, '`input.0'],
    ['responses', { input: user({ type: 'input_file', file_id: 'file_1' }) }, '`input.0'],
    ['responses', { input: [{ type: 'reasoning', summary: [], encrypted_content: 'forged' }] }, 'sealed reasoning'],
    ['messages', { max_tokens: undefined }, '`max_tokens` has a value'],
    ['messages', { container: 'c' }, '`container` is not'],
    ['messages', { mcp_servers: [{ type: 'url', url }] }, '`mcp_servers` is not'],
    ['messages', { speed: 'fast' }, '`speed` is not'],
    ['messages', { inference_geo: 'us' }, '`inference_geo` is not'],
    ['messages', { service_tier: 'priority' }, '`service_tier` has a value'],
    [
      'messages',
      { context_management: { edits: [{ type: 'compact_20260112' }] } },
      '`context_management.edits.0.type`',
    ],
    ['messages', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, '`tools.0.type` has a value'],
    ['messages', { tools: [{ name: 'x', input_schema: {}, defer_loading: true }] }, '`tools.0.defer_loading` is not'],
    ['messages', { system: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl: '1h' } }] }, '`system'],
    ['messages', { messages: user({ type: 'image', source: { type: 'url', url } }) }, '`messages.0'],
    ['messages', { messages: user({ type: 'document', source: { type: 'url', url } }) }, '`messages.0'],
    [
      'messages',
      { messages: [{ role: 'assistant', content: [{ type: 'thinking', thinking: '', signature: 'forged' }] }] },
      'sealed reasoning',
    ],
  ])('of %s with %j is refused', (api, changed, says) => {
    const request = boundRequest(api, { ...bodies[api], ...changed }, sealed)
    expect('problem' in request ? request.problem : 'let through').toContain(says)
  })

  it.each(Object.keys(bodies) as Api[])('of %s with any field that nobody named is refused', (api) => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{4,20}$/), fc.jsonValue(), (field, value) => {
        const request = boundRequest(api, { ...bodies[api], [`${field}_new`]: value }, sealed)
        expect('problem' in request && request.problem).toContain(`\`${field}_new\``)
      }),
      { numRuns: 50 },
    )
  })

  it.each(Object.keys(bodies) as Api[])('of %s that is anything else is refused and breaks nothing', (api) => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(boundRequest(api, value, sealed)).toHaveProperty('problem')
      }),
      { numRuns: 100 },
    )
  })

  it('to count tokens is let through without a limit, and with nothing that the other lacks', () => {
    const { max_tokens, stream, metadata, ...counted } = messages
    expect(isCountRequest(counted)).toBe(true)
    expect(isCountRequest({ ...counted, container: 'c' })).toBe(false)
  })
})

describe('what is sent', () => {
  it.each<[Api, object, boolean, object]>([
    ['responses', responses, true, { max_output_tokens: 900, store: false, service_tier: 'default' }],
    ['responses', { ...responses, store: undefined }, false, { max_output_tokens: 900, store: false }],
    ['messages', messages, true, { max_tokens: 900, service_tier: 'standard_only', thinking: { type: 'disabled' } }],
    ['messages', { ...messages, thinking: { type: 'adaptive' } }, false, { thinking: { type: 'adaptive' } }],
  ])('to %s carries its limit and no dearer tier', (api, body, tiers, expected) => {
    const sent = limitRequest(api, body, 900, tiers).body
    expect(sent).toMatchObject(expected)
    expect(sent).not.toHaveProperty('max_tokens', 4_000)
    expect(limitRequest(api, body, 900, false).body).not.toHaveProperty('service_tier')
  })

  it.each([
    [32_000, 31_999, true],
    [31_999, 31_998, false],
    [2_000, 1_999, false],
    [900, undefined, false],
  ])('with %i tokens at most thinks %s of them, and is read as it was asked: %s', (most, budget, isReadAsAsked) => {
    const thinking = budget ? { ...messages.thinking, budget_tokens: budget } : { type: 'disabled' }
    expect(limitRequest('messages', messages, most, false)).toEqual({
      body: { ...messages, max_tokens: most, thinking },
      isReadAsAsked,
    })
  })

  it.each<[Api, object]>([
    ['responses', responses],
    ['messages', { ...messages, thinking: { type: 'adaptive' } }],
  ])('to %s is read as it was asked where nothing says how much to think', (api, body) => {
    expect(limitRequest(api, body, 900, true).isReadAsAsked).toBe(true)
  })
})

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc
    .constantFrom('<|endoftext|>', '\u0958', '\ufdfa', '\ud800', 'e\u0301', '\0\u001b[31m')
    .map((odd) => odd.repeat(40)),
)
const call = fc.record({ name: fc.stringMatching(/^[a-z_]{1,12}$/), given: text, result: text })

/** The same conversation in the words of each interface, with every text that the provider reads. */
const conversations = fc.record({ system: text, asked: text, calls: fc.array(call, { maxLength: 4 }), schema: text })
type Conversation = Parameters<Parameters<typeof conversations.map>[0]>[0]

const written: Record<Api, (conversation: Conversation) => object> = {
  responses: ({ system, asked, calls, schema }) => ({
    model: 'm',
    instructions: system,
    tools: [{ type: 'function', name: 'f', description: schema, parameters: { description: schema } }],
    input: [
      { role: 'user', content: [{ type: 'input_text', text: asked }] },
      ...calls.flatMap(({ name, given, result }) => [
        { type: 'function_call', call_id: 'c', name, arguments: given },
        { type: 'function_call_output', call_id: 'c', output: result },
      ]),
    ],
  }),
  messages: ({ system, asked, calls, schema }) => ({
    model: 'm',
    max_tokens: 100,
    system,
    tools: [{ name: 'f', description: schema, input_schema: { description: schema } }],
    messages: [
      { role: 'user', content: asked },
      ...calls.flatMap(({ name, given, result }) => [
        { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name, input: { given } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', content: result }] },
      ]),
    ],
  }),
}

const plain = { disallowedSpecial: new Set<string>() }
const tokenizers: [string, (text: string) => number][] = [
  ['o200k_base', (read) => o200k.countTokens(read, plain)],
  ['cl100k_base, in NFKC', (read) => cl100k.countTokens(read.normalize('NFKC'), plain)],
]

/** The provider writes roles, names and marks around each text, and its own prompt for tools before them all. */
const AROUND = 12
const HIDDEN = 804

function tokensOf({ system, asked, calls, schema }: Conversation, count: (read: string) => number): number {
  const texts = [
    system,
    asked,
    schema,
    schema,
    ...calls.flatMap(({ name, given, result }) => [name, JSON.stringify({ given }), result]),
  ]
  return HIDDEN + texts.reduce((sum, read) => sum + AROUND + count(read), 0)
}

describe.each(Object.keys(written) as Api[])('the bound of %s', (api) => {
  it.each(tokenizers)('is never below what is counted by %s', (_, count) => {
    fc.assert(
      fc.property(conversations, (conversation) => {
        const bound = new PriorRequests().bound(bounded(api, written[api](conversation)))
        expect(bound).toBeGreaterThanOrEqual(tokensOf(conversation, count))
      }),
      { numRuns: 100 },
    )
  })

  it.each(tokenizers)('goes on from what was reported and still holds, counted by %s', (_, count) => {
    fc.assert(
      fc.property(conversations, call, (conversation, next) => {
        const priors = new PriorRequests()
        priors.learn(bounded(api, written[api](conversation)), tokensOf(conversation, count))
        const longer = { ...conversation, calls: [...conversation.calls, next] }
        const request = bounded(api, written[api](longer))
        const bound = priors.bound(request)
        expect(bound).toBeGreaterThanOrEqual(tokensOf(longer, count))
        expect(bound).toBeLessThanOrEqual(new PriorRequests().bound(request))
      }),
      { numRuns: 50 },
    )
  })
})

/** What the model is never shown. */
const NOT_READ = /^(model|metadata|client_metadata)\b/
const HIDDEN_TEXT = 'lorem ipsum '.repeat(1_000)

const schema = { type: 'object', properties: { a: { type: 'string' } } }
const wide: Record<Api, object> = {
  responses: { ...responses, text: { format: { type: 'json_schema', name: 'n', schema } }, tool_choice: { type: 'x' } },
  messages: {
    ...messages,
    tools: [{ name: 'Bash', input_schema: schema }],
    output_config: { format: { type: 'json_schema', schema } },
    tool_choice: { type: 'auto' },
  },
}

/** The request with the text at each place that has one, and under each of these names of each object. */
function* hidingIn(request: object): Generator<readonly [string, unknown]> {
  for (const path of pathsOf(request)) {
    const copy = structuredClone(request)
    const [key = '', ...outer] = path.toReversed()
    const holder = outer.reduceRight<unknown>((value, step) => Reflect.get(Object(value), step), copy)
    Object.defineProperty(holder, key, { value: HIDDEN_TEXT, enumerable: true, configurable: true, writable: true })
    yield [path.join('.'), copy]
  }
}

function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value === 'string') return [path]
  if (typeof value !== 'object' || value === null) return []
  const names = Array.isArray(value) ? [] : ['cache_control', '__proto__', 'toJSON', 'note']
  return [
    ...names.map((name) => [...path, name]),
    ...Object.entries(value).flatMap(([key, inner]) => (key === 'cache_control' ? [] : pathsOf(inner, [...path, key]))),
  ]
}

it.each(Object.keys(wide) as Api[])('no text of %s is left out of the bound, nor of what is compared', (api) => {
  const original = bounded(api, wide[api])
  const priors = new PriorRequests()
  priors.learn(original, 50)
  let counted = 0
  for (const [path, changed] of hidingIn(wide[api])) {
    const request = boundRequest(api, changed, sealed)
    if ('problem' in request || NOT_READ.test(path)) continue
    expect(priors.bound(request), path).toBeGreaterThan(HIDDEN_TEXT.length)
    counted += 1
  }
  expect(counted).toBeGreaterThan(20)
})

describe('what was reported before', () => {
  const first = bounded('messages', messages)
  const priors = () => {
    const made = new PriorRequests()
    made.learn(first, 50)
    return made
  }

  it('counts where only the marks of the cache have moved', () => {
    const [asked, ...rest] = messages.messages
    const unmarked = { role: 'user', content: [{ type: 'text', text: 'Mend it' }] }
    expect(asked).not.toEqual(unmarked)
    expect(priors().bound(bounded('messages', { ...messages, messages: [unmarked, ...rest] }))).toBe(50)
  })

  it.each<[string, object]>([
    ['another model', { model: 'n' }],
    ['other instructions', { system: 'x' }],
    ['other tools', { tools: [] }],
    ['edits that take less away', { context_management: { edits: [] } }],
    ['another beginning', { messages: [{ role: 'user', content: 'x' }, ...messages.messages] }],
  ])('does not count with %s', (_, changed) => {
    expect(priors().bound(bounded('messages', { ...messages, ...changed }))).toBeGreaterThan(500)
  })

  it('does not fall where a later report is smaller', () => {
    const made = priors()
    made.learn(first, 10)
    expect(made.bound(first)).toBe(50)
  })
})

it('sealed reasoning counts as all the tokens of the answer that it came in', () => {
  const [asked, answered] = messages.messages
  const of = (...items: unknown[]) => new PriorRequests().bound(bounded('messages', { ...messages, messages: items }))
  expect(of(asked, answered) - of(asked)).toBeGreaterThan(1_400)
})
