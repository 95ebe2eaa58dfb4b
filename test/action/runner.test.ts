import { afterEach, describe, expect, it } from 'vitest'
import { startModel } from '../world/model.ts'
import type { Script } from '../world/model-contract.ts'
import { JobWorld, mendWorkflow } from './job-world.ts'
import { bubblewrap, sandboxed } from './sandboxed.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function setUp(scripts: Script[], options: ConstructorParameters<typeof JobWorld>[0] = {}) {
  const model = await startModel({ scripts })
  const world = new JobWorld(options)
  closing.push(
    () => model.close(),
    () => world.close(),
  )
  const inputs = { workflow: 'mend', 'api-key': 'sk-canary-0123456789', 'base-url': model.url }
  return { model, world, inputs }
}

/** Answers by how many answers the conversation already has. */
function inTurn(...replies: ReturnType<Script>[]): Script {
  return (request) => replies[request.messages.filter((message) => message.role === 'assistant').length]
}

const mend = inTurn(
  { text: 'I look.', toolCalls: [{ name: 'read', arguments: { path: 'sum.js' } }] },
  { toolCalls: [{ name: 'edit', arguments: { path: 'sum.js', old: 'a - b', new: 'a + b' } }] },
  { text: 'Add instead of subtract\n\nThe test `adds` passes. Thanks @octocat, fixes #1.' },
)

describe('a run in a job without an App', () => {
  it('makes failing tests pass and reports the work, its cost and what is not kept', async () => {
    const { model, world, inputs } = await setUp([mend])
    const job = await world.run(inputs, sandboxed)
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
    expect(model.calls().every((call) => call.authorization === 'Bearer sk-canary-0123456789')).toBe(true)
    const everything = JSON.stringify([job.log, job.summary, job.report, job.outputs, job.state])
    expect(everything.replaceAll('::add-mask::sk-canary-0123456789', '')).not.toContain('sk-canary')
  })
})
