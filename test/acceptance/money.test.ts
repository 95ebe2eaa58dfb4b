/** Attacks on the books: runners that lie, prices that nobody allowed, providers that can't count, everybody at once. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Report, reportSchema } from '../../core/run/report.ts'
import type { Run } from '../../prisma/client/client.ts'
import { quickWorkflow } from '../action/job-world.ts'
import { sandboxed } from '../action/sandboxed.ts'
import { sharedWorld } from '../action/shared-world.ts'
import { PORTFOLIOS, type Runner, reportOf, type Stage, setStage } from '../app/stage.ts'

/** The budget of `PORTFOLIOS` with room for exactly two runs at `refactor+tests`' cap of $2.50. */
const FOR_TWO = PORTFOLIOS.replace('budget: { usd: 40, per: month }', 'budget: { usd: 5, per: month }')
const CAP_MICRO_USD = 2_500_000n

/** The books balance: nothing above the ceiling, and the entries add up to the account. */
async function expectBalanced(stage: Stage): Promise<{ spent: bigint; held: bigint; overage: bigint }> {
  const { prisma } = stage.app.database
  const [account, ...others] = await prisma.account.findMany()
  const entries = await prisma.entry.findMany()
  if (account === undefined || others.length > 0) throw new Error('one account was expected')
  const { spent, held, overage, ceiling } = account
  const sum = (amount: (entry: (typeof entries)[number]) => bigint) =>
    entries.reduce((total, entry) => total + amount(entry), 0n)
  expect(spent >= 0n && held >= 0n && overage >= 0n).toBe(true)
  expect(spent + held <= (ceiling ?? -1n)).toBe(true)
  expect({ spent, held, overage }).toEqual({
    spent: sum((entry) => entry.spentChange),
    held: sum((entry) => entry.heldChange),
    overage: sum((entry) => entry.overageChange),
  })
  return { spent, held, overage }
}

const call = (spentMicroUsd: bigint, id = 0): Report['calls'][number] => ({
  id,
  step: 'refactor',
  model: 'gpt-5-mini',
  reservedMicroUsd: 1_000_000n,
  spentMicroUsd,
  inputTokens: 1000,
  cachedTokens: 0,
  outputTokens: 100,
  reasoningTokens: 0,
  usage: 'reported',
})

