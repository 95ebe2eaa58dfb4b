import OpenAI from 'openai'
import { afterEach, expect, test } from 'vitest'
import { startModel } from './model.ts'
import type { Model } from './model-contract.ts'
import { conversation, failing } from './model-script.ts'

const models: Model[] = []
afterEach(async () => {
  for (const model of models.splice(0)) await model.close()
})

async function start(...scripts: Parameters<typeof startModel>[0]['scripts']) {
  const model = await startModel({ scripts })
  models.push(model)
  return { model, client: new OpenAI({ baseURL: model.url, apiKey: 'sk-test', maxRetries: 0, timeout: 2_000 }) }
}

const greet = conversation('Say hello', [
  {
    toolCalls: [{ name: 'look', arguments: { path: 'a.txt' } }],
    usage: { input: 900, cached: 640, output: 20, reasoning: 7 },
  },
  { text: 'Hello, world. This is longer than one chunk of a stream.' },
])
const part = conversation('Say goodbye', [{ text: 'Goodbye' }])
const ask = (text: string): OpenAI.ChatCompletionMessageParam[] => [{ role: 'user', content: text }]

test('chooses the script by the first message and the turn by what was said', async () => {
  const { client, model } = await start(greet, part)
  const first = await client.chat.completions.create({ model: 'm', messages: ask('Say hello') })
  expect(first.choices[0]?.message.tool_calls).toMatchObject([
    { function: { name: 'look', arguments: '{"path":"a.txt"}' } },
  ])
  expect(first.choices[0]?.finish_reason).toBe('tool_calls')
  expect(first.usage).toMatchObject({
    prompt_tokens: 900,
    prompt_tokens_details: { cached_tokens: 640 },
    completion_tokens_details: { reasoning_tokens: 7 },
  })
  const other = await client.chat.completions.create({ model: 'm', messages: ask('Say goodbye') })
  expect(other.choices[0]?.message.content).toBe('Goodbye')
  const said: OpenAI.ChatCompletionMessageParam[] = [
    ...ask('Say hello'),
    { role: 'assistant', content: null },
    { role: 'user', content: 'and?' },
  ]
  const second = await client.chat.completions.create({ model: 'm', messages: said })
  expect(second.choices[0]?.message.content).toContain('Hello, world')
  expect(second.usage?.prompt_tokens).toBeGreaterThan(10)
  expect(model.calls()).toHaveLength(3)
})

test('streams the same, with usage when it is asked for', async () => {
  const { client } = await start(greet)
  const said: OpenAI.ChatCompletionMessageParam[] = [...ask('Say hello'), { role: 'assistant', content: 'x' }]
  const stream = await client.chat.completions.create({
    model: 'm',
    messages: said,
    stream: true,
    stream_options: { include_usage: true },
  })
  let text = ''
  let usage: OpenAI.CompletionUsage | null | undefined
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? ''
    usage = chunk.usage ?? usage
  }
  expect(text).toBe('Hello, world. This is longer than one chunk of a stream.')
  expect(usage?.completion_tokens).toBeGreaterThan(5)
})

test('fails as it is told to: limits, errors, cuts and silence', async () => {
  const limited = failing(part, { error: { status: 429, retryAfterSeconds: 3 } })
  const { client, model } = await start(limited)
  const error = await client.chat.completions
    .create({ model: 'm', messages: ask('Say goodbye') })
    .catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(OpenAI.RateLimitError)
  expect((error as InstanceType<typeof OpenAI.RateLimitError>).headers?.get('retry-after')).toBe('3')
  expect(
    (await client.chat.completions.create({ model: 'm', messages: ask('Say goodbye') })).choices[0]?.message.content,
  ).toBe('Goodbye')

  model.use(failing(part, { text: 'never whole', cutAfterBytes: 40 }))
  await expect(client.chat.completions.create({ model: 'm', messages: ask('Say goodbye') })).rejects.toThrow()
  model.use(failing(part, { silent: true }))
  await expect(
    client.chat.completions.create({ model: 'm', messages: ask('Say goodbye') }, { timeout: 200 }),
  ).rejects.toThrow(/timed out/i)
  await expect(client.chat.completions.create({ model: 'm', messages: ask('Something else') })).rejects.toThrow(
    /no script answers/,
  )
  expect(model.calls().map((call) => call.status)).toEqual([429, 200, 200, 200, 400])
})
