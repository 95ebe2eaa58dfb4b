/** What the demo reads back: runs and accounts from the ledger, commits from git, comments and issues from GitHub. */
import { execFileSync } from 'node:child_process'
import { storedMeasures } from '../app/ledger/look.ts'
import { beforeSchema } from '../app/promotion/before.ts'
import { formatUsd } from '../core/money/money.ts'
import type { Measure } from '../core/promotion/measure.ts'
import type { PrismaClient, Run } from '../prisma/client/client.ts'
import type { Stage } from './stage.ts'
import type { Pulls } from './story.ts'

export interface PromotionIssue {
  readonly workflow: string
  readonly variant: string
  readonly decision: string
  readonly issue: number
  readonly title: string
  readonly body: string
  /** How it stands in the ledger, and whether its issue is closed. */
  readonly state: string
  readonly isClosed: boolean
  /** The pull request that carries it out. */
  readonly pull: number | null
}

export interface Books {
  /** The newest run on a pull request; none when no command there was carried out. */
  runOn(pull: number | undefined): Promise<Run | undefined>
  newestRun(family: string): Promise<Run | undefined>
  outcomes(pulls: Pulls, names: readonly string[]): Promise<readonly string[]>
  /** Whether one of the App's comments on a pull request holds these words. */
  says(pull: number | undefined, words: string): Promise<boolean>
  /** Whether the work of a run can still be found: on its pull request's branch, a side branch or in its report. */
  keptWork(run: Run): Promise<boolean>
  /** Whether any branch has this file. */
  hasFile(path: string): Promise<boolean>
  /** The text of a file on the default branch; empty when it isn't there. */
  onMain(path: string): Promise<string>
  promotions(): Promise<readonly PromotionIssue[]>
  /** What the runs on these pull requests came to, a line for each side. */
  cameTo(pulls: Pulls, names: readonly string[]): Promise<readonly string[]>
  /** The checkpoints of a variant's trial, a line each, oldest first. */
  checkpoints(variant: string): Promise<readonly string[]>
  /** What the watch over a promoted variant saw, a line for each checkpoint, oldest first. */
  watched(variant: string): Promise<readonly string[]>
  /** How the newest run ended, for whoever wonders why an act did not hold. */
  latest(): Promise<string>
  report(): Promise<Report>
}

/** What `--json` ends with, beside the story. Money is decimal text. */
export interface Report {
  readonly runs: readonly { readonly id: string; readonly spentMicroUsd: string }[]
  readonly accounts: readonly object[]
  readonly commits: readonly object[]
  readonly comments: readonly { readonly pull: number; readonly body: string }[]
  readonly promotions: readonly PromotionIssue[]
}

/** Pages of GitHub's that are read; the story stays far below. */
const PER_PAGE = 100

export function openBooks(stage: Stage): Books {
  const { prisma } = stage.app
  const place = { owner: stage.owner, repo: stage.repo, per_page: PER_PAGE }
  const books: Books = {
    async runOn(pull) {
      if (pull === undefined) return undefined
      const run = await prisma.run.findFirst({
        where: { subjectKey: `pull-request:${pull}` },
        orderBy: { createdAt: 'desc' },
      })
      return run ?? undefined
    },
    async newestRun(family) {
      return (await prisma.run.findFirst({ where: { family }, orderBy: { createdAt: 'desc' } })) ?? undefined
    },
    async outcomes(pulls, names) {
      const runs = await Promise.all(names.map((name) => books.runOn(pulls.get(name))))
      return runs.map((run) => run?.outcome ?? 'none')
    },
    async says(pull, words) {
      return pull !== undefined && (await commentsOn(stage, pull)).some(({ body }) => body.includes(words))
    },
    async keptWork(run) {
      const sha = run.deliveredSha
      return sha !== null && git(stage, ['branch', '--all', '--contains', sha]).trim() !== ''
    },
    async hasFile(path) {
      return branches(stage).some((branch) => git(stage, ['ls-tree', branch, path]).trim() !== '')
    },
    async onMain(path) {
      return git(stage, ['ls-tree', 'main', path]).trim() === '' ? '' : git(stage, ['show', `main:${path}`])
    },
    async promotions() {
      const rows = await prisma.promotion.findMany({
        where: { issueNumber: { not: null } },
        orderBy: { issueNumber: 'asc' },
      })
      return Promise.all(
        rows.map(async ({ family, variant, decision, issueNumber, state, pullNumber }) => {
          const issue = await stage.octokit.issues.get({ ...place, issue_number: issueNumber ?? 0 })
          return {
            workflow: family,
            variant,
            decision,
            issue: issue.data.number,
            title: issue.data.title,
            body: issue.data.body ?? '',
            state,
            isClosed: issue.data.state === 'closed',
            pull: pullNumber,
          }
        }),
      )
    },
    async cameTo(pulls, names) {
      const runs = await Promise.all(names.map((name) => books.runOn(pulls.get(name))))
      return Object.entries(
        Object.groupBy(
          runs.filter((run) => run !== undefined),
          ({ family, variant }) => (variant === null ? family : `${family}/${variant}`),
        ),
      ).map(([side, those = []]) => {
        const outcomes = Object.entries(Object.groupBy(those, ({ outcome }) => outcome))
        const counts = outcomes.map(([outcome, some]) => `${some.length} ${outcome}`).join(', ')
        const spent = those.reduce((sum, run) => sum + run.spentMicroUsd, 0n)
        return `${side}: ${counts}; ${formatUsd(spent)} for ${those.length} runs`
      })
    },
    async checkpoints(variant) {
      const rows = await prisma.checkpoint.findMany({ where: { variant }, orderBy: { settled: 'asc' } })
      return rows.map(({ settled, measures }) => checkpointLine(variant, settled, storedMeasures.parse(measures)))
    },
    async watched(variant) {
      const row = await prisma.promotion.findFirst({ where: { variant, decision: 'promote' } })
      const before = beforeSchema.safeParse(row?.before)
      return (before.data?.watched ?? []).map(({ settled, worse, measures }) => {
        const line = checkpointLine(`${variant} as the standard`, settled, measures)
        return `${line}: ${worse ? 'worse than the old one' : 'not worse than the old one'}`
      })
    },
    async latest() {
      const run = await prisma.run.findFirst({ orderBy: { createdAt: 'desc' } })
      return run ? `${run.family} ${run.conclusion ?? run.state} ${run.reason ?? ''}, outcome ${run.outcome}` : 'no run'
    },
    async report() {
      return {
        runs: await runs(prisma),
        accounts: await accounts(prisma),
        commits: commits(stage),
        comments: await comments(stage),
        promotions: await books.promotions(),
      }
    },
  }
  return books
}

