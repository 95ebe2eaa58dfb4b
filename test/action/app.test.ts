import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { spendOf } from '../../core/money/call-proof.ts'
import { claimBodySchema } from '../../core/run/protocol.ts'
import type { Script } from '../world/model-contract.ts'
import { noDraw, setUpApp, TOKEN, unreachable } from './app-world.ts'
import { readCommandFile } from './job-world.ts'

const edit = { toolCalls: [{ name: 'edit', arguments: { path: 'sum.js', old: 'a - b', new: 'a + b' } }] }
const mend: Script = (request) =>
  request.messages.some((message) => message.role === 'assistant') ? { text: 'Mended' } : edit

// Side by side, since many wait for an App that is silent: what is tried again is tried again after seconds.
describe.concurrent('a run with an App', () => {
  it('claims by its identity, asks to be drawn before it spends, and reports', async ({ onTestFinished }) => {
    const { world, app, inputs, extra } = await setUpApp(onTestFinished, [mend], {
      drawnMicroUsd: 1_000n,
      draw: (want) => want,
    })
    const job = await world.run(inputs, extra)
    expect(job.outputs).toMatchObject({
      conclusion: 'completed',
      'run-id': 'r1',
      'session-id': 's1',
      delivery: 'commit abc',
      'remaining-usd': '8.00',
    })
    expect(job.summary).toContain('$8.00 remain in the sprint of squad `payments`.')
    expect(app.seen.map(({ path, authorization }) => `${path} ${authorization}`)).toEqual([
      expect.stringMatching(/^\/identity/),
      '/api/v1/runs/r1/claim Bearer identity-token',
      // To be drawn, and with the checkpoint of the end.
      ...Array(2).fill(`/api/v1/runs/r1/events Bearer ${TOKEN}`),
      `/api/v1/runs/r1/finish Bearer ${TOKEN}`,
    ])
    expect(app.reports()[0]?.delivery?.changeset?.baseSha).toBe(world.sha)
    expect(JSON.stringify([job.log, job.summary, job.outputs])).not.toContain('bearer-canary')
  })

  it('shows the App a UUID of its step, the same in every try and another in every step', async ({
    onTestFinished,
  }) => {
    const fail = (door: string, count: number) => (door === 'claim' && count === 1 ? unreachable : undefined)
    const { world, app, inputs, extra } = await setUpApp(onTestFinished, [mend], { drawnMicroUsd: 400_000n, fail })
    const job = await world.run(inputs, extra)
    await world.run(inputs, extra)
    const [first, second, other] = app.seen
      .filter(({ path }) => path.endsWith('/claim'))
      .map(({ body }) => claimBodySchema.parse(body).step)
    expect(second).toBe(first)
    expect(other).not.toBe(first)
    expect(job.state.step).toBe(first)
  })

  it('goes on when the App restarts while it is asked to draw', async ({ onTestFinished }) => {
    const fail = (door: string, count: number) => (door === 'events' && count <= 5 ? unreachable : undefined)
    const { world, app, inputs, extra } = await setUpApp(onTestFinished, [mend], {
      drawnMicroUsd: 1_000n,
      draw: (want) => want,
      fail,
    })
    const job = await world.run(inputs, extra)
    expect(job.outputs).toMatchObject({ conclusion: 'completed', delivery: 'commit abc' })
    expect(app.seen.filter(({ path }) => path.endsWith('/events'))).toHaveLength(7)
  })

  it('stops within seconds when the job is cancelled while the App is silent', async ({ onTestFinished }) => {
    const { world, app, inputs, extra, model } = await setUpApp(onTestFinished, [mend], {
      drawnMicroUsd: 1_000n,
      fail: noDraw,
    })
    const job = world.start(inputs, extra)
    await expect.poll(() => app.seen.some(({ path }) => path.endsWith('/events')), { timeout: 20_000 }).toBe(true)
    job.kill('SIGINT')
    expect((await job.ended).outputs).toMatchObject({ conclusion: 'cancelled', 'spend-usd': '0.00' })
    expect(app.reports()).toMatchObject([{ conclusion: 'cancelled', calls: [] }])
    expect(model.calls()).toEqual([])
  })

  it('spends no more than is drawn when the App draws no more', async ({ onTestFinished }) => {
    const { world, app, inputs, extra, model } = await setUpApp(onTestFinished, [mend], { drawnMicroUsd: 1_000n })
    const job = await world.run(inputs, extra)
    expect(job.outputs).toMatchObject({ conclusion: 'capped', reason: 'cap-reached', 'spend-usd': '0.00' })
    expect(model.calls()).toHaveLength(0)
    expect(app.reports()[0]?.calls).toEqual([])
  })

  it('stops when the App says so', async ({ onTestFinished }) => {
    const { world, inputs, extra } = await setUpApp(onTestFinished, [mend], {
      drawnMicroUsd: 1_000n,
      draw: (want) => want,
      continue: false,
    })
    expect((await world.run(inputs, extra)).outputs).toMatchObject({ conclusion: 'cancelled' })
  })

  it('is settled from its journal by `post` to the call: killed as one arrives at the provider, that one counts at its reservation; and its files go', async ({
    onTestFinished,
  }) => {
    let started: { kill(signal: NodeJS.Signals): void } | undefined
    const script: Script = (request) => {
      if (!request.messages.some((message) => message.role === 'assistant')) return edit
      started?.kill('SIGKILL')
      return { silent: true }
    }
    const { world, app, inputs, extra, model } = await setUpApp(onTestFinished, [script], {
      drawnMicroUsd: 500_000n,
      tokens: 60_000,
    })
    const job = world.start(inputs, extra)
    started = job
    const { state } = await job.ended
    expect(model.calls()).toHaveLength(2)
    expect(app.reports()).toEqual([])
    expect(await world.post(job.env)).toContain('2 model calls')
    const [report] = app.reports()
    expect(report).toMatchObject({ conclusion: 'cancelled', reason: 'lost' })
    expect(existsSync(`${state.baseDir}/work`)).toBe(false)
    const [first, second] = report?.calls ?? []
    expect(first).toMatchObject({ usage: 'reported' })
    expect(second).toMatchObject({ usage: 'unknown', spentMicroUsd: second?.reservedMicroUsd })
    if (report === undefined || first === undefined || second === undefined) throw new Error('expected two calls')
    expect(second.reservedMicroUsd).toBeGreaterThan(0n)
    expect(spendOf(report, {})).toEqual({
      microUsd: first.spentMicroUsd + second.reservedMicroUsd,
      tokens: BigInt(first.inputTokens + first.outputTokens + (second.reservedTokens ?? 0)),
    })
    await world.post(job.env)
    expect(app.reports()[1]).toEqual(report)
  })

  it('stops at once, keeps its work and reports the whole, when a provider bills more tokens than the bound', async ({
    onTestFinished,
  }) => {
    const dear = { ...edit, usage: { input: 90_000, cached: 90_000, output: 2 } }
    const { world, app, inputs, extra, model } = await setUpApp(onTestFinished, [() => dear], {
      drawnMicroUsd: 500_000n,
      tokens: 60_000,
    })
    const job = await world.run(inputs, extra)
    // Where tokens pay no money is left anywhere, whatever number an App of another version sends.
    expect(job.outputs).toMatchObject({ conclusion: 'capped', reason: 'overage', 'remaining-usd': '' })
    expect(job.summary).not.toContain('remain in')
    expect(job.summary).toContain('billed more for a model call')
    expect(model.calls()).toHaveLength(1)
    const [report] = app.reports()
    if (report === undefined) throw new Error('expected a report')
    expect(report.delivery?.changeset?.files.map((file) => file.path)).toEqual(['sum.js'])
    expect(spendOf(report, {}).tokens).toBe(90_002n)
    expect(report.calls[0]?.reservedTokens).toBeLessThan(60_000)
  })

  it('gives back by `post` what it claimed when it was killed before any call, and nothing where its journal is lost: then nobody knows', async ({
    onTestFinished,
  }) => {
    const { world, app, inputs, extra, model } = await setUpApp(onTestFinished, [mend], {
      drawnMicroUsd: 1_000n,
      fail: noDraw,
    })
    const job = world.start(inputs, extra)
    await expect.poll(() => app.seen.some(({ path }) => path.endsWith('/events')), { timeout: 20_000 }).toBe(true)
    job.kill('SIGKILL')
    const { state } = await job.ended
    expect(model.calls()).toEqual([])
    const journal = `${state.baseDir}/journal.jsonl`
    const kept = readFileSync(journal)
    rmSync(journal)
    expect(await world.post(job.env)).toContain('neither a report nor its journal')
    expect(app.reports()).toEqual([])
    mkdirSync(dirname(journal), { recursive: true })
    writeFileSync(journal, kept)
    expect(await world.post(job.env)).toContain('0 model calls')
    expect(app.reports()).toMatchObject([{ conclusion: 'cancelled', spentMicroUsd: 0n, calls: [], noCallSent: true }])
  })

  it('does not end as completed when the very last answer is billed beyond its bound', async ({ onTestFinished }) => {
    const dear: Script = (request) =>
      request.messages.some((message) => message.role === 'assistant')
        ? { text: 'Done.', usage: { input: 90_000, cached: 90_000, output: 2 } }
        : edit
    const { world, app, inputs, extra, model } = await setUpApp(onTestFinished, [dear], {
      drawnMicroUsd: 500_000n,
      tokens: 60_000,
    })
    const job = await world.run(inputs, extra)
    expect(model.calls()).toHaveLength(2)
    expect(job.outputs).toMatchObject({ conclusion: 'capped', reason: 'overage' })
    expect(app.reports()[0]?.delivery?.changeset?.files.map((file) => file.path)).toEqual(['sum.js'])
  })

  it('gives back by `post` what it could not start, when the App is silent', async ({ onTestFinished }) => {
    const fail = (door: string, count: number) => (door === 'finish' && count <= 4 ? unreachable : undefined)
    const { world, app, inputs, extra } = await setUpApp(onTestFinished, [mend], { drawnMicroUsd: 1_000n, fail })
    const job = world.start({ ...inputs, 'api-key': '' }, extra)
    expect((await job.ended).outputs).toMatchObject({ conclusion: 'refused', reason: 'no-key' })
    await world.post(job.env)
    expect(app.reports()).toHaveLength(5)
    expect(app.reports().at(-1)).toMatchObject({ conclusion: 'refused', reason: 'no-key' })
  })

  it('keeps the work from the App where it is told to, also when `post` sends the report', async ({
    onTestFinished,
  }) => {
    const fail = (door: string, count: number) => (door === 'finish' && count <= 4 ? unreachable : undefined)
    const { world, app, inputs, extra } = await setUpApp(onTestFinished, [mend], { drawnMicroUsd: 400_000n, fail })
    const job = world.start({ ...inputs, deliver: 'none' }, extra)
    expect((await job.ended).report?.delivery?.changeset?.files).toHaveLength(1)
    expect(await world.post(job.env)).toContain('settled')
    expect(app.reports()).toHaveLength(5)
    expect(app.reports().every((report) => report.delivery === undefined)).toBe(true)
  })

  it('says what it spent, to the job and to the App, when something breaks in its midst', async ({
    onTestFinished,
  }) => {
    const breaking: Script = (request) => {
      const { baseDir } = readCommandFile(started.env.GITHUB_STATE ?? '')
      if (request.messages.some((message) => message.role === 'assistant'))
        rmSync(`${baseDir}/git`, { recursive: true })
      return undefined
    }
    const { world, app, inputs, extra } = await setUpApp(onTestFinished, [breaking, mend], { drawnMicroUsd: 400_000n })
    const started = world.start(inputs, extra)
    const job = await started.ended
    expect(job.outputs).toMatchObject({ conclusion: 'failed', reason: 'internal' })
    expect(job.report?.calls).toHaveLength(2)
    expect(app.reports()).toMatchObject([{ conclusion: 'failed', reason: 'internal' }])
    expect(app.reports()[0]?.spentMicroUsd).toBeGreaterThan(0n)
    expect(job.outputs['spend-usd']).not.toBe('0.00')
    expect(job.summary).not.toContain('Nothing was spent')
  })

  it('says that the App does not answer, and spends nothing', async ({ onTestFinished }) => {
    const { world, inputs, extra, model } = await setUpApp(onTestFinished, [mend], { drawnMicroUsd: 1_000n })
    const job = await world.run({ ...inputs, 'app-url': 'http://127.0.0.1:1' }, extra)
    expect(job.outputs).toMatchObject({ conclusion: 'refused', reason: 'app-unreachable' })
    expect(model.calls()).toHaveLength(0)
  })
})
