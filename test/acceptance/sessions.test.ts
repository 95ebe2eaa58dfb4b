/** Sessions that last, through the real App and the real Action: each job has a folder of its own, as on another runner. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StartedApp, startApp } from '../../app/start.ts'
import type { Run } from '../../prisma/client/client.ts'
import { sandboxed } from '../action/sandboxed.ts'
import { type MigratedDatabase, migratedDatabase } from '../app/database/migrated.ts'
import type { GitHub } from '../world/contract.ts'
import { startGitHub } from '../world/github.ts'
import { startModel } from '../world/model.ts'
import type { Model } from '../world/model-contract.ts'
import { conversation, type Turn } from '../world/model-script.ts'
import { untilQuiet } from '../world/quiet.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const JOBS_TIMEOUT_MS = 240_000
const repository = { owner: 'acme', repo: 'shop' }

const JOB = `name: Purser
on: { workflow_dispatch: { inputs: { run: { required: true } } } }
permissions: { contents: read, id-token: write }
jobs:
  run:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v5
      - name: Purser
        uses: acme/purser@main
        with:
          run: \${{ inputs.run }}
          app-url: \${{ vars.PURSER_APP_URL }}
          api-key: \${{ secrets.OPENAI_API_KEY }}
`

/** So dear that each call has to be drawn, which is when a run hears that it is to rest. */
const PORTFOLIOS = `version: 1
values: { quality: { measure: rework-and-reverts } }
models: { default: dear, prices: { dear: { input: 1, cached: 1, output: 200 } } }
portfolios:
  chores: { purpose: Chores, value: quality, workflows: [chore], budget: { usd: 100, per: month }, overrides: { cap: 2x } }
`

/** More than what was drawn for earlier calls leaves, so that the next one is asked for at once and not by a heartbeat. */
const COSTLY_TOKENS = 6_000

const CHORE = `name: chore
summary: Whatever the goal says
value: quality
inputs: { goal: { type: string } }
steps:
  - { id: work, agent: engineer, prompt: chore.md }
deliver: commit
cap: { usd: 20 }
floor: { usd: 0.20 }
`

const dir = mkdtempSync(join(tmpdir(), 'purser-sessions-'))
let [model, github, app, database]: [Model?, GitHub?, StartedApp?, MigratedDatabase?] = []

beforeAll(async () => {
  model = await startModel({ scripts: [] })
  github = await startGitHub({
    dir,
    app: { webhookSecret: 'a-secret-of-the-tests' },
    seed: {
      ...repository,
      files: {
        'README.md': '# Shop\n',
        '.github/workflows/purser.yml': JOB,
        '.github/purser/portfolios.yml': PORTFOLIOS,
        '.github/purser/catalog/chore/workflow.yml': CHORE,
        '.github/purser/catalog/chore/chore.md': 'Goal: ${{ inputs.goal }}\n',
      },
      users: { mira: 'maintain', dev: 'write' },
    },
    actions: {
      action: ROOT,
      secrets: { OPENAI_API_KEY: 'a-key-of-the-tests' },
      extraEnv: { ...sandboxed, OPENAI_BASE_URL: model.url },
    },
  })
  database = await migratedDatabase()
  app = await startApp({
    sweeps: false,
    appId: github.app.id,
    privateKey: github.app.privateKey,
    webhookSecret: 'a-secret-of-the-tests',
    githubUrl: github.url,
    oidcIssuers: [github.oidc.issuer],
    throttle: false,
    ...database.options,
    log: { level: 'silent' },
  })
  github.hooks.target(`${app.url}/api/github/webhooks`)
  github.actions.vars({ PURSER_APP_URL: app.url })
})
afterAll(async () => {
  await settled()
  await app?.close()
  await database?.drop()
  await github?.close()
  await model?.close()
  rmSync(dir, { recursive: true, force: true })
})

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the stage was not set')
  return value
}

function settled(): Promise<void> {
  return untilQuiet(there(github), there(app))
}

/** Comments and waits until all that follows, jobs included, is done. */
async function say(number: number, body: string): Promise<void> {
  await there(github).person('dev').comment(number, body)
  await settled()
}

async function runsOn(number: number): Promise<readonly Run[]> {
  const where = { subjectKey: `pull-request:${number}` }
  return there(app).database.prisma.run.findMany({ where, orderBy: { createdAt: 'asc' } })
}

async function repliesOn(number: number): Promise<readonly string[]> {
  const octokit = new Octokit({ baseUrl: there(github).url, auth: there(github).tokenOf('mira') })
  const { data } = await octokit.issues.listComments({ ...repository, issue_number: number })
  return data.filter(({ user }) => user?.type === 'Bot').map(({ body }) => body ?? '')
}