function checkpointLine(side: string, settled: number, measures: readonly Measure[]): string {
  const failed = measures
    .filter(({ holds }) => !holds)
    .map(({ required, measured }) => `${required}: ${measured ?? 'no data'}`)
  const held = `${measures.length - failed.length} of ${measures.length} thresholds held`
  return `${side}, at ${settled} settled runs: ${held}${failed.length === 0 ? '' : ` (failed: ${failed.join('; ')})`}`
}

async function runs(prisma: PrismaClient): Promise<Report['runs']> {
  const rows = await prisma.run.findMany({ orderBy: { createdAt: 'asc' } })
  return rows.map((run) => ({
    id: run.id,
    session: run.sessionId,
    workflow: run.family,
    variant: run.variant,
    conclusion: run.conclusion,
    reason: run.reason,
    capMicroUsd: run.capMicroUsd.toString(),
    heldMicroUsd: run.heldMicroUsd.toString(),
    spentMicroUsd: run.spentMicroUsd.toString(),
    outcome: run.outcome,
  }))
}

/** A squad's account is in tokens; then the amounts are tokens and stand under names that say so. */
async function accounts(prisma: PrismaClient): Promise<readonly object[]> {
  const rows = await prisma.account.findMany({ orderBy: { id: 'asc' } })
  return rows.map(({ name, kind, unit, ceiling, budget, spent, held }) => {
    const suffix = unit === 'usd' ? 'MicroUsd' : 'Tokens'
    return {
      name,
      kind,
      [`cap${suffix}`]: (ceiling ?? budget).toString(),
      [`spent${suffix}`]: spent.toString(),
      [`held${suffix}`]: held.toString(),
    }
  })
}

/** The commits that Purser made: those whose message names a run, with a branch that has them. */
function commits(stage: Stage): readonly object[] {
  const format = '--format=%x00%S %H'
  return git(stage, ['log', 'main', '--branches', '--source', '--grep=^Purser-Run:', format, '--name-only'])
    .split('\0')
    .filter((commit) => commit !== '')
    .map((commit) => {
      const [head = '', ...files] = commit.trim().split(/\n+/)
      const [ref = '', sha] = head.split(' ')
      return { branch: ref.replace('refs/heads/', ''), sha, files }
    })
}

function branches(stage: Stage): string[] {
  return git(stage, ['for-each-ref', '--format=%(refname:short)', 'refs/heads']).trim().split('\n')
}

/** What the App said, pull request by pull request. */
async function comments(stage: Stage): Promise<readonly { pull: number; body: string }[]> {
  const place = { owner: stage.owner, repo: stage.repo, per_page: PER_PAGE }
  const pulls = await stage.octokit.pulls.list({ ...place, state: 'all', sort: 'created', direction: 'asc' })
  const said = await Promise.all(pulls.data.map(({ number }) => commentsOn(stage, number)))
  return said.flat()
}

async function commentsOn(stage: Stage, pull: number): Promise<{ pull: number; body: string }[]> {
  const { data } = await stage.octokit.issues.listComments({
    owner: stage.owner,
    repo: stage.repo,
    per_page: PER_PAGE,
    issue_number: pull,
  })
  return data
    .filter((comment) => comment.user?.login === `${stage.github.app.slug}[bot]`)
    .map((comment) => ({ pull, body: comment.body ?? '' }))
}

function git(stage: Stage, args: readonly string[]): string {
  return execFileSync('git', ['--git-dir', stage.github.repository.gitDir, ...args], { encoding: 'utf8' })
}
