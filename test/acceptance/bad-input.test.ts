/** What is wrong is said once, in clear words, with its registered reason; and nothing is changed by it. */
import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { reasonCodes } from '../../core/reason.ts'
import { sandboxed } from '../action/sandboxed.ts'
import { sharedWorld } from '../action/shared-world.ts'
import { OWNER, PORTFOLIOS, REPO, type Stage, setStage, WEBHOOK_SECRET } from '../app/stage.ts'
import { startModel } from '../world/model.ts'
import type { Model } from '../world/model-contract.ts'

const CONFIGURATION = '.github/purser/portfolios.yml'

/** A billion laughs: nine levels of ten aliases each. */
const EXPLODING = `version: 1
a0: &a0 [lol]
${Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${Array(10).fill(`*a${at}`).join(', ')}]`).join('\n')}
`

let stage: Stage
let pull: { number: number }

beforeAll(async () => {
  stage = await setStage()
  pull = await stage.openPull()
})
afterAll(() => stage.close())

/** All that a command could change, besides the answer to it. */
async function standing() {
  const { prisma } = stage.app.database
  const { data: branches } = await stage.octokit.repos.listBranches({ owner: OWNER, repo: REPO, per_page: 100 })
  return {
    runs: await prisma.run.count(),
    entries: await prisma.entry.count(),
    held: (await prisma.account.findMany()).reduce((sum, account) => sum + account.held + account.spent, 0n),
    jobs: stage.github.actions.runs().length,
    heads: branches.map(({ name, commit }) => `${name} ${commit.sha}`).sort(),
  }
}

/** Gives a command and answers what the one reply says. */
async function answerTo(command: string): Promise<string> {
  const before = await standing()
  const earlier = await stage.replies(pull.number)
  await stage.say('dev', pull.number, command)
  const replies = (await stage.replies(pull.number)).slice(earlier.length)
  expect(replies).toHaveLength(1)
  expect(await standing()).toEqual(before)
  return replies[0] ?? ''
}

describe('a command', () => {
  test.each([
    ['an unknown workflow', '/agent refctor+tests', 'unknown-workflow', 'refactor+tests'],
    ['a variant that does not exist', '/agent refactor+tests/one-go', 'unknown-variant', 'one-pass'],
    ['a model that nobody allowed', '/agent refactor+tests model=gpt-99', 'override-out-of-bounds', 'gpt-99'],
    ['an input with odd Unicode', '/agent refactor+tests goal="a\u202Eb"', 'invalid-command', 'U+202E'],
  ])('%s', async (_, command, reason, says) => {
    const reply = await answerTo(command)
    expect(reply).toContain(`\`${reason}\``)
    expect(reply).toContain(says)
  })
})

describe('a repository', () => {
  const declare = async (text: string | null) => {
    await stage.github.person('mira').push({ branch: 'main', files: { [CONFIGURATION]: text } })
    await stage.settled()
  }
  afterAll(() => declare(PORTFOLIOS))

  test.each([
    ['without configuration', null, 'no-configuration', 'purser init'],
    ['with malformed YAML', 'version: 1\nportfolios: [\n', 'configuration-invalid', 'portfolios.yml:'],
    ['with aliases that explode', EXPLODING, 'configuration-invalid', 'alias'],
    ['with a wrong type', PORTFOLIOS.replace('usd: 40', 'usd: forty'), 'configuration-invalid', 'portfolios.yml:11:'],
    ['with an unknown key', PORTFOLIOS.replace('purpose:', 'porpoise:'), 'configuration-invalid', 'purpose'],
    ['with a huge file', `${PORTFOLIOS}#${'x'.repeat(2_000_000)}\n`, 'configuration-invalid', 'bytes'],
    [
      'with a model without a price',
      PORTFOLIOS.replace('default: gpt-5-mini', 'default: gpt-5-mimi'),
      /`(model-without-price|configuration-invalid)`/,
      'gpt-5-mini',
    ],
  ])('%s', async (_, text, reason, says) => {
    await declare(text)
    const reply = await answerTo('/agent refactor+tests')
    expect(reply).toMatch(reason)
    expect(reply).toContain(says)
  })
})

describe('a dispatch', () => {
  test('that never starts gives its hold back and says so', async () => {
    const { number } = await stage.openPull()
    await stage.say('dev', number, '/agent refactor+tests')
    expect(await stage.runOn(number)).toMatchObject({ state: 'dispatched', heldMicroUsd: 2_500_000n })
    await stage.age(await stage.runOn(number), 25)
    await stage.app.sweep()
    await stage.settled()
    expect(await stage.runOn(number)).toMatchObject({ state: 'ended', conclusion: 'refused', reason: 'never-started' })
    const accounts = await stage.app.database.prisma.account.findMany()
    expect(accounts.map(({ held, spent }) => [held, spent])).toEqual([[0n, 0n]])
    const replies = await stage.replies(number)
    expect(replies[0]).toContain('`never-started`')
    expect(replies[0]).toContain('It cost nothing.')
  })

  test('that GitHub refuses gives its hold back and says so', async () => {
    const { number } = await stage.openPull()
    stage.github.fail({ path: /\/dispatches$/, status: 403 })
    await stage.say('dev', number, '/agent refactor+tests')
    expect(await stage.runOn(number)).toMatchObject({ state: 'ended', reason: 'dispatch-failed', spentMicroUsd: 0n })
    expect((await stage.replies(number))[0]).toContain('`dispatch-failed`')
  })
})

