/** An answer that breaks off, at every byte of it and however its end is marked. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { openModel } from '../../action/model.ts'

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
const body = JSON.stringify({
  usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
  choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: 'Mended, naïvely' } }],
})
const bytes = Buffer.byteLength(body)
const head = (more: string) => `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${more}\r\n\r\n`
const framings: [string, string][] = [
  ['by its length', `${head(`content-length: ${bytes}`)}${body}`],
  ['by chunks', `${head('transfer-encoding: chunked')}${bytes.toString(16)}\r\n${body}\r\n0\r\n\r\n`],
  ['by the connection’s end', `${head('connection: close')}${body}`],
]

describe('an answer that breaks off', () => {
  it.each(framings)('is unknown wherever it does, with its end marked %s; each was sent once', async (_, text) => {
    const whole = Buffer.from(text)
    const { url, count } = await serve((asked) => whole.subarray(0, asked))
    const model = openModel('key', url)
    for (let cut = 0; cut < whole.length; cut += 1) {
      const answer = await model.call(request)
      expect(answer, `cut after ${cut} of ${whole.length} bytes`).toMatchObject({
        kind: 'failed',
        outcome: { kind: 'unknown' },
      })
    }
    expect(count()).toBe(whole.length)
    expect(await model.call(request)).toMatchObject({ kind: 'answer', outcome: { kind: 'reported' } })
  })

  it('is unknown where it never begins and where it never ends, and asked for once', async () => {
    const { url, count } = await serve((asked) => (asked === 0 ? undefined : Buffer.from(head('content-length: 99'))))
    const model = openModel('key', url, 100)
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
