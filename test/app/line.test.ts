import { afterAll, beforeAll, expect, test } from 'vitest'
import { OWNER, REPO, type Stage, setStage, workOn } from './stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await setStage()
})
afterAll(async () => {
  await stage.close()
})

test('a comment becomes a quote, a capped run, a commit on the head and, at the merge, an accepted outcome', async () => {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent refactor+tests goal="One rule at one place"')
  const run = await stage.runOn(pull.number)
  expect(run).toMatchObject({ state: 'dispatched', headSha: pull.head, heldMicroUsd: 2_500_000n, outcome: 'pending' })
  expect(run.actionsRunId).not.toBeNull()
  const [quoted] = await stage.replies(pull.number)
  expect(quoted).toContain('refactor+tests')
  expect(quoted).toContain('$2.50')

  const runner = await stage.runnerOf(run)
  expect(runner.claim.plan.subject.headSha).toBe(pull.head)
  expect(runner.claim.drawnMicroUsd).toBeGreaterThan(0n)
  const beat = await runner.events({ sequence: 1, spentMicroUsd: '100000', wantMicroUsd: '2000000', step: 'refactor' })
  expect(beat).toMatchObject({ status: 200, json: { continue: true, drawnMicroUsd: '2000000' } })

  const content = 'export const total = (...all) => all.reduce((a, b) => a + b)\n'
  const finished = await runner.finish({
    spentMicroUsd: 620_000n,
    delivery: workOn(pull.head, 'src/total.js', content),
  })
  expect(finished).toMatchObject({ status: 200, json: { conclusion: 'completed', spentMicroUsd: '620000' } })

  const head = await stage.octokit.git.getRef({ owner: OWNER, repo: REPO, ref: `heads/${pull.branch}` })
  const ended = await stage.runOn(pull.number)
  expect(ended).toMatchObject({ state: 'ended', conclusion: 'completed', deliveredSha: head.data.object.sha })
  const file = await stage.octokit.repos.getContent({
    owner: OWNER,
    repo: REPO,
    path: 'src/total.js',
    ref: pull.branch,
  })
  expect(Buffer.from('content' in file.data ? file.data.content : '', 'base64').toString()).toBe(content)
  const commit = await stage.octokit.git.getCommit({ owner: OWNER, repo: REPO, commit_sha: head.data.object.sha })
  expect(commit.data.parents.map((parent) => parent.sha)).toEqual([pull.head])

  const replies = await stage.replies(pull.number)
  expect(replies).toHaveLength(2)
  for (const reply of replies) expect(reply).toContain('$0.62')
  const { data: checks } = await stage.octokit.checks.listForRef({ owner: OWNER, repo: REPO, ref: pull.head })
  expect(checks.check_runs.map(({ name, conclusion }) => [name, conclusion])).toEqual([
    ['purser: refactor+tests', 'success'],
  ])

  await stage.github.person('mira').merge(pull.number)
  await stage.settled()
  expect(await stage.runOn(pull.number)).toMatchObject({ outcome: 'accepted' })
  expect((await stage.replies(pull.number))[0]).toContain('Outcome: accepted')
})