describe('a runner that lies', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage()
  })
  afterAll(() => stage.close())

  async function started(): Promise<{ run: Run; runner: Runner }> {
    const { number } = await stage.openPull()
    await stage.say('dev', number, '/agent refactor+tests')
    const run = await stage.runOn(number)
    return { run, runner: await stage.runnerOf(run) }
  }

  const spentOf = async ({ id }: Run) =>
    (await stage.app.database.prisma.run.findUniqueOrThrow({ where: { id } })).spentMicroUsd

  test.each<[string, Partial<Report>, bigint]>([
    ['less than its calls', { spentMicroUsd: 0n, calls: [call(300_000n), call(400_000n, 1)] }, 700_000n],
    ['more than its calls', { spentMicroUsd: 900_000n, calls: [call(300_000n)] }, 900_000n],
    ['more than was drawn', { spentMicroUsd: 2_400_000n }, 2_400_000n],
  ])('about its spend, naming %s, is billed at what is more', async (_, report, billed) => {
    const { run, runner } = await started()
    expect((await runner.finish(report)).status).toBe(200)
    expect(await spentOf(run)).toBe(billed)
    await expectBalanced(stage)
  })

  test('in figures that are none is not understood, and its run goes on', async () => {
    const { run, runner } = await started()
    const honest = z.encode(reportSchema, reportOf({}))
    for (const spentMicroUsd of ['-1', '0.5', '1e3', '9'.repeat(14), 100_000, null]) {
      const answer = await stage.post(`/${run.id}/finish`, runner.claim.token, { ...honest, spentMicroUsd })
      expect(answer).toMatchObject({ status: 400, json: { reason: 'bad-request' } })
    }
    const asks = { sequence: 1, spentMicroUsd: '0', wantMicroUsd: '9'.repeat(18) }
    expect((await runner.events(asks)).json).toMatchObject({ drawnMicroUsd: String(CAP_MICRO_USD) })
    await runner.finish({})
    await expectBalanced(stage)
  })

  test('a second time changes nothing', async () => {
    const { run, runner } = await started()
    await runner.finish({ spentMicroUsd: 500_000n })
    for (const spentMicroUsd of [0n, 499_999n, 2_000_000n]) {
      expect(await runner.finish({ spentMicroUsd })).toMatchObject({ status: 409, json: { reason: 'run-over' } })
    }
    expect(await spentOf(run)).toBe(500_000n)
    await expectBalanced(stage)
  })

  test('about which run it is, or which claim, opens nothing', async () => {
    const { number } = await stage.openPull()
    await stage.say('dev', number, '/agent refactor+tests')
    const run = await stage.runOn(number)
    const job = { run_id: String(run.actionsRunId), check_run_id: '11' }
    const step = randomUUID()
    const claim = async (more = {}) => stage.post(`/${run.id}/claim`, await stage.token({ ...job, ...more }), { step })
    const report = z.encode(reportSchema, reportOf({ spentMicroUsd: 0n }))
    const finish = (id: string, token: unknown) => stage.post(`/${id}/finish`, String(token), report)

    const first = await claim()
    expect(await claim({ check_run_id: '12' })).toMatchObject({ status: 409, json: { reason: 'already-claimed' } })
    const second = await claim()
    expect(second.status).toBe(200)
    const other = await started()
    expect(await finish(other.run.id, second.json.token)).toMatchObject({
      status: 404,
      json: { reason: 'run-unknown' },
    })
    expect(await finish(run.id, first.json.token)).toMatchObject({ status: 404, json: { reason: 'run-unknown' } })
    expect(await finish(run.id, second.json.token)).toMatchObject({ status: 200 })
    await other.runner.finish({})
    await expectBalanced(stage)
  })

  test('after it was given up gets back no more than was drawn, once', async () => {
    const { run, runner } = await started()
    const before = await expectBalanced(stage)
    const { prisma } = stage.app.database
    await prisma.run.update({ where: { id: run.id }, data: { leaseUntil: new Date(0) } })
    await stage.app.sweep()
    const posted = await expectBalanced(stage)
    const { drawnMicroUsd } = runner.claim
    expect(posted).toMatchObject({ held: before.held - CAP_MICRO_USD, spent: before.spent + drawnMicroUsd })
    await runner.finish({ spentMicroUsd: 0n, calls: [call(200_000n)] })
    expect(await expectBalanced(stage)).toMatchObject({ spent: before.spent + 200_000n })
    expect(await runner.finish({ spentMicroUsd: 0n })).toMatchObject({ status: 409 })
    expect(await expectBalanced(stage)).toMatchObject({ spent: before.spent + 200_000n })
  })

  test('of more than its hold freezes the account and is charged no more than the hold', async () => {
    const { run, runner } = await started()
    const before = await expectBalanced(stage)
    await runner.finish({ spentMicroUsd: 10n ** 12n })
    expect(await expectBalanced(stage)).toMatchObject({
      spent: before.spent + CAP_MICRO_USD,
      overage: 10n ** 12n - CAP_MICRO_USD,
    })
    expect(await spentOf(run)).toBe(10n ** 12n)
    const { number } = await stage.openPull()
    await stage.say('dev', number, '/agent refactor+tests')
    expect((await stage.replies(number))[0]).toContain('`account-frozen`')
  })
})

describe('an override that nobody allowed', () => {
  let stage: Stage
  let pull: { number: number }
  beforeAll(async () => {
    stage = await setStage()
    pull = await stage.openPull()
  })
  afterAll(() => stage.close())

  const caps = [
    '999999x',
    '2.001x',
    '0',
    '0x',
    '0.00',
    '-1',
    '-2x',
    '1e9',
    '0.0000001',
    '5.000001',
    'NaN',
    '"2 x"',
    '٢x',
  ]
  test.each([...caps.map((cap) => `cap=${cap}`), 'model=gpt-5', 'model=""', 'effort=ultra', 'effort=""'])(
    '%s',
    async (override) => {
      const earlier = await stage.replies(pull.number)
      await stage.say('dev', pull.number, `/agent refactor+tests ${override}`)
      const replies = (await stage.replies(pull.number)).slice(earlier.length)
      expect(replies).toHaveLength(1)
      expect(replies[0]).toContain('`override-out-of-bounds`')
      expect(await stage.app.database.prisma.run.count()).toBe(0)
      expect(await stage.app.database.prisma.entry.count()).toBe(0)
    },
  )
})

