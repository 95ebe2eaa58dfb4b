/** The runner's side of the door, one request at a time: what the App may answer, and what the runner makes of it. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import nock from 'nock'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { startAppRun } from '../../../action/app-run.ts'
import { openDoor } from '../../../action/door/door.ts'
import { readInputs } from '../../../action/job/io.ts'
import type { Job } from '../../../action/job/job.ts'
import { refuse } from '../../../core/reason.ts'
import { claimAnswerSchema } from '../../../core/run/protocol.ts'
import type { Report } from '../../../core/run/report.ts'

const APP = 'https://app.example'
const STEP = '3b241101-e2bb-4255-8caf-4136c566a962'
const HASTY = { timeoutMs: 1_000, triesMax: 3, firstPauseMs: 1 }
const door = openDoor(APP, HASTY)
const goOn = new AbortController().signal

const closing: (() => unknown)[] = []
beforeAll(() => {
  if (!nock.isActive()) nock.activate()
})
afterAll(() => nock.restore())
beforeEach(() => {
  nock.disableNetConnect()
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  expect(nock.pendingMocks()).toEqual([])
  nock.cleanAll()
  nock.enableNetConnect()
  vi.unstubAllEnvs()
})

const claim = z.encode(claimAnswerSchema, {
  runId: 'r1',
  sessionId: 's1',
  token: 'token-of-this-run',
  plan: {
    version: 1,
    workflow: 'mend',
    portfolio: 'upkeep',
    subject: { kind: 'push', repository: 'acme/sum', headSha: 'a'.repeat(40) },
    inputs: {},
    steps: [],
    agents: {},
    guards: {},
    deliver: 'none',
    prices: {},
    capMicroUsd: 500_000n,
    timeoutMinutes: 5,
  },
  drawnMicroUsd: 100_000n,
  remainingMicroUsd: 9_000_000n,
})

const report: Report = {
  version: 1,
  conclusion: 'completed',
  message: 'Done.',
  spentMicroUsd: 1_234n,
  inputTokens: 10,
  cachedTokens: 0,
  outputTokens: 5,
  steps: [],
  calls: [],
}
const finished = { spentMicroUsd: '1234', remainingMicroUsd: '8', delivery: 'commit abc', conclusion: 'completed' }
const heartbeat = { sequence: 1, spentMicroUsd: 5n, wantMicroUsd: 200_000n }
const drawn = { continue: true, drawnMicroUsd: '200000' }

const ask = () => door.ask('identity', { workflow: 'mend', step: STEP })
const events = (signal = goOn) => door.events('token', 'r1', heartbeat, signal)

/** A real server, since nock answers everything it takes. */
async function startMute(): Promise<{ url: string; connections(): number }> {
  nock.enableNetConnect('127.0.0.1')
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return { url: `http://127.0.0.1:${address.port}`, connections: () => sockets.length }
}

/** Each door: how it is knocked at, where that arrives, by whose word, and a good answer. */
const doors = [
  ['ask', ask, '/api/v1/runs', 'identity', claim],
  ['claim', () => door.claim('identity', 'r1', STEP), '/api/v1/runs/r1/claim', 'identity', claim],
  ['events', () => events(), '/api/v1/runs/r1/events', 'token', drawn],
  ['finish', () => door.finish('token', 'r1', report), '/api/v1/runs/r1/finish', 'token', finished],
] as const

