/** What ends an agent's step besides its turns and the cap, and what the work's tests are held against. */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { carryOut } from '../../action/carry-out.ts'
import { startEarly } from '../../action/job/early.ts'
import { terminalLog } from '../../action/job/log.ts'
import { openModel } from '../../action/model/model.ts'
import { declaredConfiguration, readCheckout } from '../../cli/checkout.ts'
import { resolveRun } from '../../core/plan/resolve.ts'
import { isRefusal } from '../../core/reason.ts'
import { redactor } from '../../core/redact.ts'
import { startModel } from '../world/model.ts'
import type { ModelReply, Script } from '../world/model-contract.ts'
import { conversation } from '../world/model-script.ts'
import { mendWorkflow, quickWorkflow, sumProject, type WorldOptions } from './job-world.ts'
import { bubblewrap, sandboxed } from './sandboxed.ts'
import { sharedWorld } from './shared-world.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function setUp(scripts: Script[], options: WorldOptions = {}) {
  const model = await startModel({ scripts })
  const world = sharedWorld(options)
  closing.push(() => model.close())
  const inputs = { workflow: 'mend', 'api-key': 'sk-of-the-tests', 'base-url': model.url }
  return { model, world, run: () => world.run(inputs, sandboxed) }
}

const look: ModelReply = { toolCalls: [{ name: 'read', arguments: { path: 'sum.js' } }] }

describe('the same call again and again', () => {
  it('ends the step at the fourth that is answered the same', async () => {
    const { model, run } = await setUp([() => look], { workflow: quickWorkflow })
    const { outputs, report } = await run()
    expect(outputs).toMatchObject({ conclusion: 'capped', reason: 'turns-exhausted' })
    expect(report?.message).toContain('made the same call again and again')
    expect(model.calls()).toHaveLength(4)
  })

  it('is another one where the answer differs', async () => {
    const grow: ModelReply = { toolCalls: [{ name: 'run', arguments: { command: 'echo x >> x; wc -l < x' } }] }
    const { model, run } = await setUp([() => grow], { workflow: quickWorkflow })
    expect((await run()).report?.message).toContain('used all its 8 turns')
    expect(model.calls()).toHaveLength(8)
  })
})

describe('a step’s share of the cap', () => {
  it('ends that step with its last word, and leaves the rest to the next one', async () => {
    const workflow = quickWorkflow.replace(
      '  - { id: mend,',
      '  - { id: look, agent: fixer, prompt: look.md, share: 10%, turns: 100 }\n  - { id: mend,',
    )
    let count = 0
    const looking: Script = ({ messages }) => {
      const told = JSON.stringify(messages.at(-1)).includes('is used up')
      if (!JSON.stringify(messages[1]).includes('Look around')) return undefined
      count += 1
      const usage = { input: 500, output: 1_000 }
      if (told) return { text: 'I saw it', usage: { input: 500, output: 20 } }
      return { toolCalls: [{ name: 'read', arguments: { path: 'sum.js', from: count } }], usage }
    }
    const mend = conversation('Goal: Make the tests pass', [
      { toolCalls: [{ name: 'edit', arguments: { path: 'sum.js', old: 'a - b', new: 'a + b' } }] },
      { text: 'Added' },
    ])
    const files = { ...sumProject, '.github/purser/catalog/mend/look.md': 'Look around.\n' }
    const { run } = await setUp([looking, mend], { workflow, files })
    const { outputs, report, log } = await run()
    expect(outputs, log).toMatchObject({ conclusion: 'completed', reason: '' })
    const steps = JSON.parse(JSON.stringify(report?.steps))
    expect(steps).toMatchObject([
      { id: 'before' },
      { id: 'look', ok: true, summary: 'I saw it' },
      { id: 'mend', ok: true },
    ])
    // A tenth of $0.50, and as much of it as calls of this size fit into.
    expect(Number(steps[1].spentMicroUsd)).toBeLessThanOrEqual(50_000)
    expect(Number(steps[1].spentMicroUsd)).toBeGreaterThan(20_000)
  })
})

describe('a run’s time', () => {
  it('ends it for that reason while its model is silent, with what was known of it', async () => {
    const { world, model } = await setUp([() => ({ silent: true })])
    const checkout = readCheckout(world.workspace)
    const configuration = isRefusal(checkout) ? checkout : declaredConfiguration(checkout)
    if (isRefusal(checkout) || isRefusal(configuration)) throw new Error('nothing is declared')
    const subject = { kind: 'local' as const, repository: 'acme/sum', headSha: world.sha }
    const request = { workflow: 'mend', variant: undefined, inputs: {}, overrides: {} }
    const resolved = resolveRun(configuration, request, subject, checkout.keptPrices, new Date())
    if (isRefusal(resolved)) throw new Error(resolved.message)
    const early = await startEarly(process.env, {
      temporaryDir: mkdtempSync(join(world.dir, 'time-')),
      objectsDir: join(world.workspace, '.git/objects'),
      sandbox: bubblewrap ? 'bubblewrap' : 'none',
    })
    const sandbox = await early.sandbox
    if (isRefusal(sandbox)) throw new Error(sandbox.message)
    const sessionDir = join(early.baseDir, 'session')
    mkdirSync(sessionDir)
    const redact = redactor([])
    const { report } = await carryOut({
      // However far it comes in this time, no answer comes.
      plan: { ...resolved.plan, timeoutMinutes: 1 / 60 },
      app: undefined,
      checkout: early.checkout,
      source: {},
      sandbox,
      keys: {
        openai: { apiKey: 'sk-of-the-tests', baseUrl: model.url },
        anthropic: { apiKey: undefined, baseUrl: undefined },
      },
      model: openModel('sk-of-the-tests', model.url, resolved.plan.endpoint),
      journalFile: join(early.baseDir, 'journal'),
      sessionDir,
      log: terminalLog(redact, () => {}),
      redact,
      monotonicMs: () => performance.now(),
      onInterrupt: () => {},
      onTurn: () => {},
    })
    early.checkout.objects.close()
    expect(report).toMatchObject({ conclusion: 'capped', reason: 'time-exhausted' })
    expect(report.message).toContain('reached its time limit')
  })
})

describe('tests that the work loosens', () => {
  const loosen: Script = conversation('Goal: Make the tests pass', [
    { toolCalls: [{ name: 'edit', arguments: { path: 'sum.test.js', old: "test('adds'", new: "test.skip('adds'" } }] },
    { text: 'Skipped' },
  ])
  const files = {
    ...sumProject,
    'sum.test.js':
      "import assert from 'node:assert'\nimport test from 'node:test'\nimport { sum } from './sum.js'\n\ntest('adds', () => assert.equal(sum(2, 3), 5))\n",
  }
  const named = /`sum\.test\.js:5` skips a test/

  it('are named in the job’s summary', async () => {
    const { run } = await setUp([loosen], { files })
    const { outputs, summary } = await run()
    expect(outputs).toMatchObject({ conclusion: 'completed' })
    expect(summary).toMatch(/Look at the tests:/)
    expect(summary).toMatch(named)
  })

  it('are withheld where the workflow says so', async () => {
    const { run } = await setUp([loosen], {
      files,
      workflow: mendWorkflow.replace('guards:\n', 'guards:\n  tests: withhold\n'),
    })
    const { outputs, report } = await run()
    expect(outputs).toMatchObject({ conclusion: 'withheld', reason: 'guard-tests' })
    expect(report?.message).toMatch(named)
  })
})
