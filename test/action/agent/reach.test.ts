/** What an agent's own `sandbox` keeps from it, from what it starts and from whom it asks. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { startModel } from '../../world/model.ts'
import { conversation } from '../../world/model-script.ts'
import { JobWorld, sumProject } from '../job-world.ts'
import { bubblewrap, sandboxed } from '../sandboxed.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const AGENTS = '.github/purser/catalog/agents'
const ask = (command: string) => ({ toolCalls: [{ name: 'run', arguments: { command } }] })
const fetching = (url: string) =>
  ask(`unset NO_PROXY no_proxy; node -e "fetch('${url}').then((r) => r.text()).then((t) => console.log('GOT', t))"`)

async function serve() {
  const server = createServer((_, response) => void response.end('the rates')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  const address = server.address()
  const host = `localhost:${typeof address === 'object' ? address?.port : ''}`
  return { host, url: `http://${host}/` }
}

/** `agent` has the run's only step and may ask `helper`. */
async function run(agent: string, helper: string, network: readonly string[], url: string) {
  const scripts = [
    conversation('Begin.', [
      ask('echo x > made-by-agent.txt; echo ok > /tmp/mine && cat /tmp/mine'),
      fetching(url),
      { toolCalls: [{ name: 'delegate', arguments: { agent: 'helper', task: 'Help.' } }] },
      { text: 'Done.' },
    ]),
    conversation('Help.', [ask('echo x > made-by-helper.txt'), fetching(url), { text: 'Helped.' }]),
  ]
  const model = await startModel({ scripts })
  const file = (name: string, front: string) => `---\nname: ${name}\ndescription: Looks\n${front}---\nYou look.\n`
  const world = new JobWorld({
    files: {
      ...sumProject,
      [`${AGENTS}/lead.agent.md`]: file('lead', `tools: [read, run]\ndelegates: [helper]\n${agent}`),
      [`${AGENTS}/helper.agent.md`]: file('helper', `tools: [read, run]\n${helper}`),
    },
    workflow: `name: mend
summary: Look
value: quality
on: [push]
setup: { run: "true", network: [${network.join(', ')}] }
steps: [{ id: look, agent: lead, prompt: mend.md }]
deliver: pull-request
cap: { usd: 0.50 }
`,
    prompt: 'Begin.',
  })
  closing.push(
    () => model.close(),
    () => world.close(),
  )
  const job = await world.run({ workflow: 'mend', 'api-key': 'sk-scripted-01234567', 'base-url': model.url }, sandboxed)
  expect(job.outputs, job.log).toMatchObject({ conclusion: 'completed' })
  const requests = model.calls().map(({ request }) => request)
  const results = requests.at(-1)?.messages.filter(({ role }) => role === 'tool') ?? []
  const helped = requests.find(
    ({ messages }) => JSON.stringify(messages).includes('made-by-helper') && messages.length > 4,
  )
  return {
    files: (job.report?.delivery?.changeset?.files ?? []).map(({ path }) => path),
    results: results.map(({ content }) => String(content)),
    helped: (helped?.messages ?? []).filter(({ role }) => role === 'tool').map(({ content }) => String(content)),
    told: JSON.stringify(requests[0]?.messages[0]),
  }
}

describe.runIf(bubblewrap)('an agent’s sandbox', () => {
  it('lets nothing that it starts write, nor whom it asks, and only declared hosts be reached', async () => {
    const { host, url } = await serve()
    const reads = `sandbox: { write: false, hosts: ['${host}'] }\n`
    const { files, results, helped, told } = await run(reads, '', [`'${host}'`], url)
    expect(files).toEqual([])
    expect(results[0]).toMatch(/made-by-agent\.txt: Read-only file system\nok\n/)
    expect(results[1]).toContain('GOT the rates')
    expect(helped[0]).toContain('made-by-helper.txt: Read-only file system')
    expect(helped[1]).not.toContain('GOT')
    expect(told).toContain(`Your commands can reach ${host}`)
  })

  it('is its own: who asks it lends it nothing', async () => {
    const { host, url } = await serve()
    const { files, results, helped } = await run(
      '',
      `sandbox: { write: false, hosts: ['${host}'] }\n`,
      [`'${host}'`],
      url,
    )
    expect(files).toEqual(['made-by-agent.txt'])
    expect(results[1]).not.toContain('GOT')
    expect(helped[0]).toContain('Read-only file system')
    expect(helped[1]).not.toContain('GOT')
  })
})
