/** What `incident-triage` and `postmortem` come to on an issue, through the App: what they are told, where it goes. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OWNER, REPO, type Stage, setStage } from '../app/stage.ts'

const repository = { owner: OWNER, repo: REPO }
const portfolios = `version: 1
values:
  reliability: { measure: incident-open-hours, label: incident }
models: { default: gpt-5-mini }
portfolios:
  incidents:
    purpose: Shorter incidents
    value: reliability
    workflows: [incident-triage, postmortem]
    budget: { usd: 60, per: month }
    high-cost: Incidents justify deep context.
`

let stage: Stage
beforeAll(async () => {
  stage = await setStage({ portfolios })
})
afterAll(async () => {
  await stage.close()
})

async function started(command: string) {
  const { data: issue } = await stage.octokit.issues.create({ ...repository, title: 'Receipts are a cent short' })
  await stage.say('dev', issue.number, command)
  const run = await stage.app.database.prisma.run.findFirstOrThrow({ where: { subjectKey: `issue:${issue.number}` } })
  return { number: issue.number, runner: await stage.runnerOf(run) }
}

test('incident-triage is told the title and the symptom, and answers in a comment on the issue', async () => {
  const { number, runner } = await started('/agent incident-triage symptom="Since 14:10, for groups of three"')
  const { plan } = runner.claim
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

test('fix-ci is refused on an issue', async () => {
  const { data: issue } = await stage.octokit.issues.create({ ...repository, title: 'Red' })
  await stage.say('dev', issue.number, '/agent fix-ci')
  expect((await stage.replies(issue.number)).join()).toContain('works on a pull request, not on an issue')
})
