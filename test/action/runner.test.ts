import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { inputNames, outputNames } from '../../action/job/io.ts'
import { type OwnRun, planOwnRun } from '../../action/own-run.ts'
import { openCheckout } from '../../action/workspace/checkout.ts'
import { startModel } from '../world/model.ts'
import type { Script } from '../world/model-contract.ts'
import { JobWorld, mendWorkflow, quickWorkflow, sumProject, type WorldOptions } from './job-world.ts'
import { sandboxed } from './sandboxed.ts'
import { sharedWorld } from './shared-world.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const KEY = 'sk-canary-0123456789'
const NOT_ASKED = {
  variant: undefined,
  portfolio: undefined,
  run: undefined,
  model: undefined,
  effort: undefined,
  capUsd: undefined,
}

/** For all jobs of which it does not matter what the project's tests say. */
const QUICK: WorldOptions = { workflow: quickWorkflow }

function openWorld(options: WorldOptions): JobWorld {
  const world = new JobWorld(options)
  closing.push(() => world.close())
  return world
}

async function setUp(scripts: Script[], options?: WorldOptions) {
  const model = await startModel({ scripts })
  closing.push(() => model.close())
  const world = options === undefined ? sharedWorld(QUICK) : openWorld({ ...QUICK, ...options })
  const inputs = { workflow: 'mend', 'api-key': KEY, 'base-url': model.url }
  return {
    model,
    world,
    inputs,
    run: (more = {}, extra = {}) => world.run({ ...inputs, ...more }, { ...sandboxed, ...extra }),
  }
}

/** Answers by how many answers the conversation already has. */
function inTurn(...replies: ReturnType<Script>[]): Script {
  return (request) => replies[request.messages.filter((message) => message.role === 'assistant').length]
}

const edit = { toolCalls: [{ name: 'edit', arguments: { path: 'sum.js', old: 'a - b', new: 'a + b' } }] }
const mend = inTurn({ text: 'I look.', toolCalls: [{ name: 'read', arguments: { path: 'sum.js' } }] }, edit, {
  text: 'Add instead of subtract\n\nThe test `adds` passes. Thanks @octocat, fixes #1.',
})

