/** What becomes of a conversation by what the model answers: by schema, in vain, too much for its context, and several calls at once. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Conversation } from '../../action/agent/agent.ts'
import type { AgentTask } from '../../action/agent/agent-task.ts'
import { reachOf } from '../../action/agent/reach.ts'
import { openModel } from '../../action/model/model.ts'
import { openJournal } from '../../action/money/journal.ts'
import { Purse } from '../../action/money/purse.ts'
import { openSandbox } from '../../action/sandbox/sandbox.ts'
import type { Recorded } from '../../action/session/recording.ts'
import type { Endpoint } from '../../core/plan/endpoint.ts'
import { isRefusal } from '../../core/reason.ts'
import { type CheckpointConversation, checkpointConversationSchema } from '../../core/session/checkpoint.ts'
import { startModel } from '../world/model.ts'
import type { ModelReply, Script } from '../world/model-contract.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const price = { input: 1_000_000n, cached: 100_000n, output: 4_000_000n, tiers: [], source: 'a test' }
const agent: AgentTask['agent'] = {
  name: 'fixer',
  tools: ['read', 'list', 'search', 'write', 'run'],
  model: 'm',
  systemText: 'You mend.',
}
const task: AgentTask = {
  step: 'mend',
  agent,
  price,
  systemText: agent.systemText,
  systemTextOf: () => '',
  shareLeftMicroUsd: () => undefined,
  turnsMax: 12,
}

interface Given {
  readonly task?: Partial<AgentTask>
  readonly endpoint?: Endpoint
  readonly before?: CheckpointConversation
  /** One that is there already, in the place of one that goes by the script. */
  readonly model?: Awaited<ReturnType<typeof startModel>>
}

async function setUp(script: Script, given: Given = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'purser-answers-'))
  closing.push(() => rmSync(dir, { recursive: true }))
  const workDir = join(dir, 'work')
  mkdirSync(workDir)
  const model = given.model ?? (await startModel({ scripts: [script] }))
  if (given.model === undefined) closing.push(() => model.close())
  const places = { workDir, homeDir: join(dir, 'home'), outputDir: join(dir, 'output'), hidden: [] }
  const sandbox = await openSandbox(places, 'none', process.env)
  if (isRefusal(sandbox)) throw new Error(sandbox.message)
  const journal = openJournal(join(dir, 'journal.jsonl'))
  closing.push(() => journal.close())
  const capMicroUsd = 10_000_000n
  const purse = new Purse({ capMicroUsd, drawnMicroUsd: capMicroUsd }, journal)
  const recorded: Recorded[] = []
  const { signal } = new AbortController()
  const conversation = new Conversation(
    { ...task, ...given.task },
    {
      model: openModel('key', model.url, given.endpoint),
      purse,
      place: { workDir, sandbox, signal, reach: reachOf({}) },
      signal,
      onTurn: () => {},
      onRetry: () => {},
      record: (event) => void recorded.push(event),
      meanwhile: () => ({ rest: false, said: [] }),
    },
    given.before,
  )
  return { conversation, model, purse, workDir, recorded }
}

/** Each request gets the next reply, the last one again and again. */
function inOrder(...replies: [ModelReply, ...ModelReply[]]): Script {
  let at = 0
  return () => replies[Math.min(at++, replies.length - 1)]
}

const apis: Endpoint['api'][] = ['chat-completions', 'responses']
const output = {
  type: 'object',
  properties: { cause: { type: 'string' }, files: { type: 'array', items: { type: 'string' } } },
  required: ['cause', 'files'],
  additionalProperties: false,
}

