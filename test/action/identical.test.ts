/** What is sent to the provider: byte for byte the same in two runs of the same work, and only ever longer, so that its cache hits. */
import { afterEach, describe, expect, it } from 'vitest'
import { startModel } from '../world/model.ts'
import { conversation } from '../world/model-script.ts'
import { sumProject } from './job-world.ts'
import { sandboxed } from './sandboxed.ts'
import { sharedWorld } from './shared-world.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Says the same whenever it is run, which most test runners don't: they print how long they took. */
const check = `import { sum } from './sum.js'
const right = sum(2, 3) === 5
console.log(right ? 'adds' : 'does not add')
process.exit(right ? 0 : 1)
`
const files = { ...sumProject, 'check.js': check, 'AGENTS.md': 'Keep it small.\n' }

const script = conversation('Goal:', [
  {
    thought: 'gAAAAAsealed',
    text: 'I look.',
    toolCalls: [
      { name: 'list', arguments: {} },
      { name: 'read', arguments: { path: 'sum.js' } },
      { name: 'search', arguments: { pattern: 'sum' } },
      { name: 'read', arguments: { path: 'nothing.js' } },
    ],
  },
  { toolCalls: [{ name: 'run', arguments: { command: 'pwd; node check.js; seq 1 20000' } }] },
  { text: 'Nothing to do' },
  { toolCalls: [{ name: 'edit', arguments: { path: 'sum.js', old: 'a - b', new: 'a + b' } }] },
  { text: 'Add instead of subtract' },
])

/** The bodies of all requests of one run. */
async function bodiesOf(endpoint: string): Promise<string[]> {
  const model = await startModel({ scripts: [script] })
  closing.push(() => model.close())
  const world = sharedWorld({
    files,
    portfolios: (text) => text.replace('default: test-model', `default: test-model\n  endpoint: ${endpoint}`),
  })
  const inputs = { workflow: 'mend', inputs: 'test=node check.js', 'api-key': 'sk-of-the-tests', 'base-url': model.url }
  const job = await world.run(inputs, sandboxed)
  expect(job.outputs, job.log).toMatchObject({ conclusion: 'completed' })
  return model.calls().map(({ path, body }) => `${path} ${body}`)
}

describe.each([
  ['chat-completions', '{ api: chat-completions, output-limit: max_tokens }', 'messages', 'max_tokens'],
  ['responses', '{ api: responses }', 'input', 'max_output_tokens'],
])('%s', (api, endpoint, conversationField, limitField) => {
  it('gets the same bytes from two runs, each request with all that the one before had', async () => {
    const one = await bodiesOf(endpoint)
    const other = await bodiesOf(endpoint)
    expect(one).toHaveLength(5)
    expect(other).toEqual(one)
    const bodies = one.map((sent) => JSON.parse(sent.slice(sent.indexOf(' ') + 1)))
    expect(one.every((sent) => sent.startsWith(api === 'responses' ? '/v1/responses ' : '/v1/chat/completions '))).toBe(
      true,
    )
    for (const [at, body] of bodies.entries()) {
      expect(body[limitField]).toBeGreaterThan(400)
      const before = bodies[at - 1]
      if (before === undefined) continue
      const { [conversationField]: said, ...rest } = body
      const { [conversationField]: saidBefore, ...restBefore } = before
      expect(JSON.stringify(said).startsWith(JSON.stringify(saidBefore).slice(0, -1))).toBe(true)
      expect(Object.keys(rest)).toEqual(Object.keys(restBefore))
      expect(rest.tools).toEqual(restBefore.tools)
    }
  })
})
