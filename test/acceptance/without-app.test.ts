/** A repository without an App: one job works and may not write, another delivers and has no key. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { parse } from 'yaml'
import { deliverInputNames, deliverOutputNames } from '../../action/job/deliver-io.ts'
import { ACTIONS_WORKFLOW, starterActionsWorkflow } from '../../cli/write/starter.ts'
import { quickWorkflow, sumProject } from '../action/job-world.ts'
import { sandboxed } from '../action/sandboxed.ts'
import { HOSTILE, hostileReview, nothingActive } from '../app/hostile-words.ts'
import type { ActionsRun, GitHub, Model } from '../world/contract.ts'
import { startGitHub } from '../world/github.ts'
import { startModel } from '../world/model.ts'
import type { Script } from '../world/model-contract.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const repository = { owner: 'acme', repo: 'sum' }
const KEY = 'sk-canary-of-the-second-job-0123456789'

const portfolios = `version: 1
values: { quality: { measure: rework-and-reverts } }
models: { default: test-model, prices: { test-model: { input: 1.00, cached: 0.10, output: 4.00 } } }
portfolios:
  upkeep: { purpose: Keep the code sound, value: quality, workflows: [mend], budget: { usd: 10, per: month } }
`
const agent = '---\nname: fixer\ndescription: Mends code\ntools: [edit, run]\n---\nYou mend code.\n'
const workflow = quickWorkflow.replace('on: [push]\n', '').replace('deliver: pull-request', 'deliver: commit')
const actions = starterActionsWorkflow('acme/purser@main')
  .replace('on:\n', 'on:\n  pull_request_target:\n')
  .replace('          # workflow:', '          workflow:')
  .replaceAll("${{ github.event_name == 'push' && 'changelog' || '' }}", 'mend')

const edit = { toolCalls: [{ name: 'edit', arguments: { path: 'sum.js', old: 'a - b', new: 'a + b' } }] }
const mends: Script = ({ messages }) =>
  messages.some(({ role }) => role === 'assistant') ? { text: 'Add instead of subtract\n\nThanks @octocat.' } : edit

let dir: string
let model: Model
let github: GitHub
let octokit: Octokit
let pulls = 0

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'purser-without-app-'))
  model = await startModel({ scripts: [mends] })
  github = await startGitHub({
    dir,
    app: { webhookSecret: 'nobody listens' },
    seed: {
      ...repository,
      users: { mira: 'maintain' },
      files: {
        ...sumProject,
        'docs/prices.md': 'All in USD.\n',
        [ACTIONS_WORKFLOW]: actions,
        '.github/purser/portfolios.yml': portfolios,
        '.github/purser/catalog/mend/workflow.yml': workflow,
        '.github/purser/catalog/mend/mend.md': 'Goal: ${{ inputs.goal }}\n',
        '.github/purser/catalog/agents/fixer.agent.md': agent,
      },
    },
    actions: {
      action: inject('action'),
      secrets: { OPENAI_API_KEY: KEY },
      extraEnv: { OPENAI_BASE_URL: model.url, ...sandboxed },
      skip: ({ run }) => run.includes('sudo'),
    },
  })
  octokit = new Octokit({ baseUrl: github.url, auth: github.tokenOf('mira') })
})
afterAll(async () => {
  await github.close()
  await model.close()
  rmSync(dir, { recursive: true, force: true })
})

/** A pull request whose tests fail: the Actions workflow of the default branch starts. */
async function openPull(): Promise<{ run: ActionsRun; head: string; commits: () => ReturnType<typeof commitsOf> }> {
  pulls += 1
  const branch = `work-${pulls}`
  const pull = { branch, title: 'Sum', files: { 'note.txt': `${pulls}\n` } }
  const { head } = await github.person('mira').openPull(pull)
  await github.settled()
  const run = github.actions.runs().at(-1)
  if (run === undefined) throw new Error('no Actions run was started')
  return { run, head, commits: () => commitsOf(branch) }
}