describe('a provider that can’t count', () => {
  const honest = { prompt_tokens: 2_000, completion_tokens: 20 }

  /** Answers the first requests by a tool call with these usages, one after the other, and every later one in a word with the last. */
  async function jobWith(...usages: unknown[]) {
    let requests = 0
    const answer = () => {
      const at = requests
      requests += 1
      const arguments_ = JSON.stringify({ path: 'sum.js', from: 1, lines: at + 1 })
      const look = { id: `look-${at}`, type: 'function', function: { name: 'read', arguments: arguments_ } }
      const isLast = at >= usages.length - 1
      const message = { role: 'assistant', content: 'Done', ...(!isLast && { tool_calls: [look] }) }
      const choice = { index: 0, finish_reason: isLast ? 'stop' : 'tool_calls', message }
      return {
        id: 'a',
        object: 'chat.completion',
        created: 1,
        model: 'test-model',
        choices: [choice],
        usage: usages[Math.min(at, usages.length - 1)],
      }
    }
    const server = createServer((request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer()))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const world = sharedWorld({ workflow: quickWorkflow.replace('turns: 8', 'turns: 20') })
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const where = { 'api-key': 'sk-of-the-tests', 'base-url': `http://127.0.0.1:${port}/v1` }
    const { report } = await world.run({ workflow: 'mend', 'cap-usd': '2.00', ...where }, sandboxed)
    server.close()
    if (report === undefined) throw new Error('the job wrote no report')
    return report
  }

  test('and says what can’t be is billed at what was reserved', async () => {
    const wrong = {
      'is negative': { ...honest, prompt_tokens: -2_000 },
      'is negative in what was cached': { ...honest, prompt_tokens_details: { cached_tokens: -1_000_000 } },
      'is more than any context': { ...honest, completion_tokens: 1e12 },
      'is nothing': { prompt_tokens: 0, completion_tokens: 0 },
      'is a fraction': { ...honest, completion_tokens: 0.5 },
      'is text': { prompt_tokens: '2000', completion_tokens: '20' },
      'has more in its cache than was read': { ...honest, prompt_tokens_details: { cached_tokens: 1_000_000 } },
      'is missing': undefined,
    }
    const { calls, spentMicroUsd } = await jobWith(...Object.values(wrong))
    const said = Object.keys(wrong)
    expect(calls.length).toBeGreaterThanOrEqual(said.length)
    for (const [at, one] of calls.entries()) {
      expect(one, said[at]).toMatchObject({ usage: 'unknown', spentMicroUsd: one.reservedMicroUsd })
    }
    expect(BigInt(spentMicroUsd)).toBe(calls.reduce((sum, { reservedMicroUsd }) => sum + BigInt(reservedMicroUsd), 0n))
    expect(BigInt(spentMicroUsd)).toBeLessThanOrEqual(2_000_000n)
  })

  test('by a thousand is asked no more, and what it bills is told', async () => {
    const { calls } = await jobWith({ prompt_tokens: 2_000_000, completion_tokens: 20 })
    expect(calls).toHaveLength(1)
    expect(calls[0]).toMatchObject({ usage: 'reported', spentMicroUsd: '2000080' })
  })
})

describe('everybody at once', () => {
  /** More than there is room for, also of jobs that hold $0.50 each. */
  const AT_ONCE = 12
  const PULLS_TIMEOUT_MS = 180_000
  let stage: Stage
  /** A pull request each, for the comments and, by their heads, for the jobs. */
  const pulls: { number: number; head: string }[] = []
  beforeAll(async () => {
    stage = await setStage({ portfolios: FOR_TWO })
    for (let at = 0; at < AT_ONCE; at += 1) {
      const pull = { branch: `at-once-${at}`, title: `${at}`, files: { [`${at}.txt`]: '1\n' } }
      pulls.push(await stage.github.person('dev').openPull(pull))
    }
    await stage.settled()
  }, PULLS_TIMEOUT_MS)
  afterAll(() => stage.close())

  test(
    `${AT_ONCE} comments on as many pull requests, and a budget for two`,
    async () => {
      const dev = stage.github.person('dev')
      const numbers = pulls.map(({ number }) => number)
      await Promise.all(numbers.map((number) => dev.comment(number, '/agent refactor+tests')))
      await stage.settled()
      expect(await stage.app.database.prisma.run.count({ where: { state: 'dispatched' } })).toBe(2)
      expect(stage.github.actions.runs()).toHaveLength(2)
      expect(await expectBalanced(stage)).toEqual({ spent: 0n, held: 2n * CAP_MICRO_USD, overage: 0n })
      const replies = (await Promise.all(numbers.map((number) => stage.replies(number)))).map((all) => all.join())
      expect(replies.filter((reply) => reply.includes('`no-room`'))).toHaveLength(AT_ONCE - 2)
    },
    PULLS_TIMEOUT_MS,
  )

  test(`${AT_ONCE} jobs at the door, and what two runs gave back`, async () => {
    const { prisma } = stage.app.database
    for (const run of await prisma.run.findMany({ where: { state: 'dispatched' } })) {
      const runner = await stage.runnerOf(run)
      await runner.finish({ spentMicroUsd: 0n, conclusion: 'cancelled', reason: 'cancelled' })
    }
    const asks = pulls.map(async ({ head }, at) => {
      const job = { event_name: 'push', run_id: `${700 + at}`, check_run_id: `${700 + at}`, sha: head }
      return stage.post('', await stage.token(job), { workflow: 'changelog', step: randomUUID() })
    })
    const answers = await Promise.all(asks)
    expect(new Set(answers.map(({ json }) => json.reason))).toEqual(new Set([undefined, 'no-room']))
    const { spent, held } = await expectBalanced(stage)
    expect(spent + held).toBe(2n * CAP_MICRO_USD)
    const granted = await prisma.run.aggregate({ where: { state: 'claimed' }, _sum: { heldMicroUsd: true } })
    expect(granted._sum.heldMicroUsd).toBe(held)
  })
})