describe('a webhook', () => {
  const send = async (body: string | ReadableStream, headers: Record<string, string>) => {
    const before = await stage.app.database.prisma.webhook.count()
    const response = await fetch(`${stage.app.url}/api/github/webhooks`, {
      method: 'POST',
      headers,
      body,
      ...(typeof body === 'string' ? {} : { duplex: 'half' as const }),
    })
    expect(await stage.app.database.prisma.webhook.count()).toBe(before)
    return { status: response.status, says: await response.text() }
  }
  const signed = (body: string, event = 'issue_comment', secret = WEBHOOK_SECRET) => ({
    'x-github-event': event,
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  })

  test.each([
    ['with a bad signature', '{}', signed('{}', 'push', 'a guess'), 401, 'signature'],
    ['whose body was changed on its way', '{"a":1}', signed('{"a":2}'), 401, 'signature'],
    ['without headers', '{}', {}, 400, 'signature headers'],
    ['of an unknown event', '{}', signed('{}', 'sponsorship'), 202, 'not listened to'],
    ['with malformed JSON, rightly signed', '{"action":', signed('{"action":'), 400, 'JSON'],
    ['with JSON that is no object', '[1]', signed('[1]'), 400, 'JSON'],
  ])('%s', async (_, body, headers, status, says) => {
    const answer = await send(body, headers)
    expect(answer.status).toBe(status)
    expect(answer.says).toContain(says)
  })

  test('that is oversize, and says so beforehand', async () => {
    const body = 'x'.repeat(25_000_001)
    expect(await send(body, signed(body))).toMatchObject({ status: 413 })
  })

  test('that is oversize, and does not say so', async () => {
    const piece = new Uint8Array(1_000_000)
    let pieces = 0
    const body = new ReadableStream({
      pull(controller) {
        pieces += 1
        if (pieces > 30) controller.close()
        else controller.enqueue(piece)
      },
    })
    expect(await send(body, signed(''))).toMatchObject({ status: 413 })
  })

  test('with a NUL in its text is taken or refused, and is no fault of the App', async () => {
    const body = '{"action":"created","zen":"a\\u0000b"}'
    const response = await fetch(`${stage.app.url}/api/github/webhooks`, {
      method: 'POST',
      headers: signed(body, 'status'),
      body,
    })
    expect(response.status).toBeLessThan(500)
  })
})

describe('a job', () => {
  let model: Model
  const closing: (() => unknown)[] = []
  beforeAll(async () => {
    model = await startModel({ scripts: [] })
  })
  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })
  afterAll(() => model.close())

  async function refused(inputs: Record<string, string>, extra = {}, portfolios = (text: string) => text) {
    const world = sharedWorld({ portfolios })
    const given = { workflow: 'mend', 'api-key': 'sk-of-the-tests', 'base-url': model.url, ...inputs }
    const job = await world.run(given, { ...sandboxed, ...extra })
    expect(job.outputs).toMatchObject({ conclusion: 'refused', 'spend-usd': '0.00', 'held-usd': '0.00', delivery: '' })
    expect(reasonCodes).toContain(job.outputs.reason)
    expect(job.summary).toContain(job.outputs.reason)
    expect(job.exitCode).toBe(0)
    expect(model.calls()).toHaveLength(0)
    expect(world.git('status', '--porcelain')).toBe('')
    return { reason: job.outputs.reason, says: job.summary }
  }

  /** An address where every connection is treated like this. */
  async function addressThat(treats: (socket: Socket) => void): Promise<string> {
    const server = createServer((socket) => treats(socket.on('error', () => {}))).listen(0, '127.0.0.1')
    await once(server, 'listening')
    closing.push(() => new Promise((done) => server.close(done)))
    const address = server.address()
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  }

  /** A connection's own end holds its port, so that no other process listens there meanwhile. */
  async function closedPort(): Promise<string> {
    const { port } = new URL(await addressThat(() => {}))
    const held = connect(Number(port), '127.0.0.1')
    await once(held, 'connect')
    closing.unshift(() => held.destroy())
    return `http://127.0.0.1:${held.localPort}`
  }

  const answering = (status: string, body: string) => (socket: Socket) =>
    socket.once('data', () =>
      socket.end(
        `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      ),
    )

  async function withApp(appUrl: string) {
    const identity = await addressThat(answering('200 OK', '{"value":"an-identity"}'))
    return refused(
      { 'app-url': appUrl },
      { ACTIONS_ID_TOKEN_REQUEST_URL: `${identity}/?v=1`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token' },
    )
  }

  test('without a key', async () => {
    expect(await refused({ 'api-key': '' })).toMatchObject({ reason: 'no-key' })
  })

  test('whose model has no price', async () => {
    const unpriced = (text: string) => text.replace('default: test-model', 'default: test-modal')
    const { reason, says } = await refused({}, {}, unpriced)
    expect(['model-without-price', 'configuration-invalid']).toContain(reason)
    expect(says).toContain('test-modal')
  })

  test.each([
    ['at a closed port', closedPort, 'ECONNREFUSED'],
    ['that hangs up', () => addressThat((socket) => socket.destroy()), 'did not answer'],
    ['that is something else', () => addressThat(answering('200 OK', '{"hello":"world"}')), 'form that this version'],
  ])('with an App %s', async (_, address, says) => {
    const answer = await withApp(await address())
    expect(answer.reason).toBe('app-unreachable')
    expect(answer.says).toContain(says)
  })
})