describe.each(apis)('an answer by schema over %s', (api) => {
  it('is asked for by the request and handed over as a value', async () => {
    const { conversation, model } = await setUp(inOrder({ text: '{"cause": "a sign", "files": ["sum.js"]}' }), {
      task: { output },
      endpoint: { api },
    })
    const end = await conversation.say('Look')
    expect(end).toMatchObject({ ended: 'answered', value: { cause: 'a sign', files: ['sum.js'] } })
    const [call] = model.calls()
    const asked = { type: 'json_schema', name: 'mend', schema: output, strict: true }
    const { type, ...format } = asked
    expect(call?.request).toMatchObject(
      api === 'responses' ? { text: { format: asked } } : { response_format: { type, json_schema: format } },
    )
    expect(call?.body).not.toContain('Your last message must be')
  })

  it('is asked for by the prompt where the endpoint can’t be', async () => {
    const { conversation, model } = await setUp(inOrder({ text: '```json\n{"cause": "a sign", "files": []}\n```' }), {
      task: { output },
      endpoint: { api, 'structured-output': false },
    })
    expect(await conversation.say('Look')).toMatchObject({
      ended: 'answered',
      text: '{"cause":"a sign","files":[]}',
      value: { cause: 'a sign', files: [] },
    })
    const [call] = model.calls()
    expect(call?.request.response_format ?? call?.request.text).toBeUndefined()
    expect(call?.request.messages[0]?.content).toContain(JSON.stringify(output))
  })

  it('is mended once when it does not satisfy the schema', async () => {
    const { conversation, model } = await setUp(
      inOrder({ text: 'It is a sign.' }, { text: '{"cause": "a sign", "files": []}' }),
      { task: { output }, endpoint: { api } },
    )
    expect(await conversation.say('Look')).toMatchObject({ ended: 'answered', value: { cause: 'a sign', files: [] } })
    expect(model.calls().at(-1)?.request.messages.at(-1)?.content).toContain('it is not one JSON document')
  })

  it('ends the step when it does not satisfy it the second time, and says why', async () => {
    const { conversation, model } = await setUp(inOrder({ text: '{"cause": 3}' }), {
      task: { output },
      endpoint: { api },
    })
    const end = await conversation.say('Look')
    expect(end).toMatchObject({ ended: 'unfit', text: '{"cause": 3}' })
    expect(end.detail).toContain("required property 'files'")
    expect(end.detail).toContain('it/cause must be string')
    expect(model.calls()).toHaveLength(2)
  })

  it('counts its schema in every bound', async () => {
    const reserved: bigint[] = []
    for (const asked of [undefined, output]) {
      const { conversation, purse } = await setUp(inOrder({ text: '{"cause": "", "files": []}' }), {
        task: { output: asked },
        endpoint: { api },
      })
      await conversation.say('Look')
      reserved.push(purse.calls[0]?.reservedMicroUsd ?? 0n)
    }
    const [without = 0n, within = 0n] = reserved
    expect(within - without).toBeGreaterThanOrEqual(BigInt(2 * JSON.stringify(output).length))
  })
})

describe.each(apis)('an answer in vain over %s', (api) => {
  it('that is empty is asked for once more, then given up', async () => {
    const once = await setUp(inOrder({ text: '' }, { text: 'Done' }), { endpoint: { api } })
    expect(await once.conversation.say('Mend it')).toMatchObject({ ended: 'answered', text: 'Done' })
    const always = await setUp(inOrder({ text: '' }), { endpoint: { api } })
    expect(await always.conversation.say('Mend it')).toMatchObject({
      ended: 'model-failed',
      detail: expect.stringContaining('empty'),
    })
    expect(always.model.calls()).toHaveLength(2)
  })

  it.each([
    ['by the model', { refusal: 'I will not do that.' }, 'I will not do that.'],
    ['by a filter', { text: '', finish: 'content_filter' as const }, ''],
  ])('that is refused %s ends the step, and what it cost is known', async (_, reply, detail) => {
    const { conversation, purse, model } = await setUp(inOrder(reply), { endpoint: { api } })
    expect(await conversation.say('Mend it')).toMatchObject({ ended: 'refused', detail })
    expect(model.calls()).toHaveLength(1)
    expect(purse.calls).toMatchObject([{ usage: 'reported' }])
  })

  it('that is cut at its length limit goes on', async () => {
    const { conversation } = await setUp(inOrder({ text: 'I will', finish: 'length' }, { text: 'Done' }), {
      endpoint: { api },
    })
    expect(await conversation.say('Mend it')).toMatchObject({ ended: 'answered', text: 'Done' })
  })
})

