/** GitHub's stand-in and the started App for one test file, with a hand that plays the runner over HTTP. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { Octokit } from '@octokit/rest'
import { z } from 'zod'
import type { AppOptions } from '../../app/options.ts'
import { type StartedApp, startApp } from '../../app/start.ts'
import { claimAnswerSchema, OIDC_AUDIENCE } from '../../core/run/protocol.ts'
import { type Report, reportSchema } from '../../core/run/report.ts'
import type { Run } from '../../prisma/client/client.ts'
import type { Files, GitHub, JobClaims, Seed } from '../world/contract.ts'
import { startGitHub } from '../world/github.ts'
import { untilQuiet } from '../world/quiet.ts'
import { migratedDatabase } from './database/migrated.ts'
import { roomFor } from './database/server.ts'

export const OWNER = 'acme'
export const REPO = 'shop'
export const WEBHOOK_SECRET = 'a-secret-of-the-tests'
/** A working tree's `.github/workflows/purser.yml` is never run in these tests; it only has to be there. */
const ACTIONS_WORKFLOW =
  'name: Purser\non:\n  workflow_dispatch:\n    inputs:\n      run: { required: true }\njobs:\n  run:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: "true"\n'

export const PORTFOLIOS = `version: 1
values:
  quality: { measure: rework-and-reverts }
models:
  default: gpt-5-mini
portfolios:
  refactoring:
    purpose: Safer, faster refactors
    value: quality
    workflows: [refactor+tests, review, changelog]
    budget: { usd: 40, per: month }
    overrides: { cap: 2x }
`

export interface Stage {
  readonly github: GitHub
  readonly app: StartedApp
  readonly octokit: Octokit
  /** All that the App has logged. */
  log(): string
  settled(): Promise<void>
  /** Comments with a command and waits until all that follows is done. */
  say(login: string, number: number, body: string): Promise<number>
  /** What the App wrote on a pull request or an issue, oldest first. */
  replies(number: number): Promise<readonly string[]>
  /** The newest run on a pull request. */
  runOn(number: number): Promise<Run>
  /** A new pull request with one changed file. */
  openPull(files?: Files): Promise<{ number: number; branch: string; head: string }>
  /** As if the run's hold had been taken that much earlier on the database's clock. */
  age(run: Run, hours: number): Promise<void>
  /** Somebody who plays the job of a dispatched run. */
  runnerOf(run: Run): Promise<Runner>
  token(claims?: Partial<JobClaims>, forge?: { key?: boolean; issuer?: string; expired?: boolean }): Promise<string>
  post(path: string, token: string, body: unknown): Promise<{ status: number; json: Record<string, unknown> }>
  close(): Promise<void>
}

export interface Runner {
  readonly claim: z.output<typeof claimAnswerSchema>
  events(body: object): Promise<{ status: number; json: Record<string, unknown> }>
  finish(report: Partial<Report>): Promise<{ status: number; json: Record<string, unknown> }>
}

export interface StageOptions {
  readonly portfolios?: string
  readonly promotion?: string
  readonly files?: Files
  /** Further repositories of the owner, by name. */
  readonly others?: Seed['others']
  readonly privates?: Seed['privates']
  /** The first of them looks at what came of it. */
  readonly users?: Seed['users']
  /** Who opens pull requests; `dev` when left out. */
  readonly author?: string
  readonly app?: Partial<AppOptions>
  /** GitHub's clock. */
  readonly now?: () => Date
}