describe.each(doors)('%s', (_, knock, path, bearer, answer) => {
  const at = () => nock(APP, { reqheaders: { authorization: `Bearer ${bearer}` } }).post(path)

  it('reads what the App grants', async () => {
    at().reply(200, answer)
    expect(await knock()).not.toHaveProperty('silent')
  })

  it.each([
    [401, 'identity-invalid'],
    [403, 'not-default-branch'],
    [404, 'run-unknown'],
    [409, 'already-claimed'],
    [410, 'run-over'],
    [422, 'no-room'],
    [429, 'daily-brake'],
  ] as const)('passes a refusal on at once: %i %s', async (status, reason) => {
    at().reply(status, refuse(reason, 'why', 'what to do'))
    expect(await knock()).toEqual({ refused: true, reason, message: 'why', todo: 'what to do' })
  })

  it('asks again while the ledger can’t be reached', async () => {
    at().times(2).reply(503, refuse('ledger-unreachable'))
    at().reply(200, answer)
    expect(await knock()).not.toHaveProperty('refused')
  })

  it('passes on that the ledger can’t be reached when it stays so', async () => {
    at().times(HASTY.triesMax).reply(503, refuse('ledger-unreachable'))
    expect(await knock()).toMatchObject({ refused: true, reason: 'ledger-unreachable' })
  })

  it.each([
    ['nobody listens', 'ECONNREFUSED'],
    ['the name is unknown', 'ENOTFOUND'],
    ['the connection breaks', 'ECONNRESET'],
  ])('is silence after as many tries when %s', async (__, code) => {
    at()
      .times(HASTY.triesMax)
      .replyWithError(Object.assign(new Error(`connect ${code}`), { code }))
    expect(await knock()).toMatchObject({ silent: true, message: expect.stringContaining(code) })
  })

  it.each([
    ['no JSON', 'welcome to the captive portal'],
    ['JSON of another shape', '{"hello":"world"}'],
    ['nothing', ''],
  ])('is silence when 200 comes with %s', async (__, body) => {
    at().reply(200, body)
    expect(await knock()).toEqual({
      silent: true,
      message: 'answered 200 in a form that this version does not know',
    })
  })

  it('is silence when an error page comes that is no refusal', async () => {
    at().reply(404, '<h1>Not found</h1>')
    expect(await knock()).toEqual({ silent: true, message: 'answered 404' })
  })

  it('follows no redirect, which would show the token to another host', async () => {
    at().times(HASTY.triesMax).reply(307, '', { location: 'https://elsewhere.example/' })
    expect(await knock()).toHaveProperty('silent', true)
  })
})

describe('an answer', () => {
  it('has a bound', async () => {
    nock(APP).post('/api/v1/runs').times(HASTY.triesMax).reply(200, 'x'.repeat(8_000_001))
    expect(await ask()).toEqual({ silent: true, message: 'answered more than 8000000 bytes' })
  })
})

describe('an App that takes the request and says nothing', () => {
  it('is waited for as long as is said, as often as is said', async () => {
    const { url, connections } = await startMute()
    const impatient = openDoor(url, { ...HASTY, timeoutMs: 50 })
    const reply = await impatient.claim('identity', 'r1', STEP)
    expect(reply).toMatchObject({ silent: true, message: expect.stringMatching(/timeout/) })
    expect(connections()).toBe(HASTY.triesMax)
  })

  it('is no longer waited for when the run ends', async () => {
    const { url, connections } = await startMute()
    const ending = new AbortController()
    const reply = openDoor(url, HASTY).events('token', 'r1', heartbeat, ending.signal)
    await expect.poll(connections).toBe(1)
    ending.abort()
    expect(await reply).toHaveProperty('silent', true)
    expect(connections()).toBe(1)
  })
})

describe('amounts', () => {
  it('travel as decimal texts in both directions', async () => {
    const sent = { sequence: 1, spentMicroUsd: '5', wantMicroUsd: '200000' }
    nock(APP).post('/api/v1/runs/r1/events', sent).reply(200, drawn)
    expect(await events()).toEqual({ continue: true, drawnMicroUsd: 200_000n })
  })
})

describe('a job that asks its App for a run', () => {
  const job: Job = { repository: 'acme/sum', sha: 'a'.repeat(40), ref: 'refs/heads/main', event: {}, serverUrl: '' }
  const start = async () => {
    const inputs = readInputs({})
    if ('problem' in inputs) throw new Error(inputs.problem)
    return startAppRun(inputs, APP, job)
  }
  const identityDoor = () => nock('https://identity.example').get('/').query({ v: '1', audience: 'purser' })

  beforeEach(() => {
    vi.stubEnv('INPUT_RUN', 'r1')
    vi.stubEnv('ACTIONS_ID_TOKEN_REQUEST_URL', 'https://identity.example/?v=1')
    vi.stubEnv('ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'request-token')
  })

  it('is refused where nobody answers at `app-url`', async () => {
    identityDoor().reply(200, { value: 'identity' })
    nock(APP)
      .post('/api/v1/runs/r1/claim')
      .times(4)
      .replyWithError(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
    const refusal = await start()
    expect(refusal).toMatchObject({ reason: 'app-unreachable', message: expect.stringContaining('ECONNREFUSED') })
  }, 20_000)

  it('is refused where GitHub gives no identity', async () => {
    identityDoor().reply(403, {})
    expect(await start()).toMatchObject({ reason: 'identity-invalid' })
  })
})
