/** A careless job around the real bundled Action, the real App, and a model that does whatever it was told. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { Octokit } from '@octokit/rest'
import { startApp } from '../../app/start.ts'
import type { Run } from '../../prisma/client/client.ts'
import { sandboxed } from '../action/sandboxed.ts'
import { migratedDatabase } from '../app/database/migrated.ts'
import type { Files, StepRun } from '../world/contract.ts'
import { startGitHub } from '../world/github.ts'
import { startModel } from '../world/model.ts'
import { conversation, type Turn } from '../world/model-script.ts'
import { untilQuiet } from '../world/quiet.ts'
import { start } from '../world/start.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const repository = { owner: 'acme', repo: 'shop' }

/** Made anew in every run, so that no file of this machine holds them but those they are put into. */
export const canaries = {
  key: `model-key-${randomUUID()}`,
  env: `job-env-${randomUUID()}`,
} as const

/** Credentials stay in `.git/config`, secrets lie in the job's folders: what a job should not do, and jobs do. */
const CARELESS_JOB = `
name: Purser
on: { workflow_dispatch: { inputs: { run: { required: true } } } }
permissions: { contents: read, id-token: write }
jobs:
  run:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v5
      - name: Careless
        run: |
          echo "$CANARY" | tee "$GITHUB_WORKSPACE/.env" "$RUNNER_TEMP/credentials" "$HOME/.netrc" > /dev/null
          echo "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" > "$RUNNER_TEMP/request-token"
          git config --get-regexp extraheader | sed 's/.* //' > "$RUNNER_TEMP/git-token"
      - name: Purser
        uses: acme/purser@main
        with:
          run: \${{ inputs.run }}
          app-url: \${{ vars.PURSER_APP_URL }}
          api-key: \${{ secrets.OPENAI_API_KEY }}
      - name: Later
        if: always()
        run: echo "planted=\${PLANTED:-nothing} path=$PATH preload=\${LD_PRELOAD:-none}"
`

const PORTFOLIOS = `version: 1
values: { quality: { measure: rework-and-reverts } }
models: { default: gpt-5-mini }
portfolios:
  chores: { purpose: Chores, value: quality, workflows: [chore], budget: { usd: 100, per: month } }
`

const CHORE = `name: chore
summary: Whatever the goal says
value: quality
on: [pull-request]
inputs: { goal: { type: string } }
steps:
  - { id: before, run: node check.js, on-failure: continue }
  - { id: work, agent: engineer, prompt: chore.md, turns: 8 }
guards: { diff: { files: 20, lines: 600 } }
deliver: commit
cap: { usd: 1 }
`

/** A pull request whose own check speaks to the runner. */
const CHECK = `console.log('::set-output name=conclusion::hijacked')
console.log('  ::add-mask::completed')
console.log('::error::hijacked')
console.log('\\r::stop-commands::hijacked')
console.log('##[error]hijacked')
console.log('::set-env name=PLANTED::hijacked')
`

/** What became of one pull request, everywhere it could be seen. */
export interface Deed {
  readonly pull: { readonly number: number; readonly branch: string; readonly head: string }
  readonly run: Run
  readonly steps: Readonly<Record<string, StepRun>>
  /** The folder of the job, with the tokens that the careless step wrote down. */
  readonly root: string
  /** What each tool answered, in order. */
  readonly told: readonly string[]
  /** The newest commit of the pull request's branch. */
  readonly commit: { readonly sha: string; readonly message: string; readonly files: readonly string[] }
  /** What the App wrote on the pull request. */
  readonly comments: string
  /** Everything that left the run, by the place where it could be read. */
  readonly places: Readonly<Record<string, string>>
}

export type VillainStage = Awaited<ReturnType<typeof setVillainStage>>