async function openPull(branch: string): Promise<number> {
  const pull = { branch, title: branch, files: { [`${branch}.js`]: '1\n' } }
  const { number } = await there(github).person('dev').openPull(pull)
  await settled()
  return number
}

test(
  'a session that was paused in one folder goes on in another, and delivers what both have made',
  async () => {
    const number = await openPull('pausing')
    let isPausing = false
    const write = (path: string) => ({ toolCalls: [{ name: 'write', arguments: { path, content: `${path}\n` } }] })
    there(model).use((request) => {
      const told = JSON.stringify(request.messages)
      if (!told.includes('Goal: pause')) return undefined
      if (told.includes('Mind the third')) return told.includes('third.js') ? { text: 'All made.' } : write('third.js')
      if (!told.includes('first.js')) return write('first.js')
      if (!isPausing) void there(github).person('dev').comment(number, '/agent pause')
      isPausing = true
      return {
        toolCalls: [{ name: 'run', arguments: { command: `sleep 1; echo ${request.messages.length}` } }],
        usage: { input: 100, output: COSTLY_TOKENS },
      }
    })
    await say(number, '/agent chore goal=pause')
    const [first] = await runsOn(number)
    expect(first).toMatchObject({ conclusion: 'cancelled', reason: 'paused', deliveredSha: null })
    expect((await repliesOn(number))[0]).toContain('`/agent resume` goes on from its last checkpoint')
    const events = await there(app).database.prisma.sessionEvent.findMany({ where: { runId: first?.id ?? '' } })
    expect(events.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['run-started', 'turn', 'tool-result', 'paused', 'ended']),
    )

    await say(number, '/agent say "Mind the third"')
    const [, second, ...others] = await runsOn(number)
    expect(others).toEqual([])
    expect(second).toMatchObject({ conclusion: 'completed', sessionId: first?.sessionId, continuesRunId: first?.id })
    expect(second?.heldMicroUsd).toBe(20_000_000n - (first?.spentMicroUsd ?? 0n))
    const calls = there(model)
      .calls()
      .filter(({ request }) => JSON.stringify(request.messages).includes('Goal: pause'))
    const [before, after] = [calls[0]?.request.messages ?? [], calls.at(-1)?.request.messages ?? []]
    expect(JSON.stringify(after.slice(0, before.length))).toBe(JSON.stringify(before))
    const octokit = new Octokit({ baseUrl: there(github).url, auth: there(github).tokenOf('mira') })
    const { data } = await octokit.repos.getCommit({ ...repository, ref: second?.deliveredSha ?? '' })
    expect(data.files?.map(({ filename }) => filename).sort()).toEqual(['first.js', 'third.js'])
  },
  JOBS_TIMEOUT_MS,
)

test(
  'a session that used up its ceiling is capped, and goes on only when that is raised',
  async () => {
    const number = await openPull('capping')
    // Each answer costs most of what it may, until no useful one fits any more.
    let isRaised = false
    const look: Turn = (request) => ({
      ...(isRaised
        ? { text: 'Looked at.' }
        : { toolCalls: [{ name: 'run', arguments: { command: `echo ${request.messages.length}` } }] }),
      usage: { input: 100, output: isRaised ? 10 : Math.floor(0.9 * (request.max_completion_tokens ?? 0)) },
    })
    there(model).use(conversation('Goal: cap', [look]))
    await say(number, '/agent chore goal=cap cap=0.40')
    const [first] = await runsOn(number)
    expect(first).toMatchObject({ conclusion: 'capped', reason: 'cap-reached', heldMicroUsd: 400_000n })
    const spent = first?.spentMicroUsd ?? 0n
    expect(spent).toBeGreaterThan(200_000n)
    expect(spent).toBeLessThanOrEqual(400_000n)

    await say(number, '/agent resume')
    expect(await runsOn(number)).toHaveLength(1)
    const refusal = (await repliesOn(number)).at(-1) ?? ''
    expect(refusal).toContain('Reason `session-used-up`')
    expect(refusal).toContain('left under its ceiling of $0.40')

    isRaised = true
    await say(number, '/agent resume cap=1')
    const [, second] = await runsOn(number)
    expect(second).toMatchObject({ conclusion: 'completed', heldMicroUsd: 1_000_000n - spent })
    expect(spent + (second?.spentMicroUsd ?? 0n)).toBeLessThanOrEqual(1_000_000n)
  },
  JOBS_TIMEOUT_MS,
)
