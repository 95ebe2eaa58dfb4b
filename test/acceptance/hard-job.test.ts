/** Jobs whose model and workspace do their worst: a typed reason, little memory, and nothing delivered by halves. */
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { reasonCodes } from '../../core/reason.ts'
import { quickWorkflow } from '../action/job-world.ts'
import { sandboxed } from '../action/sandboxed.ts'
import { sharedWorld } from '../action/shared-world.ts'
import { startModel } from '../world/model.ts'
import type { ModelReply, Script } from '../world/model-contract.ts'

const MEMORY_KILOBYTES_MAX = 300_000

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const run = (command: string, seconds = 120): ModelReply => ({
  toolCalls: [{ name: 'run', arguments: { command, seconds } }],
})
const mend = { toolCalls: [{ name: 'edit', arguments: { path: 'sum.js', old: 'a - b', new: 'a + b' } }] }

function inOrder(...replies: ModelReply[]): Script {
  let at = 0
  return () => replies[Math.min(at++, replies.length - 1)]
}

/** Starts a job and watches the most memory that its process had. */
async function play(script: Script, workflow = quickWorkflow) {
  const model = await startModel({ scripts: [script] })
  const world = sharedWorld({ workflow })
  closing.push(() => model.close())
  const job = world.start({ workflow: 'mend', 'api-key': 'sk-of-the-tests', 'base-url': model.url }, sandboxed)
  let isOver = false
  let kilobytes = 0
  const watching = (async () => {
    while (!isOver) {
      kilobytes = Math.max(kilobytes, peakKilobytes(job.pid ?? 0))
      await wait(20)
    }
  })()
  const result = await job.ended
  isOver = true
  await watching
  expect(kilobytes).toBeGreaterThan(10_000)
  expect(kilobytes).toBeLessThan(MEMORY_KILOBYTES_MAX)
  if (result.outputs.reason) expect(reasonCodes).toContain(result.outputs.reason)
  expect(world.git('status', '--porcelain')).toBe('')
  return { ...result, model, world, job }
}

function peakKilobytes(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

describe('a workspace', () => {
  it('with very many files, links out of it, nested repositories, long lines and a large sparse file is withheld by name', async () => {
    const { outputs, report } = await play(
      inOrder(
        run('mkdir many && cd many && seq 1 500 | xargs touch'),
        run(
          'ln -s /etc/passwd passwd; ln -s .. up; git init -q nested && echo x > nested/x; truncate -s 100M sparse.bin',
        ),
        run("head -c 300000 /dev/zero | tr '\\0' x"),
        mend,
        { text: 'Mended' },
      ),
    )
    expect(outputs).toMatchObject({ conclusion: 'withheld', reason: 'guard-files' })
    expect(report?.message).toContain('at most 300 are delivered')
    expect(report?.message).toContain('`passwd` is a link')
    expect(report?.message).toContain('`sparse.bin` has 104857600 bytes')
  })
})

describe('a provider', () => {
  it('whose answers never end is left, and the work until then is in the report', async () => {
    const { outputs, report, model } = await play(
      inOrder(mend, { text: 'x'.repeat(3_500_000), usage: { input: 10, output: 10 } }),
    )
    expect(outputs).toMatchObject({ conclusion: 'failed', reason: 'model-failed' })
    expect(report?.message).toContain('more than 24000000 bytes')
    expect(report?.calls.map(({ usage }) => usage)).toEqual(['reported', 'unknown'])
    expect(report?.delivery?.changeset?.files.map(({ path }) => path)).toEqual(['sum.js'])
    expect(model.calls()).toHaveLength(2)
  })

  it.each([
    ['refuses', { refusal: 'I can’t help with that.' }, 'model-refused', 'I can’t help with that.'],
    ['says nothing', { text: '' }, 'model-failed', 'empty 2 times'],
    [
      'says for ever that the conversation is too long',
      { error: { status: 400, message: 'maximum context length is 10 tokens' } },
      'context-exhausted',
      'longer than the model can read',
    ],
    ['is never believed', { text: 'Done', usage: { input: 10, output: 1e12 } }, 'attempts-exhausted', 'still fails'],
  ] as const)('that %s ends the run by its reason', async (_, reply, reason, says) => {
    const { outputs, report } = await play(inOrder(reply))
    expect(outputs.reason).toBe(reason)
    expect(report?.message).toContain(says)
    expect(report?.delivery?.changeset).toBeUndefined()
  })
})

describe('a test command', () => {
  it.each([
    ['that prints without end', 'yes', 'stopped after it printed more than 100000000 bytes'],
    ['that ends by a signal', 'kill -9 $$', 'exit 137'],
  ])('%s fails its step', async (_, command, how) => {
    const workflow = quickWorkflow
      .replace('attempts: 2', 'attempts: 1')
      .replace('until: { run: "${{ inputs.test }}"', () => `until: { run: ${JSON.stringify(command)}`)
    const { outputs, report } = await play(inOrder({ text: 'Done' }), workflow)
    expect(outputs).toMatchObject({ conclusion: 'failed', reason: 'attempts-exhausted' })
    expect(report?.message).toContain(how)
  })

  it('that never ends is cut off with the job that is cancelled, and what was made until then is reported', async () => {
    const workflow = quickWorkflow.replaceAll(
      'until: { run: "${{ inputs.test }}", attempts: 2 }',
      'until: { run: sleep 1000 }',
    )
    const model = await startModel({ scripts: [inOrder(mend, { text: 'Mended' })] })
    const world = sharedWorld({ workflow })
    closing.push(() => model.close())
    const job = world.start({ workflow: 'mend', 'api-key': 'sk-of-the-tests', 'base-url': model.url }, sandboxed)
    while (model.calls().length < 2) await wait(20)
    await wait(200)
    job.kill('SIGINT')
    const { outputs, report } = await job.ended
    expect(outputs).toMatchObject({ conclusion: 'cancelled', reason: 'cancelled' })
    expect(report?.delivery?.changeset?.files.map(({ path }) => path)).toEqual(['sum.js'])
    expect(report?.calls).toHaveLength(2)
  })
})
