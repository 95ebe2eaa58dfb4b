/** Machines that are not as one would wish. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { startModel } from '../world/model.ts'
import { JobWorld } from './job-world.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function openWorld(): JobWorld {
  const world = new JobWorld()
  closing.push(() => world.close())
  return world
}

describe('a job whose temporary directory can’t be used', () => {
  it('still writes its outputs', async () => {
    const world = openWorld()
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
    const world = openWorld()
    const model = await startModel({ scripts: [() => ({ text: 'Done' })] })
    closing.push(() => model.close())
    const inputs = { workflow: 'mend', 'api-key': 'sk-canary-0123456789', 'base-url': model.url }
    const job = await world.run(inputs, { PURSER_SANDBOX: 'none' })
    for (const text of [job.log, job.summary]) expect(text).toMatch(/not confined.*environment/)
  })
})