const commitsOf = async (sha: string) => (await octokit.repos.listCommits({ ...repository, sha, per_page: 10 })).data
const jobOf = (run: ActionsRun, key: string) => run.jobs.find((job) => job.key === key)
const deliverStep = (run: ActionsRun) => jobOf(run, 'deliver')?.steps.find(({ name }) => name === 'Deliver')

describe('the second job', () => {
  test('puts the work onto the head as one commit, and its own token is the only one that writes', async () => {
    const before = github.calls().length
    const { run, head, commits } = await openPull()
    expect(run.problem).toBeNull()
    expect(run.jobs.map(({ key, conclusion }) => [key, conclusion])).toEqual([
      ['run', 'success'],
      ['deliver', 'success'],
    ])
    const [made, ...older] = await commits()
    expect(older[0]?.sha).toBe(head)
    expect(made?.commit.message).toMatch(/^mend: Make the tests pass\n\nAdd instead of subtract/)
    expect(made?.commit.message).toMatch(new RegExp(`\nPurser-Session: actions-${run.id}\nPurser-Run: [0-9a-f]{16}$`))
    expect(made?.commit.message).not.toContain('@octocat')
    expect(deliverStep(run)?.outputs).toEqual({ conclusion: 'completed', reason: '', delivery: made?.html_url })
    expect(deliverStep(run)?.summary).toContain(made?.html_url)
    const { data } = await octokit.repos.getContent({ ...repository, path: 'sum.js', ref: 'work-1' })
    expect(Buffer.from('content' in data ? data.content : '', 'base64').toString()).toContain('a + b')
    const writes = github.calls().slice(before)
    expect(writes.filter(({ method, who }) => method !== 'GET' && who === 'job').length).toBeGreaterThan(0)
    const second = JSON.stringify(jobOf(run, 'deliver'))
    expect(second).not.toContain('sk-canary')
    expect(model.calls()).toHaveLength(2)
  })

  test('that dies after GitHub has acted finds its commit when it is run again, and the first job is not', async () => {
    github.fail({ method: 'PATCH', path: /\/git\/refs\//, status: 502, afterActing: true })
    github.fail({ method: 'GET', path: /\/repos\/acme\/sum\/commits$/, status: 500, times: 2 })
    const { run, head, commits } = await openPull()
    expect(run.jobs.map(({ conclusion }) => conclusion)).toEqual(['success', 'failure'])
    const calls = model.calls().length
    await octokit.actions.reRunWorkflowFailedJobs({ ...repository, run_id: run.id })
    await github.settled()
    expect(run.jobs.map(({ conclusion }) => conclusion)).toEqual(['success', 'success'])
    expect(model.calls()).toHaveLength(calls)
    const [made, parent] = await commits()
    expect(parent?.sha).toBe(head)
    expect(deliverStep(run)?.outputs.delivery).toBe(made?.html_url)
  })

  test('believes nothing of the report: its guards come from the default branch', async () => {
    const { run, head, commits } = await forged((report) => {
      report.conclusion = 'completed'
      report.delivery.changeset.files[0].path = '.github/workflows/ci.yml'
    })
    expect((await commits())[0]?.sha).toBe(head)
    expect(deliverStep(run)?.outputs).toMatchObject({ conclusion: 'withheld', reason: 'guard-paths' })
    expect(deliverStep(run)?.outputs.delivery).toBe(`${github.url}/acme/sum/actions/runs/${run.id}`)
  })

  test('replaces no folder by a file: what is in it no guard has seen', async () => {
    const { run, head, commits } = await forged((report) => {
      report.conclusion = 'completed'
      report.delivery.changeset.files[0].path = 'docs'
    })
    expect((await commits())[0]?.sha).toBe(head)
    expect(deliverStep(run)?.outputs).toMatchObject({ conclusion: 'withheld', reason: 'guard-files' })
  })
})

// biome-ignore lint/suspicious/noExplicitAny: a report is broken on purpose here.
type Json = any

test('work that a person has to approve first goes to a side branch, since a job can’t wait', async () => {
  const asking = { '.github/purser/catalog/mend/workflow.yml': `${workflow}approve: true\n` }
  await github.person('mira').push({ branch: 'main', files: asking })
  await github.settled()
  const { run, head, commits } = await openPull()
  expect((await commits())[0]?.sha).toBe(head)
  const branch = `purser/actions-${run.id}`
  const delivery = expect.stringContaining(branch)
  expect(deliverStep(run)?.outputs).toEqual({ conclusion: 'withheld', reason: 'unapproved', delivery })
  expect(deliverStep(run)?.summary).toContain('nobody here who could be asked')
  expect((await commitsOf(branch)).map(({ sha }) => sha)).toContain(head)
  await github.person('mira').push({ branch: 'main', files: { '.github/purser/catalog/mend/workflow.yml': workflow } })
  await github.settled()
})

test('findings with suggestions stand on their lines, and nothing in them does anything', async () => {
  const reviewing = workflow.replace('deliver: commit', 'deliver: review')
  await github.person('mira').push({ branch: 'main', files: { '.github/purser/catalog/mend/workflow.yml': reviewing } })
  await github.settled()
  const submitting = { method: 'POST', path: /\/reviews$/ }
  const { run } = await forged((report) => {
    // What was submitted is found by the next try, under the login of the job's token.
    github.fail({ ...submitting, status: 502, afterActing: true })
    const [, second, third] = hostileReview.findings
    const findings = [{ ...second, path: 'note.txt', line: 1 }, third]
    report.conclusion = 'completed'
    report.delivery = { title: 'Findings', body: HOSTILE, review: { ...hostileReview, findings } }
  }, submitting)
  expect(deliverStep(run)?.outputs).toMatchObject({ conclusion: 'completed', reason: '' })
  const submitted = github.calls().filter(({ method, path }) => method === 'POST' && submitting.path.test(path))
  // Three in vain before the report was changed, and one.
  expect(submitted).toHaveLength(4)
  const review = github.calls().findLast(({ method, path }) => method === 'POST' && submitting.path.test(path))
  expect(review).toMatchObject({ who: 'job', body: { event: 'COMMENT', comments: [{ path: 'note.txt', line: 1 }] } })
  const text = JSON.stringify(review?.body)
  expect(text).toContain('```suggestion\\nexport const sum = 3\\n```')
  nothingActive([text, String(deliverStep(run)?.summary)])
  await github.person('mira').push({ branch: 'main', files: { '.github/purser/catalog/mend/workflow.yml': workflow } })
  await github.settled()
})

/** A run whose report somebody has changed before the second job fetches it; `delivering`: what that job can't do without. */
async function forged(
  forge: (report: Json) => void,
  delivering = { method: 'GET', path: /\/pulls\/\d+$/ },
): ReturnType<typeof openPull> {
  github.fail({ ...delivering, status: 500, times: 3 })
  const opened = await openPull()
  const path = join(dir, 'artifacts', String(opened.run.id), 'purser-run-1/report.json')
  const report = JSON.parse(readFileSync(path, 'utf8'))
  forge(report)
  writeFileSync(path, JSON.stringify(report))
  await octokit.actions.reRunWorkflowFailedJobs({ ...repository, run_id: opened.run.id })
  await github.settled()
  return opened
}

test('`delivery/action.yml` declares the inputs that are read and the outputs that are written', () => {
  const declared = parse(readFileSync(join(root, 'delivery/action.yml'), 'utf8'))
  expect(Object.keys(declared.inputs)).toEqual([...deliverInputNames])
  expect(Object.keys(declared.outputs)).toEqual([...deliverOutputNames])
})
