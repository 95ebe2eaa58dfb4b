/** An agent that a program carries out, taken up again from a checkpoint: a program of a few lines asks its meter once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { reachOf } from '../../../action/agent/reach.ts'
import { openCommandAgent } from '../../../action/meter/command-agent.ts'
import { openModel } from '../../../action/model/model.ts'
import { openJournal } from '../../../action/money/journal.ts'
import { Purse } from '../../../action/money/purse.ts'
import { openSandbox } from '../../../action/sandbox/sandbox.ts'
import { isRefusal } from '../../../core/reason.ts'
import type { CheckpointConversation } from '../../../core/session/checkpoint.ts'
import { startChargingProvider } from '../../world/charging-provider.ts'

const PROGRAM = `#!${process.execPath}
const content = require('node:fs').readFileSync(0, 'utf8')
const body = { model: process.env.MODEL, max_tokens: 500, messages: [{ role: 'user', content }], stream: true }
fetch(process.env.ANTHROPIC_BASE_URL + '/v1/messages', { method: 'POST', body: JSON.stringify(body) }).then(async (got) => {
  const text = await got.text()
  console.log(JSON.stringify({ type: 'result', is_error: !got.ok, result: got.ok ? 'Done.' : text }))
})
`
const price = { input: 1_000_000n, cached: 100_000n, output: 4_000_000n, tiers: [], source: 't' }
const TURNS_MAX = 10

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  vi.unstubAllEnvs()
})

async function resumed(
  turns: number,
  messages: CheckpointConversation['messages'] = [{ role: 'user', text: 'Do it.' }],
) {
  const dir = mkdtempSync(join(tmpdir(), 'purser-resumed-'))
  writeFileSync(join(dir, 'claude'), PROGRAM, { mode: 0o755 })
  vi.stubEnv('PATH', `${dir}:${process.env.PATH}`)
  const provider = await startChargingProvider(price, () => ({ text: 'x' }))
  const places = { workDir: dir, homeDir: join(dir, 'home'), outputDir: join(dir, 'output'), hidden: [] }
  const sandbox = await openSandbox(places, 'none', process.env)
  if (isRefusal(sandbox)) throw new Error(sandbox.message)
  const journal = openJournal(join(dir, 'journal.jsonl'))
  closing.push(
    () => provider.close(),
    () => journal.close(),
    () => rmSync(dir, { recursive: true }),
  )
  const { signal } = new AbortController()
  const agent = openCommandAgent(
    {
      step: 'mend',
      agent: { name: 'fixer', model: 'm', tools: ['read'], systemText: '' },
      price,
      systemText: '',
      systemTextOf: () => '',
      shareLeftMicroUsd: () => undefined,
      turnsMax: TURNS_MAX,
    },
    'claude-code',
    {
      model: openModel('key', provider.url),
      purse: new Purse({ capMicroUsd: 1_000_000n, drawnMicroUsd: 1_000_000n }, journal),
      place: { workDir: dir, sandbox, signal, reach: reachOf({}) },
      signal,
      onTurn: () => {},
      onRetry: () => {},
      record: () => {},
      meanwhile: () => ({ rest: false, said: [] }),
    },
    { openai: { apiKey: undefined, baseUrl: undefined }, anthropic: { apiKey: 'key', baseUrl: provider.url } },
    { step: 'mend', attempt: 1, turns, messages, lastText: '' },
  )
  return { agent, provider }
}

it.each([
  [4, 5],
  [TURNS_MAX - 1, TURNS_MAX],
  [TURNS_MAX, 1],
])('an agent that had used %i of its ten turns goes on with number %i', async (before, after) => {
  const { agent } = await resumed(before)
  expect(await agent.goOn()).toMatchObject({ ended: 'answered', text: 'Done.' })
  expect(agent.turns).toBe(after)
})

it('is told again all that it was told before', async () => {
  const { agent, provider } = await resumed(1, [
    { role: 'user', text: 'Do it.' },
    { role: 'user', text: 'The test did not pass.' },
  ])
  await agent.say('And be brief.')
  const [request] = provider.requests()
  expect(request?.text).toMatch(/Do it\..*The test did not pass\..*And be brief\./)
  expect(agent.state.messages.map(({ text }) => text)).toEqual(['Do it.', 'The test did not pass.', 'And be brief.'])
})