describe('what a model thought', () => {
  const thinking = () =>
    inOrder(
      {
        thought: 'gAAAAABencrypted',
        toolCalls: [{ name: 'list', arguments: {} }],
        usage: { input: 300, output: 900, reasoning: 800 },
      },
      { text: 'Done', usage: { input: 1_300, output: 5 } },
    )

  it('goes back where it stood, with nothing else of the answer, and is bounded by the call that made it', async () => {
    const { conversation, model, purse } = await setUp(thinking(), { endpoint: { api: 'responses' } })
    expect(await conversation.say('Mend it')).toMatchObject({ ended: 'answered', text: 'Done' })
    const [, second] = model.calls()
    expect(JSON.parse(second?.body ?? '').input.slice(2)).toEqual([
      { type: 'reasoning', summary: [], encrypted_content: 'gAAAAABencrypted' },
      { type: 'function_call', call_id: expect.any(String), name: 'list', arguments: '{}' },
      { type: 'function_call_output', call_id: expect.any(String), output: '[empty]' },
    ])
    const [first, then] = purse.calls
    expect(first).toMatchObject({ inputTokens: 300, outputTokens: 900, reasoningTokens: 800 })
    // All the output that the first call was allowed may be thought, and thought is input then.
    expect(then?.reservedTokens).toBeGreaterThan(300 + 16_000 + 16_000)
  })

  it('is sent again byte for byte by a run that goes on from a checkpoint', async () => {
    const endpoint = { api: 'responses' as const }
    const whole = await setUp(thinking(), { endpoint })
    await whole.conversation.say('Mend it')
    const first = await setUp(thinking(), { endpoint, task: { turnsMax: 1 } })
    expect(await first.conversation.say('Mend it')).toMatchObject({ ended: 'turns' })
    const before = { step: 'mend', attempt: 1, ...first.conversation.state }
    const kept = JSON.parse(JSON.stringify(z.encode(checkpointConversationSchema, before)))
    const second = await setUp(inOrder({ text: 'Done' }), {
      endpoint,
      before: checkpointConversationSchema.parse(kept),
    })
    expect(await second.conversation.goOn()).toMatchObject({ ended: 'answered', text: 'Done' })
    expect(second.model.calls()[0]?.body).toBe(whole.model.calls()[1]?.body)
  })
})

describe('a conversation that goes on from a checkpoint', () => {
  it('is bounded by what was counted for the same request, and by its bytes where that was another or is not known', async () => {
    const listing = { toolCalls: [{ name: 'list', arguments: {} }], usage: { input: 10, output: 5 } }
    const answer = { text: '{"cause": "", "files": []}' }
    const first = await setUp(inOrder(listing, answer), { task: { turnsMax: 1 } })
    expect(await first.conversation.say('Mend it')).toMatchObject({ ended: 'turns' })
    /** What its first call reserves. */
    async function reservedBy(before: CheckpointConversation, given: Given = { model: first.model }) {
      const { conversation, purse } = await setUp(inOrder(answer), { ...given, before })
      expect(await conversation.goOn()).toMatchObject({ ended: 'answered' })
      return purse.calls[0]?.reservedTokens ?? Number.NaN
    }
    const counted = checkpointConversationSchema.parse({ step: 'mend', attempt: 1, ...first.conversation.state })
    const { counted: known, ...bare } = counted
    expect(known).toMatchObject({ messages: 2, inputTokens: 10 })

    const byBytes = await reservedBy(bare)
    expect(await reservedBy(counted)).toBeLessThan(byBytes)
    expect(await reservedBy({ ...bare, counted: { messages: 2, inputTokens: 10 } })).toBe(byBytes)
    expect(await reservedBy(counted, {}), 'another provider').toBe(byBytes)
    for (const more of [
      { agent: { ...agent, model: 'other' } },
      { agent: { ...agent, effort: 'high' } },
      { agent: { ...agent, tools: [...agent.tools, 'edit'] } },
      { output },
    ] satisfies Partial<AgentTask>[]) {
      const given = { model: first.model, task: more }
      expect(await reservedBy(counted, given), JSON.stringify(more)).toBe(await reservedBy(bare, given))
    }
  })
})

