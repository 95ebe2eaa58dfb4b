/** A lease against a real server that answers as it is told, on a clock that the test moves. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { openDoor } from '../../../action/door/door.ts'
import { holdLease } from '../../../action/door/lease.ts'
import { stopped as endingOf } from '../../../action/steps/ending.ts'
import { stopReason } from '../../../action/steps/stop.ts'
import { type ReasonCode, refuse } from '../../../core/reason.ts'
import { LEASE_SECONDS } from '../../../core/run/protocol.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

interface Answer {
  readonly status: number
  readonly body: object | string
}

/** `answer` is asked for each request, counted from 1. */
async function setUp(answer: (count: number) => Answer, monotonicMs = () => 0) {
  let asked = 0
  const server = createServer((request, response) => {
    request.resume()
    asked += 1
    const { status, body } = answer(asked)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const run = new AbortController()
  const claim = { runId: 'r1', token: 'token', drawnMicroUsd: 100n }
  const lease = holdLease(openDoor(`http://127.0.0.1:${port}`), claim, run, monotonicMs)
  closing.push(
    () => lease.end(),
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return { lease, stopped: () => stopReason(run.signal), asked: () => asked }
}

const drawn = (drawnMicroUsd: string, more = {}) => ({ status: 200, body: { continue: true, drawnMicroUsd, ...more } })
const refusal = (status: number, reason: ReasonCode) => ({ status, body: refuse(reason) })

describe('asking to be drawn', () => {
  it.each([
    ['a refusal because the database hiccups', refusal(503, 'ledger-unreachable')],
    ['a proxy’s error page', { status: 502, body: '<html>' }],
    ['an answer that is too long', { status: 200, body: 'x'.repeat(8_000_001) }],
  ])('is repeated after %s', async (_, first) => {
    const { lease, stopped } = await setUp((count) => (count === 1 ? first : drawn('900')))
    expect(await lease.draw(900n, undefined)).toEqual({ drawnMicroUsd: 900n, drawnTokens: undefined })
    expect(stopped()).toBeUndefined()
  })

  it('goes on until the lease is over, and then ends the run for its own reason', async () => {
    let nowMs = 0
    const { lease, stopped, asked } = await setUp(
      (count) => {
        nowMs = count >= 4 ? LEASE_SECONDS * 1000 : 0
        return refusal(503, 'ledger-unreachable')
      },
      () => nowMs,
    )
    expect(await lease.draw(900n, undefined)).toBeUndefined()
    expect(stopped()).toBe('ledger-unreachable')
    expect(asked()).toBe(4)
    expect(endingOf('ledger-unreachable')).toMatchObject({ conclusion: 'failed', reason: 'ledger-unreachable' })
  })

  it.each(['run-over', 'already-claimed'] as const)('stops the run at once on `%s`', async (reason) => {
    const { lease, stopped, asked } = await setUp(() => refusal(409, reason))
    expect(await lease.draw(900n, undefined)).toBeUndefined()
    expect(stopped()).toBe('cancelled')
    expect(asked()).toBe(1)
  })

  it('stops the run when the App says so', async () => {
    const { lease, stopped } = await setUp(() => drawn('900', { continue: false }))
    expect(await lease.draw(900n, undefined)).toBeUndefined()
    expect(stopped()).toBe('cancelled')
  })

  it('never takes back what was drawn', async () => {
    const { lease } = await setUp((count) => drawn(count === 1 ? '900' : '200'))
    await lease.draw(900n, undefined)
    expect(await lease.draw(300n, undefined)).toMatchObject({ drawnMicroUsd: 900n })
  })
})
