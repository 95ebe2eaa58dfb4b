import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { JobWorld } from '../action/job-world.ts'
import { bubblewrap } from '../action/sandboxed.ts'
import { startModel } from '../world/model.ts'
import type { Script } from '../world/model-contract.ts'

const CLI = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function setUp(script: Script) {
  const model = await startModel({ scripts: [script] })
  const world = new JobWorld()
  closing.push(
    () => model.close(),
    () => world.close(),
  )
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
    OPENAI_API_KEY: 'sk-canary-0123456789',
    OPENAI_BASE_URL: model.url,
  }
  const run = async (...args: string[]) => {
    const unconfined = bubblewrap ? [] : ['--no-sandbox']
    const child = spawn(process.execPath, [CLI, 'run', 'mend', '--dir', world.workspace, ...unconfined, ...args], {
      env,
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    await once(child, 'close')
    return { exitCode: child.exitCode, stdout, stderr }
  }
  return { model, world, run, sum: join(world.workspace, 'sum.js') }
}

const mend: Script = (request) =>
  request.messages.some((message) => message.role === 'assistant')
    ? { text: 'Add instead of subtract' }
    : { toolCalls: [{ name: 'edit', arguments: { path: 'sum.js', old: 'a - b', new: 'a + b' } }] }

describe('purser run', () => {
  it('puts the work into the working tree, keeps a report that git does not see, and leaves no key behind', async () => {
    const { run, world, sum } = await setUp(mend)
    const { exitCode, stdout, stderr } = await run()
    expect(exitCode).toBe(0)
    expect(readFileSync(sum, 'utf8')).toContain('a + b')
    expect(stdout).toContain('The work is in your working tree')
    expect(stderr).toContain('never more than $0.50')
    expect(world.git('status', '--porcelain').trim()).toBe('M sum.js')
    expect(stdout + stderr).not.toContain('canary')
  })

  it('leaves a patch where the working tree has gone another way', async () => {
    const { run, sum } = await setUp(mend)
    writeFileSync(sum, 'export const sum = () => 0\n')
    const { stdout, stderr } = await run()
    expect(stderr).toContain('what is not committed is not part of the run')
    expect(stdout).toContain('does not apply cleanly')
    expect(readFileSync(sum, 'utf8')).toBe('export const sum = () => 0\n')
  })

  it('prints one document with --json', async () => {
    const { run } = await setUp(mend)
    const { stdout } = await run('--json', '--cap', '0.20')
    expect(JSON.parse(stdout)).toMatchObject({
      workflow: 'mend',
      report: { conclusion: 'completed' },
      work: { applied: true },
    })
  })

  it('applies nothing of work that failed, and says so by its exit code', async () => {
    const { run, sum } = await setUp(() => ({ text: 'I could not' }))
    expect((await run()).exitCode).toBe(1)
    expect(readFileSync(sum, 'utf8')).toContain('a - b')
  })

  it('shows a dry run without asking a model', async () => {
    const { run, model } = await setUp(mend)
    expect((await run('--dry-run')).stdout).toContain('nothing is spent now')
    expect(model.calls()).toEqual([])
  })
})
