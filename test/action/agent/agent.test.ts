/** A conversation with a provider that answers as it is told, and the money behind it. */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Conversation } from '../../../action/agent/agent.ts'
import type { AgentTask } from '../../../action/agent/agent-task.ts'
import { reachOf } from '../../../action/agent/reach.ts'
import { openModel } from '../../../action/model/model.ts'
import { callsReport } from '../../../action/money/calls-report.ts'
import { openJournal, readJournal } from '../../../action/money/journal.ts'
import { Purse } from '../../../action/money/purse.ts'
import { openSandbox } from '../../../action/sandbox/sandbox.ts'
import { toolDefinitions } from '../../../action/tools/tools.ts'
import type { Call } from '../../../core/money/call.ts'
import { ConversationBound, type Message, messageTokensBound } from '../../../core/money/input-bound.ts'
import { worstCostMicroUsd } from '../../../core/money/price.ts'
import { isRefusal } from '../../../core/reason.ts'
import { reportSchema } from '../../../core/run/report.ts'

const closing: (() => unknown)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

interface Request {
  readonly messages: readonly Record<string, unknown>[]
  readonly max_completion_tokens: number
  readonly [field: string]: unknown
}
interface Reply {
  readonly status?: number
  readonly body: object
}

const price = { input: 1_000_000n, cached: 100_000n, output: 4_000_000n, tiers: [], source: 'a test' }
const agent = { name: 'fixer', tools: ['list' as const], model: 'm', effort: 'low' as const, systemText: 'You mend.' }
const task: AgentTask = {
  step: 'mend',
  agent,
  price,
  systemText: agent.systemText,
  systemTextOf: () => agent.systemText,
  shareLeftMicroUsd: () => undefined,
  turnsMax: 8,
}

/** What the first call is bounded by, and the last turn that is kept back beside it. */
const first: Message[] = [
  { role: 'system', content: agent.systemText },
  { role: 'user', content: 'Mend it' },
]
const bound = new ConversationBound(toolDefinitions(agent.tools))
for (const message of first) bound.append(message)
const firstBound = bound.upTo(first.length)