describe('calls of one turn', () => {
  const call = (name: string, written: Record<string, unknown>) => ({ name, arguments: written })

  it('that only read run side by side, in the order that they were asked for', async () => {
    const waits = (seconds: number) => call('search', { pattern: `word${seconds}`, path: '.' })
    const { conversation, model, workDir } = await setUp(
      inOrder({ toolCalls: [waits(1), call('read', { path: 'a.txt' }), waits(2), call('list', {})] }, { text: 'Done' }),
    )
    writeFileSync(join(workDir, 'a.txt'), 'word1\nword2\n')
    await conversation.say('Look')
    const results = model.calls()[1]?.request.messages.filter(({ role }) => role === 'tool')
    expect(results?.map(({ content }) => content)).toEqual(['a.txt:1:word1', 'word1\nword2', 'a.txt:2:word2', 'a.txt'])
  })

  it('that change something run alone and in order, and what follows sees it', async () => {
    const { conversation, model } = await setUp(
      inOrder(
        {
          toolCalls: [
            call('write', { path: 'a.txt', content: 'one\n' }),
            call('read', { path: 'a.txt' }),
            call('run', { command: 'echo two >> a.txt' }),
            call('read', { path: 'a.txt' }),
          ],
        },
        { text: 'Done' },
      ),
    )
    await conversation.say('Write')
    const results = model.calls()[1]?.request.messages.filter(({ role }) => role === 'tool')
    expect(results?.map(({ content }) => content)).toEqual(['ok', 'one', '[exit 0]', 'one\ntwo'])
  })
})

describe.each(apis)('a conversation that becomes too long over %s', (api) => {
  const long = (at: number): ModelReply => ({
    text: `I look at part ${at}.`,
    toolCalls: [{ name: 'run', arguments: { command: `head -c 1500 /dev/zero | tr '\\0' ${at % 10}` } }],
  })
  const overflow = { error: { status: 400, message: 'This model’s maximum context length is 4096 tokens' } }
  const isLong = (body: string) => body.length > 8_000

  it('is made shorter once when the provider says so, and goes on', async () => {
    let at = 0
    const { conversation, model, purse, recorded } = await setUp(
      (request) => {
        at += 1
        if (isLong(JSON.stringify(request.messages))) return overflow
        return at < 8 ? long(at) : { text: 'Done' }
      },
      { endpoint: { api } },
    )
    expect(await conversation.say('Mend it')).toMatchObject({ ended: 'answered', text: 'Done' })
    const calls = model.calls()
    const refused = calls.findIndex(({ status }) => status === 400)
    const [before, after] = [calls[refused]?.request.messages ?? [], calls[refused + 1]?.request.messages ?? []]
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2))
    expect(after[2]?.content).toContain('earlier turns were left out')
    expect(after[2]?.content).toContain('- said: I look at part 1.')
    expect(after.slice(3)).toEqual(before.slice(-(after.length - 3)))
    // Some bill what they have read and found too long.
    expect(purse.calls[refused]).toMatchObject({ usage: 'unknown' })
    expect(recorded.filter((event) => 'afresh' in event)).toHaveLength(1)
  })

  it('ends the step the second time, with its work', async () => {
    let at = 0
    const { conversation, model } = await setUp(
      (request) => {
        at += 1
        return isLong(JSON.stringify(request.messages)) ? overflow : long(at)
      },
      { endpoint: { api }, task: { turnsMax: 40 } },
    )
    expect(await conversation.say('Mend it')).toMatchObject({ ended: 'context' })
    expect(model.calls().filter(({ status }) => status === 400)).toHaveLength(2)
  })

  it('is made shorter before the declared context is passed, and never sent beyond it', async () => {
    let at = 0
    const contextTokens = 3_500
    const endless = () => {
      at += 1
      return long(at)
    }
    const { conversation, model } = await setUp(endless, {
      endpoint: { api },
      task: { turnsMax: 40, agent: { ...agent, contextTokens } },
    })
    expect(await conversation.say('Mend it')).toMatchObject({ ended: 'context' })
    const sizes = model.calls().map(({ request }) => request.messages.length)
    expect(sizes.filter((size, index) => index > 0 && size < (sizes[index - 1] ?? 0))).toHaveLength(1)
    expect(model.calls().every(({ status }) => status === 200)).toBe(true)
    for (const { request } of model.calls()) {
      const limit = Number(request.max_completion_tokens ?? request.max_output_tokens)
      expect(JSON.stringify(request.messages).length / 4 + limit).toBeLessThan(contextTokens * 1.3)
    }
  })

  it('of which the task alone is too long ends at once', async () => {
    const { conversation, model } = await setUp(() => overflow, { endpoint: { api } })
    expect(await conversation.say('Mend it')).toMatchObject({ ended: 'context' })
    expect(model.calls()).toHaveLength(1)
  })
})
