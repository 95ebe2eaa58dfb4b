import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Octokit } from '@octokit/rest'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GitHub } from './contract.ts'
import { startGitHub } from './github.ts'
import { startReceiver } from './receiver.ts'

const webhookSecret = 'a webhook secret'
const repo = { owner: 'acme', repo: 'shop' }

const workflow = `
name: Purser
on:
  workflow_dispatch:
    inputs:
      goal: { required: true }
      mood: { default: calm }
  push: { branches: [main], paths: [trigger.txt] }
permissions: { contents: read, id-token: write }
jobs:
  run:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
        with: { persist-credentials: false }
      - id: purser
        uses: acme/purser@main
        env: { MODEL_KEY: "\${{ secrets.MODEL_KEY }}" }
        with: { goal: "\${{ inputs.goal || github.event_name }}", api-key: "\${{ secrets.MODEL_KEY }}" }
      - uses: someone/else@v1
      - run: test -f README.md && echo "greeting=\${{ steps.purser.outputs.greeting }}!" >> "$GITHUB_OUTPUT"
      - if: failure()
        run: exit 3
`

const slow = `
on: { workflow_dispatch: {} }
jobs:
  wait:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/purser@main
        with: { goal: wait }
      - run: echo never
`

const actionYml = `
name: fixture
inputs:
  goal: { required: true }
  api-key: {}
  audience: { default: purser }
  github-token: { default: "\${{ github.token }}" }
runs: { using: node24, main: main.mjs, post: post.mjs }
`

const main = `
import { appendFileSync } from 'node:fs'
const say = (file, text) => appendFileSync(process.env[file], text)
if (process.env.INPUT_GOAL === 'wait') {
  say('GITHUB_STATE', 'waited=yes\\n')
  process.on('SIGINT', () => process.exit(130))
  appendFileSync(process.env.GITHUB_WORKSPACE + '/ready', '')
  setInterval(() => {}, 1000)
} else {
  const ask = await fetch(process.env.ACTIONS_ID_TOKEN_REQUEST_URL + '&audience=' + process.env.INPUT_AUDIENCE, {
    headers: { authorization: 'bearer ' + process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN },
  })
  const { value } = await ask.json()
  const api = process.env.GITHUB_API_URL + '/repos/' + process.env.GITHUB_REPOSITORY
  const headers = { authorization: 'Bearer ' + process.env['INPUT_GITHUB-TOKEN'] }
  const read = await fetch(api + '/contents/README.md', { headers })
  const write = await fetch(api + '/git/blobs', { method: 'POST', headers, body: '{"content":"x"}' })
  const comment = await fetch(api + '/issues', { method: 'POST', headers, body: '{"title":"x"}' })
  console.log('::add-mask::hush')
  console.log('hush, the key is ' + process.env['INPUT_API-KEY'])
  console.log('::stop-commands::tok')
  console.log('::error::not a command')
  console.log('::tok::')
  console.log('::warning file=a.ts,line=1::mind the gap')
  say('GITHUB_OUTPUT', 'greeting=' + process.env.INPUT_GOAL + '\\ntoken<<EOF\\n' + value + '\\nEOF\\n')
  say('GITHUB_OUTPUT', 'statuses=' + [read.status, write.status, comment.status] + '\\n')
  say('GITHUB_OUTPUT', 'inherited=' + String(process.env.WORLD_TEST_CANARY) + '\\n')
  say('GITHUB_STATE', 'left=behind\\n')
  say('GITHUB_STEP_SUMMARY', '# done\\n')
}
`

const post = `console.log('post saw ' + (process.env.STATE_left ?? process.env.STATE_waited) + ' at ' + process.env.INPUT_GOAL)`

const quiet = () => undefined
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }

const dir = mkdtempSync(join(tmpdir(), 'world-actions-test-'))
const receiver = await startReceiver(webhookSecret)
const { events } = receiver
let github: GitHub
let app: Octokit

beforeAll(async () => {
  process.env.WORLD_TEST_CANARY = 'leaked'
  const action = join(dir, 'action')
  mkdirSync(action)
  const files = { 'action.yml': actionYml, 'main.mjs': main, 'post.mjs': post }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(action, name), text)
  github = await startGitHub({
    dir: join(dir, 'world'),
    app: { webhookUrl: receiver.url, webhookSecret },
    seed: {
      ...repo,
      files: { 'README.md': '# shop\n', '.github/workflows/purser.yml': workflow, '.github/workflows/slow.yml': slow },
      users: { mia: 'maintain' },
    },
    actions: { action, secrets: { MODEL_KEY: 'sk-canary' } },
  })
  app = new Octokit({ baseUrl: github.url, auth: await github.app.token(), log })
})

afterAll(async () => {
  delete process.env.WORLD_TEST_CANARY
  await github.close()
  await receiver.close()
  rmSync(dir, { recursive: true, force: true })
})

