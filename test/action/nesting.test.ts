/** A job whose workflow nests another, asks first whether there is anything to do, and lets its agent delegate. */
import { afterEach, describe, expect, it } from 'vitest'
import { startModel } from '../world/model.ts'
import type { Script } from '../world/model-contract.ts'
import { conversation } from '../world/model-script.ts'
import { sumProject } from './job-world.ts'
import { sandboxed } from './sandboxed.ts'
import { sharedWorld } from './shared-world.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const CATALOG = '.github/purser/catalog'

const mend = `name: mend
summary: Mend the code until its tests pass
value: quality
on: [push]
when: { run: "! node sum.test.js" }
steps:
  - id: diagnose
    agent: lead
    prompt: mend.md
    output: { type: object, properties: { cause: { type: string }, where: { type: string } }, required: [cause, where] }
  - { id: other, run: "exit 1", when: { equals: { steps.diagnose.output.cause: test } } }
  - id: fix
    workflow: fix
    inputs: { where: "\${{ steps.diagnose.output.where }}" }
    when: { equals: { steps.diagnose.output.cause: code } }
deliver: pull-request
cap: { usd: 0.50 }
`

const fix = `name: fix
summary: Fix what is named
value: quality
on: [push]
inputs:
  where: { type: string }
steps:
  - { id: change, agent: fixer, prompt: fix.md, until: { run: node sum.test.js, attempts: 2 } }
  - { id: said, run: 'printf "%s" "$(echo \${{ inputs.where }})"' }
guards: { diff: { files: 1 } }
deliver: none
cap: { usd: 0.20 }
`

const files = {
  ...sumProject,
  [`${CATALOG}/fix/workflow.yml`]: fix,
  [`${CATALOG}/fix/fix.md`]: 'Fix it at:\n${{ inputs.where }}',
  [`${CATALOG}/agents/lead.agent.md`]:
    '---\nname: lead\ndescription: Finds out what is wrong\ntools: [read]\nskills: [sums]\ndelegates: [reader]\n---\nYou lead.\n',
  [`${CATALOG}/skills/sums/SKILL.md`]:
    '---\nname: sums\ndescription: How sums are made here\n---\nRead more in rules.md.\n',
  [`${CATALOG}/skills/sums/rules.md`]: 'A sum is made by +.\n',
  [`${CATALOG}/agents/reader.agent.md`]: '---\nname: reader\ndescription: Reads code\ntools: [read]\n---\nYou read.\n',
}

const cause = { cause: 'code', where: 'sum.js:2 $(touch leaked) `touch leaked`' }
const scripts: Script[] = [
  conversation('Diagnose. The tests printed', [
    { toolCalls: [{ name: 'delegate', arguments: { agent: 'nobody', task: 'x' } }] },
    { toolCalls: [{ name: 'skill', arguments: { name: 'sums' } }] },
    { toolCalls: [{ name: 'skill', arguments: { name: 'sums', file: 'rules.md' } }] },
    { toolCalls: [{ name: 'skill', arguments: { name: 'sums', file: '../x.md' } }] },
    { toolCalls: [{ name: 'delegate', arguments: { agent: 'reader', task: 'Which line subtracts?' } }] },
    { text: JSON.stringify(cause) },
  ]),
  conversation('Which line subtracts?', [
    { toolCalls: [{ name: 'read', arguments: { path: 'sum.js' } }] },
    { text: 'sum.js:2 subtracts' },
  ]),
  conversation('Fix it at:', [
    { toolCalls: [{ name: 'edit', arguments: { path: 'sum.js', old: 'a - b', new: 'a + b' } }] },
    { text: 'Add instead of subtract' },
  ]),
]

async function run(more: Readonly<Record<string, string>> = {}, inputs: Readonly<Record<string, string>> = {}) {
  const model = await startModel({ scripts })
  const world = sharedWorld({
    files: { ...files, ...more },
    workflow: mend,
    prompt: 'Diagnose. The tests printed:\n${{ when.output }}',
  })
  closing.push(() => model.close())
  const job = await world.run(
    { workflow: 'mend', 'api-key': 'sk-scripted-0123456789', 'base-url': model.url, ...inputs },
    sandboxed,
  )
  return { job, requests: model.calls().map(({ request }) => request) }
}

describe('a run with nested workflows', () => {
  it('carries out what is needed under one hold, by three agents', async () => {
    const { job, requests } = await run()
    expect(job.outputs, job.log).toMatchObject({ conclusion: 'completed', reason: '' })
    expect(job.report?.steps.map(({ id, ok, attempts }) => [id, ok, attempts])).toEqual([
      ['diagnose', true, 1],
      ['other', true, 0],
      ['fix/change', true, 1],
      ['fix/said', true, 1],
    ])
    expect(job.report?.steps[3]?.summary).toBe(cause.where)
    expect(job.report?.delivery?.changeset?.files.map(({ path }) => path)).toEqual(['sum.js'])
    const told = JSON.stringify(requests)
    expect(told).toContain('-1 == 5')
    expect(told).toContain('sum.js:2 subtracts')
    expect(told).toContain('error: ')
    // Each agent has its own system text; what a step said is marked as data to the next.
    expect(new Set(requests.map(({ messages }) => JSON.stringify(messages[0]))).size).toBe(3)
    expect(told).toContain('<data name=\\"inputs.where\\">')
    expect(told).toContain('- sums: How sums are made here')
    expect(told).toContain('Read more in rules.md.\\n[its other files: rules.md]')
    expect(told).toContain('A sum is made by +.')
    expect(told).toContain('error: sums has no file')
    expect(requests).toHaveLength(10)
    expect(job.log).toContain('diagnose/reader-1, turn 2: answers\n')
    expect(job.log).toContain('diagnose, turn 6: answers\n')
  })

  it('says in a dry run what each nested workflow is and when it is needed', async () => {
    const { job, requests } = await run({}, { 'dry-run': 'true' })
    expect(job.log).toContain(
      'Step fix: workflow fix, never more than $0.20, only when steps.diagnose.output.cause is code\n',
    )
    expect(requests).toEqual([])
  })

  it('ends at no cost where there is nothing to do', async () => {
    const { job, requests } = await run({ 'sum.js': 'export function sum(a, b) {\n  return a + b\n}\n' })
    expect(job.outputs).toMatchObject({ conclusion: 'completed', reason: 'nothing-to-do', 'spend-usd': '0.00' })
    expect({ requests, steps: job.report?.steps, code: job.exitCode }).toEqual({ requests: [], steps: [], code: 0 })
  })
})
