/** Machines that are not as one would wish. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { startModel } from '../world/model.ts'
import { bubblewrap } from './sandboxed.ts'
import { sharedWorld } from './shared-world.ts'

const CLI = fileURLToPath(new URL('../../cli/purser.js', import.meta.url))

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

describe('a job whose temporary directory can’t be used', () => {
  it('still writes its outputs', async () => {
    const world = sharedWorld()
    const file = join(world.dir, 'a-file')
    writeFileSync(file, '')
    const job = await world.run(
      { workflow: 'mend', 'api-key': 'sk-canary-0123456789' },
      { RUNNER_TEMP: join(file, 'temp') },
    )
    expect(job.outputs).toMatchObject({ conclusion: 'failed', reason: 'internal', 'spend-usd': '0.00', report: '' })
    expect(job.exitCode).toBe(1)
    expect(job.log).toContain('ENOTDIR')
  })
})

describe('a machine without a sandbox', () => {
  it('is told what its commands can read', async () => {
    const world = sharedWorld()
    const model = await startModel({ scripts: [() => ({ text: 'Done' })] })
    closing.push(() => model.close())
    const inputs = { workflow: 'mend', 'api-key': 'sk-canary-0123456789', 'base-url': model.url }
    const job = await world.run(inputs, { PURSER_SANDBOX: 'none' })
    for (const text of [job.log, job.summary]) expect(text).toMatch(/not confined.*environment/)
  })
})

/** As on a hosted runner whose AppArmor lets no program make user namespaces: the sandbox is there and does not work. */
const without = ['--dev-bind', '/', '/', '--unshare-user', '--disable-userns', '--']
const canDo = spawnSync('bwrap', [...without, 'true']).status === 0

describe.runIf(bubblewrap && canDo)('a machine that can’t confine commands', () => {
  it('refuses the run before any model is asked, at a terminal with the way round it', async () => {
    const world = sharedWorld()
    const model = await startModel({ scripts: [() => ({ text: 'Done' })] })
    closing.push(() => model.close())
    const inputs = { workflow: 'mend', 'api-key': 'sk-canary-0123456789', 'base-url': model.url }
    const started = async (args: readonly string[], env: NodeJS.ProcessEnv) => {
      const child = spawn('bwrap', [...without, process.execPath, ...args], { env })
      let said = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
      await once(child, 'close')
      return { code: child.exitCode, said }
    }
    const env = world.environment(inputs)
    const job = await started([process.env.PURSER_TEST_MAIN ?? ''], env)
    expect(job.said).toContain('apparmor_restrict_unprivileged_userns=0')
    expect(readFileSync(env.GITHUB_OUTPUT ?? '', 'utf8')).toMatch(
      /conclusion<<.*\nrefused\n[\s\S]*reason<<.*\nsandbox-unavailable\n/,
    )

    const { code, said } = await started([CLI, 'run', 'mend', '--dir', world.workspace], {
      PATH: process.env.PATH,
      OPENAI_API_KEY: 'sk-canary-0123456789',
      OPENAI_BASE_URL: model.url,
    })
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining('(sandbox-unavailable)') })
    expect(said).toContain('`--no-sandbox`')
    expect(model.calls()).toEqual([])
  })
})
