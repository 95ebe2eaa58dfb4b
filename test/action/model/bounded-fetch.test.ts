/** Against a server that is silent for longer than whoever sends for everybody has patience. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { boundedFetch } from '../../../action/model/bounded-fetch.ts'

const SENDER = Symbol.for('undici.globalDispatcher.1')
/** Undici looks at its time-outs once a second. */
const SILENCE_MS = 2_500

async function silentServer(): Promise<string> {
  const server = createServer(async (_, response) => {
    await wait(SILENCE_MS)
    response.write('first ')
    await wait(SILENCE_MS)
    response.end('last')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.closeAllConnections())
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

test('a model may think for longer than fetch waits by itself', async () => {
  const url = await silentServer()
  const shared = globalThis as unknown as Record<symbol, object | undefined>
  const real = shared[SENDER]
  if (real === undefined) throw new Error('undici has nothing that sends for everybody')
  onTestFinished(() => void Object.assign(shared, { [SENDER]: real }))
  class Impatient extends (real.constructor as SenderClass) {
    constructor(options: object) {
      super({ headersTimeout: 500, bodyTimeout: 500, ...options })
    }
  }
  Object.assign(shared, { [SENDER]: new Impatient({}) })
  const [byItself, ours] = await Promise.allSettled([fetch(url), boundedFetch(url).then((answer) => answer.text())])
  expect(byItself).toMatchObject({ status: 'rejected', reason: { cause: { code: 'UND_ERR_HEADERS_TIMEOUT' } } })
  expect(ours).toEqual({ status: 'fulfilled', value: 'first last' })
})

type SenderClass = new (options: object) => object
