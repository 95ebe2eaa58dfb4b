/** An answer that breaks off, at every byte of it and however its end is marked. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type ModelAnswer, openModel } from '../../../action/model/model.ts'
import { completion, completionChunks } from '../../world/model-reply.ts'
import { asChat, response, responseEvents } from '../../world/model-responses.ts'

const closing: (() => unknown)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** Answers the `count`th request, from 0, with `answer` and hangs up; with `undefined` it keeps silent. */
async function serve(answer: (count: number) => Buffer | undefined) {
  let count = 0
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    let asked = ''
    let answered = false
    socket.on('error', () => {})
    socket.on('data', (data) => {
      asked += data.toString('latin1')
      const [head = '', body] = asked.split('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1])
      if (answered || body === undefined || body.length < length) return
      answered = true
      const bytes = answer(count)
      count += 1
      if (bytes !== undefined) socket.write(bytes, () => socket.destroySoon())
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/v1`,
    count: () => count,
  }
}

const request = {
  agent: { name: 'fixer', tools: [], model: 'm', systemText: 'You mend.' },
  messages: [{ role: 'user' as const, content: 'Mend it' }],
  tools: [],
  outputTokensMax: 500,
  answerOnly: false,
  signal: new AbortController().signal,
}
const asked = { model: 'm', messages: [{ role: 'user', content: 'Mend it' }], stream_options: { include_usage: true } }
const reply = {
  text: 'Mended, naïvely',
  toolCalls: [{ name: 'list', arguments: { path: '.' } }],
  usage: { input: 10, output: 2 },
}
const responsesAsked = { model: 'm', input: [{ role: 'user', content: 'Mend it' }] }
/** Between two cuts of a connection. */
const STEP_BYTES = 31
const inJson = 'application/json'
const inEvents = 'text/event-stream'
const answers = {
  'chat-completions': [
    ['whole', inJson, JSON.stringify(completion(asked, reply))],
    ['streamed', inEvents, completionChunks(asked, reply)],
  ],
  responses: [
    ['whole', inJson, JSON.stringify(response(responsesAsked, asChat(responsesAsked), reply))],
    ['streamed', inEvents, responseEvents(responsesAsked, asChat(responsesAsked), reply)],
  ],
} as const

const head = (type: string, more: string) => `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\n${more}\r\n\r\n`
const framings: [string, (type: string, body: string) => string][] = [
  ['by its length', (type, body) => `${head(type, `content-length: ${Buffer.byteLength(body)}`)}${body}`],
  [
    'by chunks',
    (type, body) =>
      `${head(type, 'transfer-encoding: chunked')}${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  ],
  // The blank line behind the last event says nothing that its text has not said.
  ['by the connection’s end', (type, body) => `${head(type, 'connection: close')}${body.trimEnd()}`],
]

/** Behind the mark of its end, or its last event, an answer is whole, however the connection ends. */
function endOf(whole: Buffer): number {
  const ends = ['data: [DONE]', '}\n\n'].map((end) => [whole.lastIndexOf(end), end.length] as const)
  const [at, length] = ends.find(([at]) => at >= 0) ?? [whole.length, 0]
  return at + length
}

/** An event that says how it ended may have come; then it is an answer, and still nobody knows what it used. */
function expectUnknown(answer: ModelAnswer, cut: string) {
  expect(answer.outcome, cut).toEqual({ kind: 'unknown' })
  if (answer.kind === 'answer') expect(answer.toolCalls, cut).toMatchObject([{ argumentsJson: '{"path":"."}' }])
}

/** A body that ends after its first bytes, or breaks there. */
function cutBody(bytes: Buffer, cut: number, how: 'ends' | 'breaks'): ReadableStream {
  return new ReadableStream(
    {
      start(controller) {
        controller.enqueue(bytes.subarray(0, cut))
        if (how === 'ends') controller.close()
      },
      pull: (controller) => controller.error(new TypeError('terminated')),
    },
    { highWaterMark: 2 },
  )
}

describe.each(['chat-completions', 'responses'] as const)('an answer of %s that breaks off', (api) => {
  describe.each(answers[api])('%s', (_, type, body) => {
    it.each([
      ['ends', 1],
      ['breaks', 7],
    ] as const)('is unknown where its body %s, at every byte or %i', async (how, step) => {
      const whole = Buffer.from(body.trimEnd())
      const real = globalThis.fetch
      let cut = 0
      globalThis.fetch = async () => new Response(cutBody(whole, cut, how), { headers: { 'content-type': type } })
      try {
        const model = openModel('key', 'https://models.example.org/v1', { api })
        for (; cut < endOf(whole); cut += step)
          expectUnknown(await model.call(request), `${cut} of ${whole.length} bytes`)
        cut = whole.length
        if (how === 'ends') expect(await model.call(request)).toMatchObject({ outcome: { kind: 'reported' } })
      } finally {
        globalThis.fetch = real
      }
    })

    it.each(framings)(
      'is unknown at many bytes of a connection, with its end marked %s; each was sent once',
      async (_, framed) => {
        const whole = Buffer.from(framed(type, body))
        const end = endOf(whole)
        const cuts = Array.from({ length: end }, (_, at) => at).filter(
          (at) => at % STEP_BYTES === 0 || at > end - STEP_BYTES,
        )
        const { url, count } = await serve((asked) => whole.subarray(0, cuts[asked]))
        const model = openModel('key', url, { api })
        for (const cut of cuts) expectUnknown(await model.call(request), `cut after ${cut} of ${whole.length} bytes`)
        expect(count()).toBe(cuts.length)
        const answer = await model.call(request)
        expect(answer).toMatchObject({ kind: 'answer', text: reply.text, outcome: { kind: 'reported' } })
      },
    )
  })
})

describe('an answer', () => {
  it('is unknown where it never begins and where it never ends, and asked for once', async () => {
    const { url, count } = await serve((asked) =>
      asked === 0 ? undefined : Buffer.from(head(inJson, 'content-length: 99')),
    )
    const model = openModel('key', url, {}, 100)
    for (let asked = 0; asked < 2; asked += 1) {
      expect(await model.call(request)).toMatchObject({ kind: 'failed', outcome: { kind: 'unknown' } })
    }
    expect(count()).toBe(2)
  })

  it('is unknown where the run was stopped in its midst', async () => {
    const { url } = await serve(() => undefined)
    const run = new AbortController()
    const answer = openModel('key', url).call({ ...request, signal: run.signal })
    setTimeout(() => run.abort(), 50)
    expect(await answer).toMatchObject({ kind: 'stopped', outcome: { kind: 'unknown' } })
  })

  it('was never sent where nobody listens, and costs nothing', async () => {
    const { url } = await serve(() => undefined)
    for (const close of closing.splice(0)) close()
    const model = openModel('key', url)
    expect(await model.call(request)).toMatchObject({ kind: 'failed', outcome: { kind: 'unbilled' } })
  })
})