export async function setStage(options: StageOptions = {}): Promise<Stage> {
  // A small file on a disk takes many times what it takes in memory, and each commit is several.
  const dir = mkdtempSync(join(await roomFor(false), 'purser-app-'))
  const github = await startGitHub({
    dir,
    app: { webhookSecret: WEBHOOK_SECRET },
    seed: {
      owner: OWNER,
      repo: REPO,
      files: {
        'README.md': '# Shop\n',
        'src/total.js': 'export const total = (a, b) => a + b\n',
        '.github/workflows/purser.yml': ACTIONS_WORKFLOW,
        '.github/purser/portfolios.yml': options.portfolios ?? PORTFOLIOS,
        ...(options.promotion === undefined ? {} : { '.github/purser/promotion.yml': options.promotion }),
        ...options.files,
      },
      ...(options.others === undefined ? {} : { others: options.others }),
      ...(options.privates === undefined ? {} : { privates: options.privates }),
      users: options.users ?? { mira: 'maintain', dev: 'write', guest: 'read' },
    },
    actions: { action: dir },
    ...(options.now === undefined ? {} : { now: options.now }),
  })
  // The jobs' part is played by hand.
  github.actions.neverStart(1000)
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const given = options.app?.databaseUrl !== undefined || options.app?.dataDir !== undefined
  const database = given ? undefined : await migratedDatabase()
  const app = await startApp({
    appId: github.app.id,
    privateKey: github.app.privateKey,
    webhookSecret: WEBHOOK_SECRET,
    githubUrl: github.url,
    oidcIssuers: [github.oidc.issuer],
    throttle: false,
    ...database?.options,
    // As if it had long been up.
    upMs: () => Number.POSITIVE_INFINITY,
    sweeps: false,
    log: { level: 'debug', destination },
    ...options.app,
  })
  github.hooks.target(`${app.url}/api/github/webhooks`)
  const octokit = new Octokit({
    baseUrl: github.url,
    auth: github.tokenOf(Object.keys(options.users ?? { mira: 1 })[0] ?? 'mira'),
  })
  let pulls = 0

  const settled = (): Promise<void> => untilQuiet(github, app)

  const claims = (more: Partial<JobClaims> = {}): JobClaims => ({
    repository: `${OWNER}/${REPO}`,
    repository_id: String(github.repository.id),
    event_name: 'workflow_dispatch',
    ref: 'refs/heads/main',
    sha: 'a'.repeat(40),
    workflow_ref: `${OWNER}/${REPO}/.github/workflows/purser.yml@refs/heads/main`,
    run_id: '1',
    run_attempt: '1',
    check_run_id: '1',
    ...more,
  })

  const token: Stage['token'] = (more, forge) => github.oidc.sign(OIDC_AUDIENCE, claims(more), forge)

  const post: Stage['post'] = async (path, bearer, body) => {
    const response = await fetch(`${app.url}/api/v1/runs${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await response.text()
    return { status: response.status, json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} }
  }

  const stage: Stage = {
    github,
    app,
    octokit,
    log: () => lines.join(''),
    settled,
    async say(login, number, body) {
      const id = await github.person(login).comment(number, body)
      await settled()
      return id
    },
    async replies(number) {
      const { data } = await octokit.issues.listComments({
        owner: OWNER,
        repo: REPO,
        issue_number: number,
        per_page: 100,
      })
      return data.filter(({ user }) => user?.type === 'Bot').map(({ body }) => body ?? '')
    },
    async runOn(number) {
      return app.database.prisma.run.findFirstOrThrow({
        where: { subjectKey: `pull-request:${number}` },
        orderBy: { createdAt: 'desc' },
      })
    },
    async openPull(files) {
      pulls += 1
      const pull = await github.person(options.author ?? 'dev').openPull({
        branch: `work-${pulls}`,
        title: `Change number ${pulls}`,
        files: files ?? { 'src/total.js': `export const total = (...all) => all.reduce((a, b) => a + b, ${pulls})\n` },
      })
      await settled()
      return pull
    },
    async age({ id }, hours) {
      await app.database.prisma
        .$executeRaw`UPDATE run SET reserved_at = reserved_at - make_interval(hours => ${hours}) WHERE id = ${id}`
    },
    async runnerOf(run) {
      const job = { run_id: String(run.actionsRunId), check_run_id: randomUUID().replace(/\D/g, '').slice(0, 8) }
      const opened = await post(`/${run.id}/claim`, await token(job), { step: randomUUID() })
      if (opened.status !== 200) throw new Error(`claim: ${opened.status} ${JSON.stringify(opened.json)}`)
      const claim = z.decode(claimAnswerSchema, opened.json as z.input<typeof claimAnswerSchema>)
      return {
        claim,
        events: (body) => post(`/${run.id}/events`, claim.token, body),
        async finish(report) {
          const answer = await post(`/${run.id}/finish`, claim.token, z.encode(reportSchema, reportOf(report)))
          await settled()
          return answer
        },
      }
    },
    token,
    post,
    async close() {
      await settled()
      await app.close()
      await database?.drop()
      await github.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
  return stage
}

/** A clock that a test sets, and that goes on from there as GitHub's and the database's do. */
export function ticking(setTo: () => Date): () => Date {
  const since = Date.now()
  return () => new Date(setTo().getTime() + Date.now() - since)
}

export function reportOf(report: Partial<Report>): Report {
  return {
    version: 1,
    conclusion: 'completed',
    message: '',
    spentMicroUsd: 100_000n,
    inputTokens: 1000,
    cachedTokens: 0,
    outputTokens: 100,
    steps: [],
    calls: [],
    noCallSent: true,
    ...report,
  }
}

/** Work as a runner hands it over: one file's new content. */
export function workOn(baseSha: string, path: string, content: string, lines = 1): NonNullable<Report['delivery']> {
  return {
    title: 'Sum any number of amounts',
    body: 'One function takes them all now.',
    changeset: {
      baseSha,
      files: [
        {
          path,
          mode: '100644',
          contentBase64: Buffer.from(content).toString('base64'),
          addedLines: lines,
          deletedLines: 1,
        },
      ],
    },
  }
}