/** `reply` is asked for each request, with what the journal says at that moment. */
async function setUp(
  reply: (request: Request, count: number, journal: readonly Call[]) => Reply,
  hold: { capMicroUsd: bigint; capTokens?: number },
  changed: Partial<AgentTask> = {},
) {
  const dir = mkdtempSync(join(tmpdir(), 'purser-agent-'))
  const requests: Request[] = []
  const file = join(dir, 'journal.jsonl')
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const asked: Request = JSON.parse(text)
    requests.push(asked)
    const { status = 200, body } = reply(asked, requests.length, readJournal(file) ?? [])
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/v1`
  const places = { workDir: dir, homeDir: join(dir, 'home'), outputDir: join(dir, 'output'), hidden: [] }
  const sandbox = await openSandbox(places, 'none', process.env)
  if (isRefusal(sandbox)) throw new Error(sandbox.message)
  const journal = openJournal(file)
  const purse = new Purse({ ...hold, drawnMicroUsd: hold.capMicroUsd, drawnTokens: hold.capTokens }, journal)
  const { signal } = new AbortController()
  const conversation = new Conversation(
    { ...task, ...changed },
    {
      model: openModel('key', url),
      purse,
      place: { workDir: dir, sandbox, signal, reach: reachOf({}) },
      signal,
      onTurn: () => {},
      onRetry: () => {},
      record: () => {},
      meanwhile: () => ({ rest: false, said: [] }),
    },
  )
  closing.push(() => {
    server.closeAllConnections()
    server.close()
    journal.close()
    rmSync(dir, { recursive: true })
  })
  return { conversation, purse, requests, file }
}

function says(message: object, more: object = { usage: { prompt_tokens: 10, completion_tokens: 2 } }): Reply {
  return { body: { choices: [{ finish_reason: 'stop', message: { role: 'assistant', ...message } }], ...more } }
}

const listing = (id: string) => ({
  content: null,
  tool_calls: [{ id, type: 'function', function: { name: 'list', arguments: '{}' } }],
})
const isWrapUp = (request: Request) =>
  JSON.stringify(request.messages.at(-1)).includes('budget for this work is used up')

describe('what leaves', () => {
  it('is only fields that have a bound, whatever the provider adds to its answers', async () => {
    const odd = {
      ...listing('call_1'),
      content: 'I look.',
      refusal: null,
      annotations: [{ type: 'url_citation', url: 'https://example.org' }],
      audio: { id: 'audio_1', data: 'AAAA' },
      reasoning_content: 'Long thoughts',
      images: [{ image_url: { url: 'https://example.org/i.png' } }],
    }
    const [call] = odd.tool_calls
    const extended = {
      ...odd,
      tool_calls: [{ ...call, index: 0, extra_content: { google: { thought_signature: 'x' } } }],
    }
    const { conversation, requests } = await setUp(
      (request, count) => (isWrapUp(request) || count > 2 ? says({ content: 'Done' }) : says(extended)),
      { capMicroUsd: 50_000n },
      { turnsMax: 3 },
    )
    expect(await conversation.say('Mend it')).toMatchObject({ ended: 'answered', text: 'Done' })
    expect(requests).toHaveLength(3)
    for (const request of requests) {
      expect(Object.keys(request).sort()).toEqual([
        'max_completion_tokens',
        'messages',
        'model',
        'reasoning_effort',
        'stream',
        'stream_options',
        'tools',
      ])
      expect(request.messages.slice(0, 4)).toEqual(
        [
          ...first,
          {
            role: 'assistant',
            content: 'I look.',
            tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'list', arguments: '{}' } }],
          },
          { role: 'tool', tool_call_id: 'call_1', content: expect.any(String) },
        ].slice(0, request.messages.length),
      )
    }
  })

  it.each([
    ['a list of parts', { content: [{ type: 'text', text: 'Done' }] }],
    ['a picture', { content: [{ type: 'image_url', image_url: { url: 'https://example.org/i.png' } }] }],
    ['an object', { content: { text: 'Done' } }],
    [
      'a tool call without text for its arguments',
      { tool_calls: [{ id: 'c', function: { name: 'list', arguments: {} } }] },
    ],
  ])(
    'is never %s that a provider answered: it is posted as it was reported, and asked for again',
    async (_, message) => {
      const { conversation, requests, purse } = await setUp(
        (_request, count) => (count === 1 ? says(message) : says({ content: 'Done' })),
        { capMicroUsd: 200_000n },
      )
      expect(await conversation.say('Mend it')).toMatchObject({ ended: 'answered', text: 'Done' })
      expect(requests.map((request) => request.messages)).toEqual([first, first])
      expect(purse.calls.map((call) => [call.usage, call.spentMicroUsd])).toEqual([
        ['reported', 18n],
        ['reported', 18n],
      ])
    },
  )
})

describe('a call', () => {
  it('is in the journal before it is sent, at its reservation, and each further try is one of its own', async () => {
    const seen: string[][] = []
    const { conversation, file, requests } = await setUp(
      (_request, count, journal) => {
        seen.push(journal.map((call) => `${call.id} ${call.usage} ${call.spentMicroUsd === call.reservedMicroUsd}`))
        if (count === 1) return { status: 500, body: { error: { message: 'broken' } } }
        return count === 2 ? { status: 429, body: { error: { message: 'later' } } } : says({ content: 'Done' })
      },
      { capMicroUsd: 500_000n },
    )
    await conversation.say('Mend it')
    expect(seen).toEqual([
      ['0 unknown true'],
      ['0 unknown true', '1 unknown true'],
      ['0 unknown true', '1 reported false', '2 unknown true'],
    ])
    expect(readJournal(file)).toMatchObject([
      { usage: 'unknown' },
      { usage: 'reported', spentMicroUsd: 0n },
      { usage: 'reported', spentMicroUsd: 18n },
    ])
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).kind)).toEqual(Array(3).fill(['reserved', 'answered']).flat())
    expect(requests).toHaveLength(3)
  })

  it('that is unknown counts at its bound in tokens as well as in money', async () => {
    const { conversation, purse } = await setUp(() => says({ content: 'Done' }, {}), {
      capMicroUsd: 500_000n,
      capTokens: 20_000,
    })
    await conversation.say('Mend it')
    const [call] = purse.calls
    expect(call).toMatchObject({ usage: 'unknown', spentMicroUsd: call?.reservedMicroUsd })
    expect((call?.inputTokens ?? 0) + (call?.outputTokens ?? 0)).toBe(call?.reservedTokens)
  })
})

describe('a run of very many calls', () => {
  it('ends while its report can still tell them all', async () => {
    const { purse, file } = await setUp(() => says({ content: 'Done' }), { capMicroUsd: 1_000_000_000n })
    const ask = { price, inputTokensBound: 10, wrapUpInputTokensBound: 20, purpose: 'work' as const }
    for (;;) {
      const granted = await purse.reserve('mend', 'm', ask)
      if ('limit' in granted) break
      purse.post(granted, { kind: 'unbilled' })
    }
    const report = callsReport(purse.calls, 'capped', 'cap-reached', 'The run has made very many calls.')
    expect(z.encode(reportSchema, report).calls).toHaveLength(5_000)
    expect(readJournal(file)).toHaveLength(5_000)
  })
})

describe('the cap', () => {
  const wrapUpBound = firstBound + wrapUpTokens()
  const exact = worstCostMicroUsd(price, firstBound, 400) + worstCostMicroUsd(price, wrapUpBound, 600)

  /** What the last turn adds to a conversation, as it is sent. */
  function wrapUpTokens(): number {
    const content =
      'The budget for this work is used up. Do not call tools. Say in a few sentences what you changed, what you checked and what is left to do.'
    return messageTokensBound({ role: 'user', content })
  }

  /** So long an answer that the last turn has to take the conversation up as it stood before. */
  const long = { ...listing('call_1'), content: 'I look. '.repeat(1_000) }

  it.each([
    ['reported to the last token', true],
    ['unknown', false],
  ])('that holds one call and the last turn exactly is enough for both, where usage is %s', async (_, isReported) => {
    const used = (prompt_tokens: number, completion_tokens: number) => ({
      ...(isReported && { usage: { prompt_tokens, completion_tokens } }),
    })
    const { conversation, purse, requests } = await setUp(
      (request) =>
        isWrapUp(request) ? says({ content: 'I listed.' }, used(wrapUpBound, 600)) : says(long, used(firstBound, 400)),
      { capMicroUsd: exact },
    )
    expect(await conversation.say('Mend it')).toEqual({ ended: 'cap', text: 'I listed.', detail: undefined })
    expect(requests.map((request) => request.max_completion_tokens)).toEqual([400, 600])
    expect(requests[1]?.messages.slice(0, -1)).toEqual(first)
    expect(requests[1]).toMatchObject({ tool_choice: 'none' })
    expect(purse.spentMicroUsd).toBe(exact)
  })

  it('that is a micro-USD short of them lets nothing be sent', async () => {
    const { conversation, requests } = await setUp(() => says({ content: 'Done' }), { capMicroUsd: exact - 1n })
    expect(await conversation.say('Mend it')).toMatchObject({ ended: 'cap', text: '' })
    expect(requests).toEqual([])
  })

  it('of tokens holds as exactly, with money to spare', async () => {
    const capTokens = firstBound + 400 + wrapUpBound + 600
    const answer = (request: Request) => says(isWrapUp(request) ? { content: 'I listed.' } : long, {})
    const enough = await setUp(answer, { capMicroUsd: 10_000_000n, capTokens })
    expect(await enough.conversation.say('Mend it')).toMatchObject({ ended: 'cap', text: 'I listed.' })
    expect(enough.requests.map((request) => request.max_completion_tokens)).toEqual([400, 600])
    const short = await setUp(answer, { capMicroUsd: 10_000_000n, capTokens: capTokens - 1 })
    expect(await short.conversation.say('Mend it')).toMatchObject({ ended: 'cap' })
    expect(short.requests).toEqual([])
  })
})

describe('a provider that bills more than the bound', () => {
  it.each([
    ['ends the run at once', { capMicroUsd: 500_000n }, { prompt_tokens: 90_000, completion_tokens: 2 }],
    [
      'ends it for its tokens alone',
      { capMicroUsd: 10_000_000n, capTokens: 100_000 },
      { prompt_tokens: 60_000, completion_tokens: 2 },
    ],
    [
      'ends it where it ignores the limit of the output',
      { capMicroUsd: 100_000n },
      { prompt_tokens: 10, completion_tokens: 90_000 },
    ],
  ])('%s, with the whole of it reported', async (_, hold, usage) => {
    const { conversation, requests, purse } = await setUp(() => says(listing('call_1'), { usage }), hold)
    expect(await conversation.say('Mend it')).toMatchObject({ ended: 'overage' })
    expect(requests).toHaveLength(1)
    const [call] = purse.calls
    expect(call).toMatchObject({ inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens })
    expect(usage.prompt_tokens + usage.completion_tokens).toBeGreaterThan(call?.reservedTokens ?? 0)
  })

  it('is found out when it first reported less than it then charges for the same text', async () => {
    const long = 'word '.repeat(4_000)
    const { conversation, requests, purse } = await setUp(
      (_request, count) =>
        count === 1
          ? says(listing('call_1'))
          : says(listing('call_2'), { usage: { prompt_tokens: 30_000, completion_tokens: 16_000 } }),
      { capMicroUsd: 5_000_000n },
    )
    expect(await conversation.say(long)).toMatchObject({ ended: 'overage' })
    expect(requests).toHaveLength(2)
    const [, call] = purse.calls
    expect(call?.spentMicroUsd).toBe(94_000n)
    expect(purse.spentMicroUsd).toBe(94_018n)
  })
})
