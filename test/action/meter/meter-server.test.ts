/** The meter over its socket: what it lets through, what it posts, and that the journal comes to what the provider bills. */
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type MeterLimit, type MeterServer, openMeterServer } from '../../../action/meter/meter-server.ts'
import { anthropic, openAi, type Provider } from '../../../action/meter/upstream.ts'
import { openJournal, readJournal } from '../../../action/money/journal.ts'
import { Purse } from '../../../action/money/purse.ts'
import { shareLeftMicroUsd } from '../../../core/money/meter.ts'
import { type Price, priceInUs } from '../../../core/money/price.ts'
import { messages, responses } from '../../core/request/request-world.ts'
import {
  type ChargingProvider,
  type ProviderReply,
  type ProviderRequest,
  startChargingProvider,
} from '../../world/charging-provider.ts'

const KEY = 'sk-canary-0123456789'
const price: Price = {
  input: 1_000_000n,
  cached: 100_000n,
  written: 1_250_000n,
  output: 4_000_000n,
  tiers: [],
  source: 't',
}

type Kind = 'openai' | 'anthropic'
const kinds: Kind[] = ['openai', 'anthropic']
/** How a limit is told, so that the agent of that interface does not try again. */
const NO_CALL = { openai: 400, anthropic: 402 }
const PATHS = { openai: '/v1/responses', anthropic: '/v1/messages?beta=true' }

/** The shortest request of each interface. */
const asking = (kind: Kind, said = 'Mend it'): object =>
  kind === 'openai'
    ? { model: 'm', input: [{ role: 'user', content: said }], max_output_tokens: 2_000, stream: true }
    : { model: 'm', max_tokens: 2_000, messages: [{ role: 'user', content: said }], stream: true }

interface Stage {
  readonly provider: ChargingProvider
  readonly purse: Purse
  readonly meter: MeterServer
  readonly limits: MeterLimit[]
  readonly abort: AbortController
  readonly socketPath: string
  ask(body: object, path?: string, headers?: Record<string, string>): Promise<{ status: number; text: string }>
  /** From here on nothing can be written down. */
  fillDisk(): void
  /** What the journal on disk comes to. */
  journalMicroUsd(): bigint
}

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of open.splice(0)) await end()
})

async function stage(
  kind: Kind,
  script: (request: ProviderRequest) => ProviderReply,
  options: { capMicroUsd?: bigint; share?: number; turnsMax?: number; model?: string; stopsAfterCalls?: number } = {},
): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), 'purser-meter-'))
  const provider = await startChargingProvider(price, script)
  const journalFile = join(dir, 'journal.jsonl')
  const capMicroUsd = options.capMicroUsd ?? 1_000_000n
  const journal = openJournal(journalFile)
  let isFull = false
  const written =
    <T>(write: (call: T) => void) =>
    (call: T) => {
      if (isFull) throw new Error('ENOSPC')
      write(call)
    }
  const onDisk = { ...journal, reserved: written(journal.reserved), answered: written(journal.answered) }
  const purse = new Purse({ capMicroUsd, drawnMicroUsd: capMicroUsd }, onDisk)
  const limits: MeterLimit[] = []
  const abort = new AbortController()
  const upstream: Provider = kind === 'openai' ? openAi(KEY, `${provider.url}/v1`) : anthropic(KEY, provider.url)
  const socketPath = join(dir, 'meter')
  const meter = await openMeterServer({
    socketPath,
    provider: upstream,
    model: options.model ?? 'm',
    price,
    purse,
    step: 'mend',
    shareLeftMicroUsd: () =>
      options.share === undefined ? undefined : shareLeftMicroUsd(capMicroUsd, options.share, purse.spentIn('mend')),
    turnsMax: options.turnsMax ?? 100,
    signal: abort.signal,
    onCall: (count) => count === options.stopsAfterCalls && abort.abort(),
    onLimit: (limit) => void limits.push(limit),
  })
  open.push(async () => {
    await meter.close()
    journal.close()
    await provider.close()
    rmSync(dir, { recursive: true })
  })
  const ask: Stage['ask'] = (body, path = PATHS[kind], headers = {}) =>
    new Promise((resolve) => {
      const sent = request({ socketPath, path, method: 'POST', headers: { authorization: 'Bearer dummy', ...headers } })
      sent.on('error', () => resolve({ status: 0, text: '' }))
      sent.on('response', async (got) => {
        let text = ''
        try {
          for await (const chunk of got) text += chunk
        } catch {
          text += '[broken off]'
        }
        resolve({ status: got.statusCode ?? 0, text })
      })
      sent.end(JSON.stringify(body))
    })
  const fillDisk = () => {
    isFull = true
  }
  const journalMicroUsd = () => (readJournal(journalFile) ?? []).reduce((sum, call) => sum + call.spentMicroUsd, 0n)
  return { provider, purse, meter, limits, abort, socketPath, ask, fillDisk, journalMicroUsd }
}