describe('a run in a job without an App', () => {
  it('makes failing tests pass and reports the work, its cost and what is not kept', async () => {
    const { model, run } = await setUp([mend], { workflow: mendWorkflow })
    const job = await run()
    expect(job.outputs).toMatchObject({ conclusion: 'completed', reason: '', 'held-usd': '0.50', 'remaining-usd': '' })
    expect(job.exitCode).toBe(0)
    expect(job.report?.steps.map((step) => [step.id, step.ok])).toEqual([
      ['before', false],
      ['mend', true],
    ])
    expect(job.report?.delivery?.title).toBe('Add instead of subtract')
    expect(job.report?.delivery?.body).not.toMatch(/@octocat|#1/)
    const [file] = job.report?.delivery?.changeset?.files ?? []
    expect(Buffer.from(file?.contentBase64 ?? '', 'base64').toString()).toContain('a + b')
    expect(job.patch).toContain('+  return a + b')
    expect(job.summary).toContain('budget across runs is not')
    expect(BigInt(job.report?.spentMicroUsd ?? 0)).toBeGreaterThan(0n)
    expect(model.calls().every((call) => call.authorization === `Bearer ${KEY}`)).toBe(true)
    const everything = JSON.stringify([job.log, job.summary, job.report, job.outputs, job.state])
    expect(everything.replaceAll(`::add-mask::${KEY}`, '')).not.toContain('sk-canary')
  })

  it('shows the agent what still fails, and stops after the last attempt', async () => {
    const { model, run } = await setUp([() => ({ text: 'Nothing to do' })], { workflow: mendWorkflow })
    const job = await run()
    expect(job.outputs).toMatchObject({ conclusion: 'failed', reason: 'attempts-exhausted' })
    expect(job.exitCode).toBe(1)
    expect(model.calls()).toHaveLength(2)
    expect(JSON.stringify(model.calls()[1]?.request.messages.at(-1))).toContain('-1 == 5')
  })

  it('keeps the work of a run that reaches its cap, after one last turn that says what was done', async () => {
    const wrapUp: Script = (request) =>
      JSON.stringify(request.messages.at(-1)).includes('budget for this work is used up')
        ? { text: 'Mended the sum\n\nNothing else is left.', usage: { input: 900, output: 20 } }
        : undefined
    const dear = { ...edit, usage: { input: 1_000, output: 13_500 } }
    const endless: Script = () => ({
      toolCalls: [{ name: 'list', arguments: {} }],
      usage: { input: 1_000, output: 1_000 },
    })
    const { run } = await setUp([wrapUp, inTurn(dear), endless])
    const job = await run({ 'cap-usd': '0.07' })
    expect(job.outputs).toMatchObject({ conclusion: 'capped', reason: 'cap-reached', 'held-usd': '0.07' })
    expect(job.exitCode).toBe(0)
    expect(job.report?.delivery?.title).toBe('Mended the sum')
    expect(job.patch).toContain('a + b')
    expect(BigInt(job.report?.spentMicroUsd ?? 0)).toBeLessThanOrEqual(70_000n)
  })

  it('withholds work that a guard refuses, and shows it', async () => {
    const script = inTurn(
      edit,
      { toolCalls: [{ name: 'write', arguments: { path: '.github/workflows/ci.yml', content: 'on: push\n' } }] },
      { text: 'Done' },
    )
    const { run } = await setUp([script])
    const job = await run()
    expect(job.outputs).toMatchObject({ conclusion: 'withheld', reason: 'guard-paths' })
    expect(job.report?.message).toContain('.github/workflows/ci.yml')
    expect(job.summary).toContain('.github/workflows/ci.yml')
  })

  it('withholds a secret, a diff that is too large and too many files, and names each', async () => {
    const command = `seq 100 > numbers.txt; echo ghp_${'a'.repeat(36)} > token.txt; for f in a b c; do echo $f > $f; done`
    const { run } = await setUp([
      inTurn(edit, { toolCalls: [{ name: 'run', arguments: { command } }] }, { text: 'Done' }),
    ])
    const job = await run()
    expect(job.outputs).toMatchObject({ conclusion: 'withheld', reason: 'guard-secrets' })
    for (const named of [/token\.txt/, /6 files/, /10\d lines/]) expect(job.report?.message).toMatch(named)
  })

  it('withholds a link, a file that is too large and a path that is too long by name, and keeps the rest of the work', async () => {
    const long = 'd=$(printf "d%.0s" $(seq 240)); mkdir -p $d/$d/$d/$d/$d && echo > $d/$d/$d/$d/$d/f'
    const command = `ln -s /etc/passwd link; head -c 3000000 /dev/urandom > big.bin; ${long}`
    const { run } = await setUp([
      inTurn(edit, { toolCalls: [{ name: 'run', arguments: { command } }] }, { text: 'Done' }),
    ])
    const job = await run()
    expect(job.outputs).toMatchObject({ conclusion: 'withheld', reason: 'guard-files' })
    for (const named of ['`link` is a link', '`big.bin` has 3000000 bytes', 'is a path of 1206 characters'])
      expect(job.report?.message).toContain(named)
    expect(job.report?.delivery?.changeset?.files.map((file) => file.path)).toEqual(['sum.js'])
    expect(job.patch).toContain('+  return a + b')
  })

  it('runs setup, of which nothing is delivered, and the guards’ own commands on the finished work', async () => {
    const workflow = quickWorkflow
      .replace('steps:', 'setup: { run: "echo made > made.txt" }\nsteps:')
      .replace('guards:', 'guards:\n  run: ["! grep -q TODO sum.js"]')
    const todo = { toolCalls: [{ name: 'run', arguments: { command: 'cat made.txt; echo "// TODO" >> sum.js' } }] }
    const { run, model } = await setUp([inTurn(edit, todo, { text: 'Done' })], { workflow })
    const job = await run()
    expect(job.outputs).toMatchObject({ conclusion: 'withheld', reason: 'guard-command' })
    expect(job.report?.delivery?.changeset?.files.map((file) => file.path)).toEqual(['sum.js'])
    expect(JSON.stringify(model.calls().at(-1)?.request.messages.at(-1))).toContain('made')
  })

  it('ends as it is when nothing was changed', async () => {
    const { run } = await setUp([() => ({ text: 'All is well' })], {
      files: { ...sumProject, 'sum.js': 'export const sum = (a, b) => a + b\n' },
    })
    expect((await run()).outputs).toMatchObject({ conclusion: 'completed', reason: 'nothing-to-deliver' })
  })
})

describe('a provider that fails', () => {
  it('is asked again after 429 and 500, each try metered by itself: what was turned away at 0, what may have been worked on in full', async () => {
    let tries = 0
    const failing: Script = () => {
      tries += 1
      if (tries === 1) return { error: { status: 429, retryAfterSeconds: 1 } }
      return tries === 2 ? { error: { status: 500 } } : undefined
    }
    const { run } = await setUp([failing, mend])
    const job = await run()
    expect(job.outputs.conclusion).toBe('completed')
    const [first, second] = job.report?.calls ?? []
    expect(first?.spentMicroUsd).toBe('0')
    expect(second).toMatchObject({ usage: 'unknown', spentMicroUsd: second?.reservedMicroUsd })
    expect(job.report?.calls).toHaveLength(5)
    expect(job.log).toMatch(/: the provider answered 429: .*; tried again in 1 s\n/)
    expect(job.log).toMatch(/: the provider answered 500: .*; tried again in \d(\.\d)? s\n/)
    expect(job.summary).toMatch(
      /\$0\.\d+ of that is for one model call of which no usage is known, counted at the most/,
    )
  })

  it('bills an answer that breaks off, and one without usage, at what was reserved', async () => {
    const replies = [
      { text: 'x'.repeat(500), cutAfterBytes: 60 },
      { ...edit, usage: null },
    ]
    const { run } = await setUp([() => replies.shift(), mend])
    const job = await run()
    const calls = job.report?.calls ?? []
    for (const call of calls.slice(0, 2))
      expect(call).toMatchObject({ usage: 'unknown', spentMicroUsd: call.reservedMicroUsd })
    expect(calls[2]).toMatchObject({ usage: 'reported' })
    expect(job.outputs.conclusion).toBe('completed')
  })

  it('is given up after a few tries', async () => {
    const { run, model } = await setUp([() => ({ error: { status: 503 } })])
    const job = await run()
    expect(job.outputs).toMatchObject({ conclusion: 'failed', reason: 'model-failed' })
    expect(model.calls()).toHaveLength(4)
    expect(job.report?.calls.every((call) => call.spentMicroUsd === call.reservedMicroUsd)).toBe(true)
  })

  it('is not asked again when it refuses for good', async () => {
    const { run, model } = await setUp([() => ({ error: { status: 401, message: 'bad key' } })])
    expect((await run()).outputs).toMatchObject({ conclusion: 'failed', reason: 'model-failed' })
    expect(model.calls()).toHaveLength(1)
  })

  it('may say nonsense: unknown tools, broken arguments, empty answers', async () => {
    const replies = [
      {
        toolCalls: [
          { name: 'fly', arguments: {} },
          { name: 'read', arguments: '{"path":' },
        ],
      },
      {
        toolCalls: [
          { name: 'edit', arguments: { path: 'sum.js' } },
          { name: 'read', arguments: { path: '../../etc/passwd' } },
        ],
      },
      { text: '' },
      edit,
      { text: 'Mended' },
    ]
    const script = () => replies.shift()
    const { run, model } = await setUp([script])
    expect((await run()).outputs.conclusion).toBe('completed')
    const results = model
      .calls()
      .at(-1)
      ?.request.messages.filter((message) => message.role === 'tool')
      .slice(0, 4)
    expect(results?.every((message) => String(message.content).startsWith('error: '))).toBe(true)
  })

  it('is stopped when it makes the same call again and again', async () => {
    const { run, model } = await setUp([() => ({ toolCalls: [{ name: 'list', arguments: {} }] })])
    expect((await run()).outputs).toMatchObject({ conclusion: 'capped', reason: 'turns-exhausted' })
    expect(model.calls().length).toBeLessThan(8)
  })
})

describe('a run that is refused', () => {
  it.each([
    ['a broken inputs text', { inputs: 'nonsense' }, {}, 'input-invalid'],
    ['a run without an App', { workflow: '', run: 'r1' }, {}, 'input-invalid'],
    [
      'an App that does not answer',
      { 'app-url': 'http://127.0.0.1:1' },
      { ACTIONS_ID_TOKEN_REQUEST_URL: '' },
      'identity-invalid',
    ],
  ])('%s', async (_, more, extra, reason) => {
    const { run, model } = await setUp([mend])
    const job = await run(more, extra)
    expect(job.outputs).toMatchObject({ conclusion: 'refused', reason, 'spend-usd': '0.00', 'held-usd': '0.00' })
    expect(job.exitCode).toBe(0)
    expect(job.summary).toContain(reason)
    expect(model.calls()).toHaveLength(0)
  })

  /** What a job resolves before it spends anything, in this process. */
  async function planned(world: JobWorld, asked: Partial<OwnRun['inputs']> = {}) {
    const checkout = openCheckout(mkdtempSync(join(world.dir, 'run-')), join(world.workspace, '.git/objects'))
    try {
      const event = { repository: { default_branch: 'main' } }
      return await planOwnRun({
        inputs: { ...NOT_ASKED, workflow: 'mend', values: {}, ...asked },
        job: { repository: 'acme/sum', sha: world.sha, ref: 'refs/heads/main', event, serverUrl: 'https://github.com' },
        checkout,
        source: {},
        builtInDir: fileURLToPath(new URL('../../catalog', import.meta.url)),
        now: new Date(),
        isWorkedOn: false,
      })
    } finally {
      checkout.objects.close()
    }
  }

  it.each([
    ['an unknown workflow', { workflow: 'mind' }, 'unknown-workflow'],
    ['an unknown input', { values: { x: '1' } }, 'input-invalid'],
    ['a cap out of bounds', { capUsd: '400' }, 'override-out-of-bounds'],
    ['another portfolio', { portfolio: 'other' }, 'no-portfolio'],
  ])('%s', async (_, asked, reason) => {
    expect(await planned(sharedWorld())).toMatchObject({ workflow: 'mend' })
    expect(await planned(sharedWorld(), asked)).toMatchObject({ refused: true, reason })
  })

  it.each([
    [
      'forbids runs without the App',
      (text: string) => text.replace('version: 1', 'version: 1\nwithout-app: refuse'),
      'app-required',
    ],
    [
      'inherits what can’t be read here',
      (text: string) => text.replace('version: 1', 'version: 1\ninherit: organisation'),
      'organisation-layer-unreadable',
    ],
    ['is broken', (text: string) => text.replace('version: 1', 'version: 7'), 'configuration-invalid'],
    [
      'names a model without a price',
      (text: string) => text.replace('test-model:', 'other-model:').replace('[test-model]', '[other-model]'),
      'model-without-price',
    ],
  ])('a repository that %s', async (_, portfolios, reason) => {
    expect(await planned(openWorld({ portfolios }))).toMatchObject({ refused: true, reason })
  })

  const experiment = (ends: string, path: string) => (text: string) =>
    `${text.replace('[mend]', '[review]').replace('cap: 4x, ', '')}experiments:
  mending:
    project: Mend the sums
    workflows: [mend]
    scope: { paths: ['${path}'] }
    ends: ${ends}
    budget: { usd: 10 }
`

  it('runs a workflow of an experiment, tells the agent its scope and withholds what left it', async () => {
    const within = await setUp([mend], { portfolios: experiment('2099-12-31', '*.js') })
    expect((await within.run()).outputs).toMatchObject({ conclusion: 'completed', 'held-usd': '0.50' })
    const [system] = within.model.calls()[0]?.request.messages ?? []
    expect(JSON.stringify(system)).toContain('Change only files that match *.js: work that touches another')
    const beyond = await setUp([mend], { portfolios: experiment('2099-12-31', 'billing/**') })
    const job = await beyond.run()
    expect(job.outputs).toMatchObject({ conclusion: 'withheld', reason: 'guard-paths' })
    expect(job.report?.message).toContain('outside `scope.paths: billing/**` of the experiment `mending`')
  })

  it('refuses a workflow whose experiment is over', async () => {
    const world = openWorld({ portfolios: experiment('2026-01-31', '*.js') })
    expect(await planned(world)).toMatchObject({ refused: true, reason: 'experiment-over' })
  })

  it('fails the job where `on-refusal` says so', async () => {
    const { run } = await setUp([mend])
    expect((await run({ workflow: 'mind', 'on-refusal': 'fail' })).exitCode).toBe(1)
  })
})

describe('the Action', () => {
  it('declares exactly the inputs and outputs that are read and written', async () => {
    const declared = parse(readFileSync(fileURLToPath(new URL('../../action.yml', import.meta.url)), 'utf8'))
    expect(Object.keys(declared.inputs).sort()).toEqual([...inputNames].sort())
    expect(Object.keys(declared.outputs).sort()).toEqual([...outputNames].sort())
    const { run } = await setUp([mend])
    expect(Object.keys((await run({ workflow: 'mind' })).outputs).sort()).toEqual([...outputNames].sort())
  })

  it('shows a dry run and spends nothing', async () => {
    const { run, model } = await setUp([mend])
    const job = await run({ 'dry-run': 'true' })
    expect(job.outputs).toMatchObject({ conclusion: 'completed', 'spend-usd': '0.00' })
    expect(job.log).toContain('never more than $0.50')
    expect(model.calls()).toHaveLength(0)
  })

  it('reads nothing of the configuration from the work tree', async () => {
    const { run, world } = await setUp([mend], {})
    world.commit({ '.github/purser/portfolios.yml': 'version: 1\n' })
    expect((await run()).outputs.conclusion).toBe('completed')
  })

  it('stops within seconds when the job is cancelled, and says what it spent', async () => {
    const { world, inputs, model } = await setUp([inTurn(edit, { silent: true })])
    const job = world.start(inputs, sandboxed)
    await expect.poll(() => model.calls().length, { timeout: 20_000 }).toBe(2)
    job.kill('SIGINT')
    const ended = await job.ended
    expect(ended.outputs).toMatchObject({ conclusion: 'cancelled', reason: 'cancelled' })
    expect(ended.report?.calls.map((call) => call.usage)).toEqual(['reported', 'unknown'])
    expect(ended.patch).toContain('a + b')
    expect(ended.exitCode).toBe(1)
  })
})