export async function setVillainStage() {
  const dir = mkdtempSync(join(tmpdir(), 'purser-villain-'))
  mkdirSync(join(dir, 'github'))
  const model = await startModel({ scripts: [] })
  const github = await startGitHub({
    dir: join(dir, 'github'),
    app: { webhookSecret: 'a-secret-of-the-tests' },
    seed: {
      ...repository,
      files: {
        'README.md': '# Shop\n',
        'check.js': "console.log('fine')\n",
        '.github/workflows/purser.yml': CARELESS_JOB,
        '.github/purser/portfolios.yml': PORTFOLIOS,
        '.github/purser/catalog/chore/workflow.yml': CHORE,
        '.github/purser/catalog/chore/chore.md': 'Goal: ${{ inputs.goal }}\n\n${{ subject.diff }}\n',
      },
      users: { mira: 'maintain', dev: 'write' },
    },
    actions: {
      action: ROOT,
      secrets: { OPENAI_API_KEY: canaries.key },
      extraEnv: { ...sandboxed, OPENAI_BASE_URL: model.url, CANARY: canaries.env },
    },
  })
  const logged: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      logged.push(String(chunk))
      done()
    },
  })
  const database = await migratedDatabase()
  const app = await startApp({
    sweeps: false,
    appId: github.app.id,
    privateKey: github.app.privateKey,
    webhookSecret: 'a-secret-of-the-tests',
    githubUrl: github.url,
    oidcIssuers: [github.oidc.issuer],
    throttle: false,
    ...database.options,
    log: { level: 'debug', destination },
  })
  github.hooks.target(`${app.url}/api/github/webhooks`)
  github.actions.vars({ PURSER_APP_URL: app.url })
  let branches = 0
  const octokit = new Octokit({ baseUrl: github.url, auth: github.tokenOf('mira') })

  const settled = (): Promise<void> => untilQuiet(github, app)

  async function databaseDump(): Promise<string> {
    const tables = await app.database.prisma.$queryRaw<{ name: string }[]>`
      SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS name FROM information_schema.tables
      WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`
    const texts = await Promise.all(
      tables.map(({ name }) =>
        app.database.prisma.$queryRawUnsafe(`SELECT row_to_json(t)::text AS row FROM ${name} t`),
      ),
    )
    return JSON.stringify(texts)
  }

  async function git(...args: string[]): Promise<string> {
    const { code, stdout } = await start('git', [`--git-dir=${github.repository.gitDir}`, ...args]).ended
    if (code !== 0) throw new Error(`git ${args.join(' ')} ended with ${code}`)
    return stdout.toString('utf8')
  }

  /** What is not of one deed alone. */
  const commonPlaces = async () => ({
    'the repository': await git('log', '--all', '-p', '--format=%an %ae %B'),
    'the database': await databaseDump(),
    'the log of the App': logged.join(''),
  })

  async function deedOf(name: string, pull: Deed['pull'], common: Deed['places']): Promise<Deed> {
    const run = await app.database.prisma.run.findFirstOrThrow({ where: { subjectKey: `pull-request:${pull.number}` } })
    const job = github.actions.runs().find(({ id }) => id === Number(run.actionsRunId))?.jobs[0]
    if (job === undefined) throw new Error(`no job ran for ${name}`)
    const steps = Object.fromEntries(job.steps.map((step) => [step.name, step]))
    const purser = steps.Purser
    const reportPath = purser?.outputs.report ?? ''
    // A run that never began proves nothing.
    if (reportPath === '') throw new Error(`no run of ${name}: ${purser?.log}`)
    const requests = model.calls().filter(({ request }) => JSON.stringify(request.messages[1]).includes(name))
    const last = requests.at(-1)?.request.messages ?? []
    const told = last.filter(({ role }) => role === 'tool').map(({ content }) => String(content))
    const { data: head } = await octokit.git.getRef({ ...repository, ref: `heads/${pull.branch}` })
    const [comments, reviews, checks] = await Promise.all([
      octokit.issues.listComments({ ...repository, issue_number: pull.number }),
      octokit.pulls.listReviews({ ...repository, pull_number: pull.number }),
      octokit.checks.listForRef({ ...repository, ref: pull.head }),
    ])
    const { sha } = head.object
    return {
      pull,
      run,
      steps,
      root: dirname(job.workspace),
      told,
      commit: {
        sha,
        message: await git('log', '-1', '--format=%B', sha),
        files: (await git('diff-tree', '-r', '--name-only', '--no-commit-id', pull.head, sha))
          .split('\n')
          .filter(Boolean),
      },
      comments: comments.data.flatMap(({ body, user }) => (user?.type === 'Bot' ? [body ?? ''] : [])).join('\n---\n'),
      places: {
        'the log': job.steps.map(({ log, post }) => log + (post?.log ?? '')).join('\n'),
        'the annotations': JSON.stringify(job.steps.map(({ annotations }) => annotations)),
        'the outputs': JSON.stringify(job.steps.map(({ outputs }) => outputs)),
        'the summary': job.steps.map(({ summary }) => summary).join('\n'),
        'the report': readFileSync(reportPath, 'utf8'),
        'the patch': readFileSync(join(dirname(reportPath), 'work.patch'), 'utf8'),
        'the comments, reviews and checks': JSON.stringify([comments.data, reviews.data, checks.data]),
        ...common,
      },
    }
  }

  return {
    github,
    /** Where the jobs' folders lie: somebody may well guess it. */
    dir,
    /** Gives each command on a pull request of its own and lets the model play its turns. */
    async play<Name extends string>(deeds: Record<Name, [Turn, ...Turn[]]>): Promise<Record<Name, Deed>> {
      const names = Object.keys(deeds) as Name[]
      const pulls = new Map<Name, Deed['pull']>()
      for (const name of names) {
        model.use(conversation(`Goal: ${name}\n`, deeds[name]))
        const files: Files = { 'check.js': CHECK, 'notes.txt': `${name}\n` }
        branches += 1
        const pull = { branch: `deed-${branches}`, title: name, files }
        pulls.set(name, await github.person('dev').openPull(pull))
      }
      await settled()
      for (const [name, { number }] of pulls) await github.person('dev').comment(number, `/agent chore goal="${name}"`)
      await settled()
      const done: [Name, Deed][] = []
      const common = await commonPlaces()
      for (const [name, pull] of pulls) done.push([name, await deedOf(name, pull, common)])
      return Object.fromEntries(done) as Record<Name, Deed>
    },
    async close(): Promise<void> {
      await settled()
      await app.close()
      await database.drop()
      await github.close()
      await model.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