describe.each(kinds)('the meter before %s', (kind) => {
  it('passes the answer through unchanged, with the key on the far side alone, and posts what it used', async () => {
    const { provider, ask, purse, journalMicroUsd } = await stage(kind, () => ({
      text: 'Done. '.repeat(50),
      pieceBytes: 7,
    }))
    const { status, text } = await ask(asking(kind))
    expect(status).toBe(200)
    expect(text).toContain('Done. Done.')
    expect(text).toMatch(kind === 'openai' ? /response\.completed/ : /message_stop"}\n\n$/)
    const [got] = provider.requests()
    expect(kind === 'openai' ? got?.headers.authorization : got?.headers['x-api-key']).toContain(KEY)
    expect(text).not.toContain(KEY)
    expect(got?.body).toMatchObject(
      kind === 'openai' ? { max_output_tokens: 2_000, store: false } : { max_tokens: 2_000 },
    )
    expect(purse.spentMicroUsd).toBe(provider.chargedMicroUsd())
    expect(journalMicroUsd()).toBe(provider.chargedMicroUsd())
    expect(purse.calls).toMatchObject([{ step: 'mend', model: 'm', usage: 'reported' }])
  })

  it('refuses what can’t be bounded, another model and other ways in, in the interface’s own words, and sends nothing', async () => {
    const { provider, ask, purse } = await stage(kind, () => ({ text: 'x' }))
    const refusals = [
      await ask({ ...asking(kind), background: true }),
      await ask({ ...asking(kind), model: 'dearer' }),
      await ask(asking(kind), '/v1/files'),
      await ask({ model: 'm', messages: [{ role: 'user', content: 'x' }], max_tokens: 9 }, '/v1/chat/completions'),
      await ask([]),
    ]
    for (const { status, text } of refusals) {
      expect([400, 404]).toContain(status)
      const { error, type } = JSON.parse(text)
      expect(error.message).toMatch(/^Purser: /)
      expect(type).toBe(kind === 'anthropic' ? 'error' : undefined)
    }
    expect(refusals[0]?.text).toContain('`background`')
    expect(provider.requests()).toEqual([])
    expect(purse.calls).toEqual([])
  })

  it.each([0, 1, 60, 300])('bills a stream that was cut after %i bytes at its reservation', async (cutAfterBytes) => {
    const { purse, ask } = await stage(kind, () => ({ text: 'Done. '.repeat(200), cutAfterBytes }))
    await ask(asking(kind))
    expect(purse.calls).toMatchObject([{ usage: 'unknown' }])
    expect(purse.spentMicroUsd).toBe(purse.calls[0]?.reservedMicroUsd)
  })

  it.each<[string, ProviderReply, 'unknown' | 'reported']>([
    ['says nothing', { text: 'x', silentOnUsage: true }, 'unknown'],
    [
      'says that nothing was read',
      { text: 'x', usage: { inputTokens: 0, cachedTokens: 0, outputTokens: 1, reasoningTokens: 0 } },
      'unknown',
    ],
    [
      'says that all was cached and more',
      { text: 'x', usage: { inputTokens: 9, cachedTokens: 90, outputTokens: 1, reasoningTokens: 0 } },
      'unknown',
    ],
  ])('bills an answer that %s at its reservation', async (_, reply, usage) => {
    const { purse, ask } = await stage(kind, () => reply)
    await ask(asking(kind))
    expect(purse.calls).toMatchObject([{ usage }])
    expect(purse.spentMicroUsd).toBe(purse.calls[0]?.reservedMicroUsd)
  })

  it('sends nothing more after a bill beyond the bound', async () => {
    const usage = { inputTokens: 900_000, cachedTokens: 0, outputTokens: 10, reasoningTokens: 0 }
    const { purse, ask, limits, provider } = await stage(kind, () => ({ text: 'x', usage }))
    await ask(asking(kind))
    expect(purse.hasOverage).toBe(true)
    const { status, text } = await ask(asking(kind))
    expect([status, limits, provider.requests().length]).toEqual([NO_CALL[kind], ['overage'], 1])
    expect(text).toContain('billed more')
  })

  it('charges nothing for what the provider turned away, and the whole reservation for what it may have worked on', async () => {
    const { purse, ask } = await stage(kind, ({ number }) => ({ status: number === 0 ? 429 : 500 }))
    expect((await ask(asking(kind))).status).toBe(429)
    expect(purse.spentMicroUsd).toBe(0n)
    expect((await ask(asking(kind))).status).toBe(500)
    expect(purse.spentMicroUsd).toBe(purse.calls[1]?.reservedMicroUsd)
  })

  it.each([200, 500])('ends an answer with %i that goes on and on', async (status) => {
    const text = 'x'.repeat(25_000_000)
    const usage = { inputTokens: 1, cachedTokens: 0, outputTokens: 1, reasoningTokens: 0 }
    const { purse, ask } = await stage(kind, () => (status === 200 ? { text, usage } : { status, error: text }))
    const got = await ask(asking(kind))
    expect(got.status).toBe(status)
    expect(got.text.length).toBeLessThan(text.length)
    expect(purse.spentMicroUsd).toBe(purse.calls[0]?.reservedMicroUsd)
  })

  it('charges the whole reservation for what a filter stopped once it was read', async () => {
    const { purse, ask } = await stage(kind, () => ({ status: 400, error: 'blocked by the content filter' }))
    expect((await ask(asking(kind))).status).toBe(400)
    expect(purse.spentMicroUsd).toBe(purse.calls[0]?.reservedMicroUsd)
  })

  it.each<[string, ProviderReply]>([
    ['a whole answer', {}],
    ['a cut one', { cutAfterBytes: 60 }],
    ['an error', { status: 500 }],
    ['an error that is free', { status: 429 }],
  ])('posts %s once where the disk is full by then, and holds up nobody after it', async (_, reply) => {
    const usage = { inputTokens: 500, cachedTokens: 0, outputTokens: 2_000, reasoningTokens: 0 }
    const script = () => ({ text: 'x', usage, delayMs: 50, ...reply })
    const { ask, purse, provider, fillDisk } = await stage(kind, script, { capMicroUsd: 9_900n })
    const first = ask(asking(kind))
    await expect.poll(() => provider.requests().length).toBe(1)
    fillDisk()
    await first
    expect(purse.committedMicroUsd).toBe(purse.calls[0]?.spentMicroUsd)
    expect([NO_CALL[kind], 500]).toContain((await ask(asking(kind))).status)
    expect(provider.requests().length).toBe(1)
  })

  it('stops at the cap with not a micro-dollar over, whoever asks how often at the same time', async () => {
    const capMicroUsd = 60_000n
    const { provider, ask, purse, limits, journalMicroUsd } = await stage(
      kind,
      ({ number }) => ({ text: 'word '.repeat(400 + number), delayMs: 5 }),
      { capMicroUsd },
    )
    const asked = Array.from({ length: 40 }, (_, number) => ask(asking(kind, `Mend ${number} ${'x'.repeat(500)}`)))
    const answers = await Promise.all(asked)
    const statuses = new Set(answers.map(({ status }) => status))
    expect([...statuses].sort()).toEqual([200, NO_CALL[kind]])
    expect(limits.every((limit) => limit === 'cap')).toBe(true)
    expect(provider.atOnceMax()).toBeGreaterThan(1)
    expect(provider.atOnceMax()).toBeLessThanOrEqual(4)
    expect(journalMicroUsd()).toBe(provider.chargedMicroUsd())
    expect(purse.committedMicroUsd).toBe(provider.chargedMicroUsd())
    expect(provider.chargedMicroUsd()).toBeLessThanOrEqual(capMicroUsd)
  })

  it('lets a call wait for what another has reserved, and takes no useful call for one too many', async () => {
    const { ask, provider } = await stage(kind, () => ({ text: 'word '.repeat(10), delayMs: 5 }), {
      capMicroUsd: 9_500n,
    })
    const answers = await Promise.all(Array.from({ length: 3 }, () => ask(asking(kind))))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(provider.atOnceMax()).toBe(1)
  })

  it.each(['the run was stopped', 'its agent went away'])(
    'pays for no call that waited for room until %s',
    async (why) => {
      const isStopped = why === 'the run was stopped'
      const { ask, purse, provider, meter, socketPath } = await stage(kind, () => ({ text: 'word', delayMs: 300 }), {
        capMicroUsd: 9_500n,
        ...(isStopped && { stopsAfterCalls: 1 }),
      })
      const first = ask(asking(kind))
      await expect.poll(() => purse.calls.length).toBe(1)
      const waiting = request({ socketPath, path: PATHS[kind], method: 'POST' }).on('error', () => {})
      waiting.end(JSON.stringify(asking(kind, 'Wait')))
      await new Promise((resolve) => setTimeout(resolve, 50))
      if (!isStopped) waiting.destroy()
      await first
      await meter.close()
      expect(purse.committedMicroUsd).toBe(provider.chargedMicroUsd())
      expect([provider.requests().length, meter.calls]).toEqual([1, 1])
    },
  )

  it('keeps to the share of its step, with calls under way counted in', async () => {
    const { provider, ask, limits } = await stage(kind, () => ({ text: 'word '.repeat(300), delayMs: 20 }), {
      capMicroUsd: 60_000n,
      share: 5_000,
    })
    await Promise.all(Array.from({ length: 30 }, () => ask(asking(kind))))
    expect(new Set(limits)).toEqual(new Set(['share']))
    expect(provider.chargedMicroUsd()).toBeLessThanOrEqual(30_000n)
  })

  it.each([
    ['is too long to be one', PATHS[kind], 413],
    ['goes elsewhere', '/v1/responses/compact', 404],
  ])(
    'says of a long request that %s why it is not sent, whether or not its sender listens yet',
    async (_, path, status) => {
      const { purse, socketPath } = await stage(kind, () => ({ text: 'x' }))
      const socket = connect(socketPath)
      socket.write(`POST ${path} HTTP/1.1\r\nhost: meter\r\ncontent-length: 8000000\r\n\r\n`)
      await new Promise<void>((resolve) => socket.write('x'.repeat(7_000_000), () => resolve()))
      await new Promise((resolve) => setTimeout(resolve, 50))
      socket.end(`${'x'.repeat(1_000_000)}GET /v1/models HTTP/1.1\r\nhost: meter\r\n\r\n`)
      let text = ''
      for await (const chunk of socket) text += chunk
      expect(text.match(/HTTP\/1.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`, 'HTTP/1.1 200'])
      expect(text).toContain('Purser: ')
      expect(purse.calls).toEqual([])
    },
  )

  it('makes no more calls than the step has turns', async () => {
    const { provider, ask, limits } = await stage(kind, () => ({ text: 'x' }), { turnsMax: 2 })
    const statuses = [await ask(asking(kind)), await ask(asking(kind)), await ask(asking(kind))].map(
      (got) => got.status,
    )
    expect([statuses, limits, provider.requests().length]).toEqual([[200, 200, NO_CALL[kind]], ['turns'], 2])
  })

  it('takes sealed reasoning back that it has seen, whole as it came, and no other', async () => {
    const seal = 'c2VhbGVkIHJlYXNvbmluZw=='
    const { ask, provider } = await stage(kind, () => ({ text: 'x', seal, pieceBytes: 11 }))
    const [first, ...rest] = kind === 'openai' ? responses.input : messages.messages
    const text = JSON.stringify(kind === 'openai' ? { ...responses, input: [first, ...rest] } : messages)
    const returning = JSON.parse(text.replaceAll('"seal"', JSON.stringify(seal)))
    expect((await ask(returning)).status).toBe(400)
    await ask(asking(kind))
    expect((await ask(returning)).status).toBe(200)
    expect((await ask(JSON.parse(text.replaceAll('"seal"', '"c2Vh"')))).status).toBe(400)
    expect(provider.requests().length).toBe(2)
  })

  it('posts what an answer used that nobody waited for, and what was under way when the run was stopped', async () => {
    const { ask, purse, abort, meter } = await stage(kind, ({ number }) => ({ text: 'x', delayMs: number * 60_000 }))
    await ask(asking(kind))
    const pending = ask(asking(kind))
    await expect.poll(() => purse.calls.length).toBe(2)
    abort.abort()
    await pending
    await meter.close()
    expect(purse.calls.map(({ usage }) => usage)).toEqual(['reported', 'unknown'])
    expect(purse.committedMicroUsd).toBe(purse.spentMicroUsd)
  })
})

it('lets only those betas through that change no price, and counts tokens for nothing', async () => {
  const { ask, provider, purse } = await stage('anthropic', () => ({ text: 'x' }))
  const beta = 'claude-code-20250219, fast-mode-2026-02-01,context-1m-2025-08-07,interleaved-thinking-2025-05-14'
  await ask(asking('anthropic'), undefined, { 'anthropic-beta': beta })
  expect(provider.requests()[0]?.headers['anthropic-beta']).toBe('claude-code-20250219,interleaved-thinking-2025-05-14')
  const { max_tokens, stream, ...counted } = { max_tokens: 0, stream: true, ...asking('anthropic') }
  expect((await ask(counted, '/v1/messages/count_tokens')).status).toBe(200)
  expect((await ask({ ...counted, container: 'c' }, '/v1/messages/count_tokens')).status).toBe(400)
  expect(purse.calls.length).toBe(1)
})

it.each([
  ['us', priceInUs('claude-opus-5', price)],
  ['global', price],
])('comes to the bill where the inference is kept in %s, within what was reserved', async (inference_geo, billed) => {
  const model = 'claude-opus-5'
  const usage = { inputTokens: 800, cachedTokens: 0, outputTokens: 2_000, reasoningTokens: 0 }
  const besides = { inference_geo, service_tier: 'standard' }
  const { ask, provider, purse } = await stage('anthropic', () => ({ text: 'x', usage, besides, price: billed }), {
    model,
  })
  await ask({ ...asking('anthropic'), model })
  expect(provider.requests()[0]?.body).not.toHaveProperty('inference_geo')
  expect(purse.calls).toMatchObject([{ usage: 'reported' }])
  expect(purse.spentMicroUsd).toBe(provider.chargedMicroUsd())
  expect(purse.calls[0]?.reservedMicroUsd).toBeGreaterThanOrEqual(provider.chargedMicroUsd())
})

it('learns nothing of a request that it sent without the thinking that was asked for', async () => {
  const thought = 9_000
  const outputs = [thought, 10, thought]
  const script = ({ body, number }: ProviderRequest): ProviderReply => {
    const isRead = JSON.stringify(body.thinking).includes('enabled') && number > 0
    const inputTokens = 5_000 + (isRead ? thought : 0)
    const usage = { inputTokens, cachedTokens: 0, outputTokens: outputs[number] ?? 0, reasoningTokens: 0 }
    return { text: 'x', ...(number === 0 && { seal: 'c2VhbGVk' }), usage }
  }
  const { ask, purse, provider } = await stage('anthropic', script, { capMicroUsd: 200_000n })
  const asked = { role: 'user', content: 'x'.repeat(20_000) }
  const answered = { role: 'assistant', content: [{ type: 'thinking', thinking: '', signature: 'c2VhbGVk' }] }
  const thinking = { type: 'enabled', budget_tokens: 8_000 }
  const more = (...said: string[]) => ({
    model: 'm',
    max_tokens: thought,
    thinking,
    messages: [asked, answered, ...said.map((content) => ({ role: 'user', content }))],
    stream: true,
  })
  await ask({ model: 'm', max_tokens: thought, thinking, messages: [asked], stream: true })
  await ask({ ...more('Go on'), max_tokens: 900 })
  await ask(more('Go on', 'And on'))
  expect(provider.requests().map(({ body }) => body.thinking)).toEqual([thinking, { type: 'disabled' }, thinking])
  expect(purse.calls.map(({ usage }) => usage)).toEqual(['reported', 'reported', 'reported'])
  expect(purse.hasOverage).toBe(false)
})
