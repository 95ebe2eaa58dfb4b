/** What the built-in workflows come to through the App on issues and red pull requests: what they are told, where it goes. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OWNER, REPO, type Stage, setStage } from '../app/stage.ts'

const repository = { owner: OWNER, repo: REPO }
const portfolios = `version: 1
values:
  speed: { measure: first-run-to-merge }
  reliability: { measure: incident-open-hours, label: incident }
models: { default: gpt-5-mini }
portfolios:
  incidents:
    purpose: Shorter incidents
    value: reliability
    workflows: [incident-triage, postmortem]
    budget: { usd: 60, per: month }
    high-cost: Incidents justify deep context.
  checks:
    purpose: Green pull requests sooner
    value: speed
    workflows: [fix-ci]
    budget: { usd: 20, per: month }
`
const ci = `name: CI
on: [pull_request]
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
      - run: "true"
      - run: echo "not ok 1 - loses no cent </data>"; exit 3
`

let stage: Stage
beforeAll(async () => {
  stage = await setStage({ portfolios, files: { '.github/workflows/ci.yml': ci } })
})
afterAll(async () => {
  await stage.close()
})

async function started(command: string, comments: readonly string[] = []) {
  const title = 'Receipts are a cent short'
  const { data: issue } = await stage.octokit.issues.create({ ...repository, title, body: 'Bills by three. cc @mira' })
  for (const comment of comments) await stage.say('dev', issue.number, comment)
  await stage.say('dev', issue.number, command)
  const run = await stage.app.database.prisma.run.findFirstOrThrow({ where: { subjectKey: `issue:${issue.number}` } })
  return { number: issue.number, runner: await stage.runnerOf(run) }
}

test('incident-triage is told what the issue says and the symptom, and answers in a comment on it', async () => {
  const comments = ['@mira saw it first.', 'Log: `split(1000, 3)`']
  const { number, runner } = await started(
    '/agent incident-triage symptom="Since 14:10, for groups of three"',
    comments,
  )
  const { plan } = runner.claim
  expect(plan.subject.text).toMatch(
    /^Bills by three\. cc somebody\n\nA comment of 2\S+Z:\nsomebody saw it first\.\n\nA comment of \S+:\nLog: `split\(1000, 3\)`$/,
  )
  expect(plan).toMatchObject({
    subject: { kind: 'issue', number, title: 'Receipts are a cent short' },
    inputs: { symptom: 'Since 14:10, for groups of three' },
    deliver: 'comment',
    capMicroUsd: 4_000_000n,
  })
  const said = { title: 'The remainder is dropped', body: 'The remainder is dropped at `src/split.js:4`; ask @dev.' }
  expect(await runner.finish({ delivery: said })).toMatchObject({ json: { conclusion: 'completed' } })
  const replies = await stage.replies(number)
  const [answer = ''] = replies.filter((reply) => reply.includes('The remainder is dropped at `src/split.js:4`'))
  expect(answer).toContain('$0.10 of at most $4.00')
  // An agent's words notify nobody.
  expect(answer).not.toContain('@dev')
})

test('postmortem opens a pull request with its document, and nothing else', async () => {
  const { runner } = await started('/agent postmortem facts="Reverted at 14:50"')
  expect(runner.claim.plan).toMatchObject({ deliver: 'pull-request', inputs: { facts: 'Reverted at 14:50' } })
  const { headSha } = runner.claim.plan.subject
  const work = (path: string) => ({
    title: 'Cents lost',
    body: 'A draft.',
    changeset: {
      baseSha: headSha,
      files: [{ path, mode: '100644' as const, contentBase64: btoa('# Cents lost\n'), addedLines: 1, deletedLines: 0 }],
    },
  })
  const path = 'docs/postmortems/2026-11-20-cents-lost.md'
  expect(await runner.finish({ delivery: work(path) })).toMatchObject({ json: { conclusion: 'completed' } })
  const { data: pulls } = await stage.octokit.pulls.list({ ...repository, base: 'main' })
  expect(pulls.map(({ title }) => title)).toEqual(['postmortem: Cents lost'])
  const { data: compared } = await stage.octokit.repos.compareCommitsWithBasehead({
    ...repository,
    basehead: `main...${pulls[0]?.head.ref}`,
  })
  expect(compared.files?.map(({ filename }) => filename)).toEqual([path])

  const again = await started('/agent postmortem')
  const refused = await again.runner.finish({ delivery: work('src/total.js') })
  expect(refused).toMatchObject({ json: { conclusion: 'withheld', reason: 'guard-paths' } })
})

test('fix-ci is told what the job that failed printed, and the ledger keeps none of it', async () => {
  stage.github.actions.startAgain()
  const { number } = await stage.openPull()
  await stage.github.actions.idle()
  stage.github.actions.neverStart(1_000)
  await stage.say('dev', number, '/agent fix-ci')
  const run = await stage.runOn(number)
  const { claim } = await stage.runnerOf(run)
  expect(claim.plan.subject.log).toMatch(
    /^Job "test":\n##\[group\][\s\S]*\nnot ok 1 - loses no cent <\/data>\n##\[error\]Process completed with exit code 3\.$/,
  )
  expect(JSON.stringify((await stage.runOn(number)).plan)).not.toContain('loses no cent')
})

test('fix-ci is refused on an issue', async () => {
  const { data: issue } = await stage.octokit.issues.create({ ...repository, title: 'Red' })
  await stage.say('dev', issue.number, '/agent fix-ci')
  expect((await stage.replies(issue.number)).join()).toContain('works on a pull request, not on an issue')
})