describe('Actions', () => {
  const dispatch = (workflow_id: string, inputs: Record<string, string> = {}) =>
    app.request('POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches', {
      ...repo,
      workflow_id,
      ref: 'main',
      inputs,
      return_run_details: true,
    })

  test('starts the Action as the runner does, with a token that cannot write and an identity that verifies', async () => {
    const { status, data } = await dispatch('purser.yml', { goal: 'greet' })
    expect(status).toBe(200)
    await github.settled()
    const id = (data as { workflow_run_id: number }).workflow_run_id
    const run = github.actions.runs().find((one) => one.id === id)
    expect(run).toMatchObject({
      event: 'workflow_dispatch',
      status: 'completed',
      conclusion: 'success',
      problem: null,
      inputs: { goal: 'greet', mood: 'calm' },
      actor: 'purser[bot]',
    })
    const [checkout, action, other, shell, failure] = run?.jobs[0]?.steps ?? []
    expect(checkout?.conclusion).toBe('success')
    expect(action).toMatchObject({
      exitCode: 0,
      state: { left: 'behind' },
      summary: '# done\n',
      annotations: [{ level: 'warning', message: 'mind the gap' }],
    })
    expect(action?.outputs).toMatchObject({ greeting: 'greet', statuses: '200,403,403', inherited: 'undefined' })
    expect(action?.log).toBe('***, the key is ***\n::error::not a command\nwarning: mind the gap\n')
    expect(action?.post).toEqual({ exitCode: 0, log: 'post saw behind at greet\n' })
    expect(other).toMatchObject({ conclusion: 'skipped', log: expect.stringContaining('someone/else@v1') })
    expect(shell?.outputs).toEqual({ greeting: 'greet!' })
    expect(failure).toMatchObject({ conclusion: 'skipped', exitCode: null })

    const keys = createRemoteJWKSet(new URL(`${github.oidc.issuer}/.well-known/jwks`))
    const { payload } = await jwtVerify(action?.outputs.token ?? '', keys, {
      issuer: github.oidc.issuer,
      audience: 'purser',
    })
    expect(payload).toMatchObject({
      repository: 'acme/shop',
      repository_id: String(github.repository.id),
      run_id: String(id),
      run_attempt: '1',
      event_name: 'workflow_dispatch',
      workflow_ref: 'acme/shop/.github/workflows/purser.yml@refs/heads/main',
      check_run_id: String(run?.jobs[0]?.checkRunId),
    })
    const forged = await github.oidc.sign('purser', { repository: 'acme/shop' }, { key: true })
    await expect(jwtVerify(forged, keys, { issuer: github.oidc.issuer, audience: 'purser' })).rejects.toThrow(
      /signature/,
    )

    expect(events('workflow_job').map((one) => one.action)).toEqual(['queued', 'in_progress', 'completed'])
    expect(events('workflow_run', 'completed').at(-1)).toMatchObject({ workflow_run: { id, conclusion: 'success' } })
    expect((await app.actions.getWorkflowRun({ ...repo, run_id: id })).data).toMatchObject({
      status: 'completed',
      conclusion: 'success',
    })
    expect((await app.actions.listJobsForWorkflowRun({ ...repo, run_id: id })).data.jobs[0]).toMatchObject({
      run_id: id,
      conclusion: 'success',
    })
  })

  test('refuses a dispatch whose inputs are wrong', async () => {
    await expect(dispatch('purser.yml')).rejects.toMatchObject({ status: 422 })
    await expect(dispatch('purser.yml', { goal: 'x', invented: 'y' })).rejects.toMatchObject({ status: 422 })
    await expect(dispatch('absent.yml')).rejects.toMatchObject({ status: 404 })
  })

  test('starts what listens to pushes of the default branch, by path', async () => {
    const before = github.actions.runs().length
    await github.person('mia').push({ branch: 'main', files: { 'other.txt': 'x' } })
    await github.person('mia').push({ branch: 'main', files: { 'trigger.txt': 'x' } })
    await github.settled()
    const started = github.actions.runs().slice(before)
    expect(started).toMatchObject([{ event: 'push', workflow: '.github/workflows/purser.yml', actor: 'mia' }])
    expect(started[0]?.jobs[0]?.steps[1]?.outputs.greeting).toBe('push')
  })

  test('cancels with an interrupt, runs post and skips the rest', async () => {
    const { data } = await dispatch('slow.yml')
    const id = (data as { workflow_run_id: number }).workflow_run_id
    const run = github.actions.runs().find((one) => one.id === id)
    await expect.poll(() => existsSync(join(run?.jobs[0]?.workspace ?? '', 'ready')), { timeout: 10_000 }).toBe(true)
    github.actions.cancel(id)
    await github.settled()
    expect(run).toMatchObject({ conclusion: 'cancelled' })
    expect(run?.jobs[0]?.steps).toMatchObject([
      { conclusion: 'cancelled', exitCode: 130, post: { exitCode: 0 } },
      { conclusion: 'skipped' },
    ])
  })

  test('can accept a dispatch whose job never starts', async () => {
    github.actions.neverStart()
    const { data } = await dispatch('purser.yml', { goal: 'wait for ever' })
    await github.settled()
    const run_id = (data as { workflow_run_id: number }).workflow_run_id
    expect((await app.actions.getWorkflowRun({ ...repo, run_id })).data).toMatchObject({
      status: 'queued',
      conclusion: null,
    })
  })
})

describe('a lost runner and a second attempt', () => {
  test('end without post, and start again under the same id', async () => {
    const { data } = await app.request('POST /repos/{owner}/{repo}/actions/workflows/{file}/dispatches', {
      ...repo,
      file: 'slow.yml',
      ref: 'main',
      return_run_details: true,
    })
    const run = github.actions.runs().find((one) => one.id === data.workflow_run_id)
    const ready = () => existsSync(join(run?.jobs[0]?.workspace ?? '', 'ready'))
    await expect.poll(ready, { timeout: 10_000 }).toBe(true)
    github.actions.lose(data.workflow_run_id)
    await github.settled()
    expect(run).toMatchObject({
      attempt: 1,
      conclusion: 'cancelled',
      jobs: [{ steps: [{ post: null }, { conclusion: 'skipped' }] }],
    })
    await app.actions.reRunWorkflow({ ...repo, run_id: data.workflow_run_id })
    await expect.poll(ready, { timeout: 10_000 }).toBe(true)
    expect(run).toMatchObject({ attempt: 2, status: 'in_progress', conclusion: null })
    github.actions.lose(data.workflow_run_id)
    await github.settled()
  })
})
