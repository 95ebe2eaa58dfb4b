/** The files that README shows are put into a repository as they stand there, and a push makes them work. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { readBuiltInLayer, readKeptPrices } from '../../catalog/built-in.ts'
import { loadConfiguration } from '../../core/config/load.ts'
import { sumProject } from '../action/job-world.ts'
import { sandboxed } from '../action/sandboxed.ts'
import type { GitHub, Model } from '../world/contract.ts'
import { startGitHub } from '../world/github.ts'
import { startModel } from '../world/model.ts'
import type { Script } from '../world/model-contract.ts'

const repository = { owner: 'acme', repo: 'sum' }
const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const WORKFLOW = '.github/workflows/changelog.yml'
const PORTFOLIOS = '.github/purser/portfolios.yml'

/** By the path that stands in their first line. */
const shown = Object.fromEntries(
  [...README.matchAll(/^```yaml\n# (\S+)\n([\s\S]*?)^```$/gm)].map(([, path = '', text = '']) => [path, text]),
)

const ENTRY = '# Changelog\n\n## Unreleased\n\n### Added\n\n- `product` multiplies two numbers.\n'
const writes: Script = ({ messages }) =>
  messages.some(({ role }) => role === 'assistant')
    ? { text: 'Note the product\n\nA new function for users.' }
    : { toolCalls: [{ name: 'write', arguments: { path: 'CHANGELOG.md', content: ENTRY } }] }

let dir: string
let model: Model
let github: GitHub

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'purser-readme-'))
  model = await startModel({ scripts: [writes] })
  github = await startGitHub({
    dir,
    app: { webhookSecret: 'nobody listens' },
    seed: { ...repository, users: { mira: 'maintain' }, files: { ...sumProject, ...shown } },
    actions: {
      action: inject('action'),
      secrets: { OPENAI_API_KEY: 'sk-canary-of-the-readme-0123456789' },
      extraEnv: { OPENAI_BASE_URL: model.url, ...sandboxed },
      skip: ({ run }) => run.includes('sudo'),
    },
  })
})
afterAll(async () => {
  await github.close()
  await model.close()
  rmSync(dir, { recursive: true, force: true })
})

test('shows both files, and what is declared has no problems', () => {
  expect(Object.keys(shown).toSorted()).toEqual([PORTFOLIOS, WORKFLOW])
  const files = new Map([['portfolios.yml', shown[PORTFOLIOS] ?? '']])
  const layer = { name: 'repository', root: '.github/purser', files } as const
  const loaded = loadConfiguration([readBuiltInLayer(), layer], '2026-11-20', readKeptPrices().keys())
  expect('problems' in loaded ? loaded.problems : loaded.configuration.warnings).toEqual([])
})

test('a push has its changelog written by the first job and brought by the second as a pull request', async () => {
  const push = { branch: 'main', files: { 'product.js': 'export const product = (a, b) => a * b\n' } }
  await github.person('mira').push(push)
  await github.settled()
  const run = github.actions.runs().at(-1)
  const log = JSON.stringify(run?.jobs.map(({ steps }) => steps.map(({ log }) => log)))
  expect(run?.problem).toBeNull()
  expect(
    run?.jobs.map(({ key, conclusion }) => [key, conclusion]),
    log,
  ).toEqual([
    ['changelog', 'success'],
    ['deliver', 'success'],
  ])
  expect(model.calls()).toHaveLength(2)
  expect(JSON.stringify(run?.jobs[1])).not.toContain('sk-canary')
  const octokit = new Octokit({ baseUrl: github.url, auth: github.tokenOf('mira') })
  const { data: pulls } = await octokit.pulls.list({ ...repository, state: 'open' })
  expect(pulls.map(({ title, base }) => [title, base.ref])).toEqual([['changelog: Note the product', 'main']])
  const ref = pulls[0]?.head.ref ?? ''
  const { data } = await octokit.repos.getContent({ ...repository, path: 'CHANGELOG.md', ref })
  expect(Buffer.from('content' in data ? data.content : '', 'base64').toString()).toBe(ENTRY)
})

test('a refused run fails the job, as the snippet asks for', async () => {
  const unpaid = (shown[PORTFOLIOS] ?? '').replace(/^ {2}writing:\n( {4}.*\n)*/m, '')
  await github.person('mira').push({ branch: 'main', files: { [PORTFOLIOS]: unpaid } })
  await github.settled()
  const run = github.actions.runs().at(-1)
  expect(run?.jobs.map(({ key, conclusion }) => [key, conclusion])).toEqual([
    ['changelog', 'failure'],
    ['deliver', 'skipped'],
  ])
  expect(JSON.stringify(run?.jobs[0]?.steps)).toContain('no-portfolio')
  expect(model.calls()).toHaveLength(2)
})
