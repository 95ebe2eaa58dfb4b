/** Codex and Claude Code themselves, in the sandbox, under a cap, against a provider that keeps a bill of its own. */
import { afterAll, describe, expect, it } from 'vitest'
import type { Price } from '../../../core/money/price.ts'
import { type ProviderReply, type ProviderRequest, startChargingProvider } from '../../world/charging-provider.ts'
import { JobWorld } from '../job-world.ts'
import { bubblewrap } from '../sandboxed.ts'
import { PEERS, peers } from './peers.ts'

const PROMPT = 'Make the tests pass.'
const KEY = 'sk-canary-0123456789'
const price: Price = {
  input: 1_000_000n,
  cached: 100_000n,
  written: 1_250_000n,
  output: 4_000_000n,
  tiers: [],
  source: 't',
}
const RUNTIMES = ['codex', 'claude-code'] as const
type Runtime = (typeof RUNTIMES)[number]

const agentFile = (runtime: Runtime, more = 'tools: [read, edit, run]') => `---
name: fixer
description: Mends code in small steps
runtime: ${runtime}
model: test-model
${more}
---
You mend code.
`
const workflow = (capUsd: string) => `name: mend
summary: Mend the code until its tests pass
value: quality
on: [push]
inputs:
  test: { type: string, default: node sum.test.js }
steps:
  - { id: before, run: "\${{ inputs.test }}", on-failure: continue }
  - { id: mend, agent: fixer, prompt: mend.md, turns: 40, until: { run: "\${{ inputs.test }}", attempts: 2 } }
deliver: pull-request
cap: { usd: ${capUsd} }
`

const shell = (runtime: Runtime, command: string): NonNullable<ProviderReply['call']> =>
  runtime === 'codex' ? { name: 'exec_command', input: { cmd: command } } : { name: 'Bash', input: { command } }

const worlds: { close(): unknown }[] = []
afterAll(async () => {
  for (const world of worlds) await world.close()
})

async function play(
  runtime: Runtime,
  capUsd: string,
  script: (request: ProviderRequest) => ProviderReply,
  agent = agentFile(runtime),
) {
  const provider = await startChargingProvider(price, script)
  const world = new JobWorld({ agent, workflow: workflow(capUsd), prompt: PROMPT })
  worlds.push(provider, world)
  const keys: Record<string, string> =
    runtime === 'codex'
      ? { 'api-key': KEY, 'base-url': `${provider.url}/v1` }
      : { 'anthropic-api-key': KEY, 'anthropic-base-url': provider.url }
  const path = world.environment({}).PATH
  const result = await world.run({ workflow: 'mend', ...keys }, { PATH: `${PEERS}:${path}` })
  return { provider, result, report: result.report }
}

describe.runIf(peers && bubblewrap).each(RUNTIMES)('%s in place of our own loop', (runtime) => {
  it('does its step with nothing but its meter, told again where its work does not pass, and costs what is billed', async () => {
    const { provider, result, report } = await play(runtime, '1.00', ({ text, number }) => {
      if (number === 0)
        return { text: 'Looking.', seal: 'c2VhbGVk', call: shell(runtime, 'env; cat /proc/*/environ; cat sum.js') }
      if (number === 1) return { text: 'It is done.' }
      if (text.includes('did not pass') && !text.includes('MENDED')) {
        return { call: shell(runtime, "sed -i 's/a - b/a + b/' sum.js; echo MEN''DED") }
      }
      return { text: 'Add instead of subtracting\n\nThe sum is right now.' }
    })
    expect(result.log.replace(/^::add-mask::.*$/gm, '')).not.toContain(KEY)
    for (const request of provider.requests()) expect(request.text).not.toContain(KEY)
    expect(report?.message).toBe('Every step ended in order and every guard passed.')
    expect(report?.steps[1]).toMatchObject({ ok: true, attempts: 2, turns: provider.requests().length })
    expect(report?.delivery).toMatchObject({ title: 'Add instead of subtracting' })
    expect(result.patch).toContain('+  return a + b')
    expect(result.log).toContain(`mend, turn 1: ${runtime} is answered\n`)
    expect(report?.spentMicroUsd).toBe(String(provider.chargedMicroUsd()))
    expect(report?.calls.every(({ usage }) => usage === 'reported')).toBe(true)
  }, 60_000)

  it('is stopped by the cap with its work kept, not a micro-dollar over, and asks no storm of requests', async () => {
    const { provider, result, report } = await play(runtime, '0.15', ({ number }) => ({
      text: `Step ${number}. ${'word '.repeat(900)}`,
      call: shell(runtime, `echo ${number} >> steps.txt`),
    }))
    expect(report).toMatchObject({ conclusion: 'capped', reason: 'cap-reached' })
    expect(result.patch).toContain('steps.txt')
    expect(report?.spentMicroUsd).toBe(String(provider.chargedMicroUsd()))
    expect(provider.chargedMicroUsd()).toBeLessThanOrEqual(150_000n)
    expect(provider.requests().length).toBeGreaterThan(2)
    expect(report?.calls.length).toBe(provider.requests().length)
  }, 60_000)

  it('changes nothing where its file lets it only read, whatever it tries', async () => {
    const readsOnly = agentFile(runtime, 'tools: [read, run]\nsandbox: { write: false }')
    const script = ({ number }: ProviderRequest): ProviderReply =>
      number === 0
        ? { text: 'Trying.', call: shell(runtime, "echo TRI''ED; echo x > made.txt; sed -i 's/a - b/a + b/' sum.js") }
        : { text: 'It can’t be written.' }
    const { provider, result, report } = await play(runtime, '1.00', script, readsOnly)
    const texts = provider.requests().map(({ text }) => text)
    expect(texts.some((text) => text.includes('TRIED') && /read-only file system/i.test(text))).toBe(true)
    expect(report).toMatchObject({ conclusion: 'failed', reason: 'attempts-exhausted' })
    expect(result.patch ?? '').not.toMatch(/made\.txt|a \+ b/)
    expect(report?.spentMicroUsd).toBe(String(provider.chargedMicroUsd()))
  }, 60_000)

  it('ends as failed, in its own words, where the provider turns it away', async () => {
    const { report } = await play(runtime, '0.50', () => ({ status: 403 }))
    expect(report).toMatchObject({ conclusion: 'failed', reason: 'model-failed', spentMicroUsd: '0' })
    expect(report?.message).toContain(runtime)
  }, 60_000)
})

describe.runIf(bubblewrap)('without the program', () => {
  it.each(RUNTIMES)('%s is refused before anything is spent, and the way out names its version', async (runtime) => {
    const world = new JobWorld({ agent: agentFile(runtime), workflow: workflow('0.50'), prompt: PROMPT })
    worlds.push(world)
    const { outputs, log } = await world.run(
      { workflow: 'mend', 'api-key': KEY, 'anthropic-api-key': KEY },
      { PATH: '/usr/bin:/bin' },
    )
    expect(outputs).toMatchObject({ conclusion: 'refused', reason: 'program-missing' })
    expect(log).toMatch(/npm install --global @(openai\/codex|anthropic-ai\/claude-code)@\d+\.\d+\.\d+/)
  })
})
