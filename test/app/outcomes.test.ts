import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Run } from '../../prisma/client/client.ts'
import type { Files } from '../world/contract.ts'
import { putLike } from './like-run.ts'
import { OWNER, PORTFOLIOS, REPO, type Stage, setStage, ticking, workOn } from './stage.ts'

let stage: Stage
let now = new Date()
const clock = ticking(() => now)
const DAY_MS = 86_400_000

beforeAll(async () => {
  stage = await setStage({
    app: { clock },
    promotion: `window: { days: 60 }
promote: { runs: 2, subjects: 2, accepted: 80%, spend-per-accepted: 1.25x, unknown: 20%, reverted: 5% }
sunset: { runs: 2, accepted-below: 40% }
`,
    portfolios: `${PORTFOLIOS.replace('usd: 40', 'usd: 400').replace('values:', 'values:\n  reliability: { measure: incident-open-hours, label: incident }')}  incidents:
    purpose: Shorter incidents
    value: reliability
    workflows: [incident-triage]
    budget: { usd: 40, per: month }
exploration:
  sprint: { days: 14, from: 2026-11-02 }
  every-squad: { usd: 50 }
  squads:
    payments: { paths: ['src/**'] }
`,
  })
})
afterAll(async () => {
  await stage.close()
})

/** A run on a new pull request that delivered one commit. */
async function delivered(command = '/agent refactor+tests', content = '1\n') {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, command)
  const runner = await stage.runnerOf(await stage.runOn(pull.number))
  await runner.finish({ spentMicroUsd: 500_000n, delivery: workOn(pull.head, `src/${pull.branch}.js`, content) })
  const run = await stage.runOn(pull.number)
  expect(run).toMatchObject({ conclusion: 'completed', outcome: 'pending' })
  return { ...pull, sha: run.deliveredSha ?? '' }
}

/** A run under way on a new pull request. */
async function working(command = '/agent refactor+tests') {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, command)
  return { ...pull, runner: await stage.runnerOf(await stage.runOn(pull.number)) }
}

function laterBySeconds(seconds: number): void {
  now = new Date(now.getTime() + seconds * 1000)
}

async function outcomeOn(number: number): Promise<string> {
  await stage.settled()
  const run = await stage.runOn(number)
  return `${run.outcome}: ${run.outcomeRule}`
}

describe('what GitHub shows becomes an outcome', () => {
  test('merged, reverted by a pull request, and brought back by reverting the revert', async () => {
    const { number } = await delivered()
    await stage.github.person('mira').merge(number)
    expect(await outcomeOn(number)).toMatch(/^accepted: .*merged/)
    const revert = await stage.github.person('mira').revert(number)
    expect(await outcomeOn(number)).toMatch(/^rejected: .*reverted/)
    expect(await stage.runOn(number)).toMatchObject({ reverted: true })
    await stage.github.person('mira').revert(revert.number)
    expect(await outcomeOn(number)).toMatch(/^accepted/)
    expect(await stage.runOn(number)).toMatchObject({ reverted: false })
  })

  test('merged into another branch, or reverted there, which says nothing of the work', async () => {
    const { number } = await delivered()
    const dev = stage.github.person('dev')
    await dev.push({ branch: `scratch-${number}`, files: { 'notes.md': 'Scratch\n' } })
    await stage.octokit.pulls.update({ owner: OWNER, repo: REPO, pull_number: number, base: `scratch-${number}` })
    await dev.merge(number)
    expect(await outcomeOn(number)).toMatch(/^pending/)

    const other = await delivered()
    await stage.github.person('mira').merge(other.number)
    await stage.settled()
    const revert = await dev.openPull({
      branch: `back-${number}`,
      base: `scratch-${number}`,
      title: 'Revert',
      body: `Reverts ${OWNER}/${REPO}#${other.number}`,
      files: { 'notes.md': 'Reverted\n' },
    })
    await dev.merge(revert.number)
    expect(await outcomeOn(other.number)).toMatch(/^accepted/)
  })

  test('handed over for the branch that it worked on, and merged there', async () => {
    const { number, branch, head, runner } = await working()
    await stage.github.person('dev').autoMerge(number, true)
    await runner.finish({ delivery: workOn(head, `src/${branch}.js`, '1\n') })
    const run = await stage.runOn(number)
    const pull = { owner: OWNER, repo: REPO, pull_number: run.deliveredNumber ?? 0 }
    expect((await stage.octokit.pulls.get(pull)).data.base.ref).toBe(branch)
    await stage.github.person('dev').merge(pull.pull_number)
    expect(await outcomeOn(number)).toMatch(/^accepted: .*merged/)
  })

  test('merged, and then reverted by a commit', async () => {
    const { number, branch } = await delivered()
    const sha = await stage.github.person('mira').merge(number, 'squash')
    await stage.settled()
    const message = `Revert "Change"\n\nThis reverts commit ${sha}.`
    const push = (files: Files) => stage.github.person('mira').push({ branch: 'main', files, message })
    await push({ 'README.md': '# Only the words of a revert\n' })
    expect(await outcomeOn(number)).toMatch(/^accepted/)
    await push({ [`src/${branch}.js`]: null })
    expect(await outcomeOn(number)).toMatch(/^rejected: .*reverted/)
  })

  test('rebased, of which one commit is reverted: the work only where it is its own', async () => {
    const { number, branch } = await delivered()
    await stage.github.person('dev').push({ branch, files: { 'src/person.js': `${number}\n` } })
    const last = await stage.github.person('mira').merge(number, 'rebase')
    const push = (sha: string, path: string) =>
      stage.github.person('mira').push({
        branch: 'main',
        files: { [path]: null },
        message: `Revert\n\nThis reverts commit ${sha}.`,
      })
    await push(last, 'src/person.js')
    expect(await outcomeOn(number)).toMatch(/^accepted/)
    const { data } = await stage.octokit.repos.getCommit({ owner: OWNER, repo: REPO, ref: last })
    await push(data.parents[0]?.sha ?? '', `src/${branch}.js`)
    expect(await outcomeOn(number)).toMatch(/^rejected: .*reverted/)
  })

  test.each(['merge', 'squash'] as const)('rewritten before the %s, by half and wholly', async (method) => {
    const mira = stage.github.person('mira')
    const rewrite = async (content: string) => {
      const { number, branch } = await delivered(undefined, 'a()\nb()\nc()\nd()\n')
      await stage.github.person('dev').push({ branch, files: { [`src/${branch}.js`]: content } })
      await mira.merge(number, method)
      return outcomeOn(number)
    }
    expect(await rewrite('a()\nb()\nc()\n\n  z()\n')).toMatch(/^accepted/)
    expect(await rewrite('a()\nb()\ny()\nz()\n')).toMatch(/^reworked: .*50% \(2 of 4\)/)
    expect(await rewrite('w()\n')).toMatch(/^rejected: .*100% \(4 of 4\)/)
  })

  test('a head that was pushed over the work by force, and merged: rejected without it, accepted with it', async () => {
    const { number, branch } = await delivered()
    const push = { branch, files: { 'src/other.js': `${number}\n` }, force: true }
    await stage.github.person('dev').push(push)
    await stage.github.person('mira').merge(number)
    expect(await outcomeOn(number)).toMatch(/^rejected: .*100%/)
    const again = await delivered()
    const files = { [`src/${again.branch}.js`]: '1\n', 'src/more.js': `${again.number}\n` }
    await stage.github.person('dev').push({ branch: again.branch, files, force: true })
    await stage.github.person('mira').merge(again.number)
    expect(await outcomeOn(again.number)).toMatch(/^accepted/)
  })

  test('failed checks; Purser’s own and those of other commits say nothing, a status counts as one', async () => {
    const { number, sha, head } = await delivered()
    await stage.github.ci.check(sha, 'purser: refactor+tests', 'failure', stage.github.app.id)
    await stage.github.ci.check(head, 'test', 'failure')
    await stage.github.ci.check(sha, 'lint', 'success')
    await stage.github.person('mira').merge(number)
    expect(await outcomeOn(number)).toMatch(/^accepted/)
    await stage.github.ci.check(sha, 'test', 'failure')
    expect(await outcomeOn(number)).toMatch(/^reworked: .*checks failed/)
    await stage.github.ci.check(sha, 'test', 'success')
    expect(await outcomeOn(number)).toMatch(/^accepted/)
    await stage.github.ci.status(sha, 'ci/other', 'failure')
    expect(await outcomeOn(number)).toMatch(/^reworked: .*checks failed/)
  })

  test('of checks of one name in several suites one failure stands, whichever came first, until its own suite says otherwise', async () => {
    const said = [
      ['failure', 'push'],
      ['success', 'pull_request'],
      ['neutral', 'schedule'],
    ] as const
    const { number, sha } = await delivered()
    await stage.github.person('mira').merge(number)
    for (const [name, order] of [
      ['test', said],
      ['lint', said.toReversed()],
    ] as const) {
      for (const [conclusion, suite] of order) await stage.github.ci.check(sha, name, conclusion, undefined, suite)
      expect(await outcomeOn(number)).toMatch(/^reworked: .*checks failed/)
      await stage.github.ci.check(sha, name, 'success', undefined, 'push')
      expect(await outcomeOn(number)).toMatch(/^accepted/)
    }
  })

  test('names of checks that differ in their ends alone are different checks', async () => {
    const { number, sha } = await delivered()
    const name = 'matrix '.repeat(40)
    await stage.github.ci.check(sha, `${name}1`, 'success')
    await stage.github.ci.check(sha, `${name}2`, 'failure')
    await stage.github.person('mira').merge(number)
    expect(await outcomeOn(number)).toMatch(/^reworked: .*checks failed/)
  })

  test('a label that somebody set who may write, a close, and then silence for two weeks', async () => {
    const { number } = await delivered()
    await stage.github.person('mira').label(number, 'agent/reworked')
    expect(await outcomeOn(number)).toMatch(/^reworked: .*agent\/reworked/)
    await stage.github.person('mira').unlabel(number, 'agent/reworked')
    expect(await outcomeOn(number)).toMatch(/^pending/)
    await stage.github.person('dev').close(number)
    expect(await outcomeOn(number)).toMatch(/^rejected: .*closed/)
    await stage.octokit.pulls.update({ owner: OWNER, repo: REPO, pull_number: number, state: 'open' })
    expect(await outcomeOn(number)).toMatch(/^pending/)
    now = new Date(now.getTime() + 15 * DAY_MS)
    await stage.app.sweep()
    expect(await outcomeOn(number)).toMatch(/^unknown: .*14 days/)
    expect((await stage.replies(number))[0]).toContain('Outcome: unknown')
  })
})

test('a comment on an issue: closed by hand, opened again, closed as not planned', async () => {
  const number = await stage.github.person('dev').openIssue('The shop is down')
  await stage.settled()
  await stage.say('dev', number, '/agent incident-triage')
  const subjectKey = `issue:${number}`
  const runOf = () =>
    stage.app.database.prisma.run.findFirstOrThrow({ where: { subjectKey }, include: { facts: true } })
  const runner = await stage.runnerOf(await runOf())
  await runner.finish({ delivery: { title: 'Triage', body: 'It is the payment service.' } })
  const update = async (change: object) => {
    await stage.octokit.issues.update({ owner: OWNER, repo: REPO, issue_number: number, ...change })
    await stage.settled()
    return runOf()
  }
  expect(await update({ state: 'closed' })).toMatchObject({ outcome: 'accepted' })
  expect(await update({ state: 'open' })).toMatchObject({ outcome: 'pending' })
  const { outcome, facts } = await update({ state: 'closed', state_reason: 'not_planned' })
  expect(outcome).toBe('accepted')
  expect(facts.find(({ kind }) => kind === 'closed-as')).toMatchObject({ value: 'not-planned' })
})

describe('what GitHub shows before the work is there', () => {
  test('a label counts as soon as the run has ended', async () => {
    const { number, head, branch, runner } = await working()
    await stage.github.person('mira').label(number, 'agent/reworked')
    await stage.settled()
    expect(await stage.runOn(number)).toMatchObject({ state: 'claimed', outcome: 'pending' })
    laterBySeconds(1)
    await runner.finish({ delivery: workOn(head, `src/${branch}.js`, '1\n') })
    expect(await outcomeOn(number)).toMatch(/^reworked: .*agent\/reworked/)
  })

  test.each(['merge', 'close'] as const)('%s: the work is put aside, which says nothing of it', async (end) => {
    const { number, head, branch, runner } = await working()
    await stage.github.person('mira')[end](number)
    await stage.settled()
    laterBySeconds(1)
    await runner.finish({ delivery: workOn(head, `src/${branch}.js`, '1\n') })
    expect(await stage.runOn(number)).toMatchObject({ conclusion: 'withheld', reason: 'head-moved-on' })
    expect(await outcomeOn(number)).toMatch(/^unknown: .*\(head-moved-on\); its work is on a side branch/)
  })

  test('words that came after the merge were not read before it', async () => {
    const { number, runner } = await working('/agent review')
    await stage.github.person('mira').merge(number)
    await stage.settled()
    laterBySeconds(1)
    await runner.finish({ delivery: { title: 'Review', body: 'Nothing to mend.' } })
    expect(await outcomeOn(number)).toMatch(/^pending/)
    await stage.github.person('mira').label(number, 'agent/accepted')
    expect(await outcomeOn(number)).toMatch(/^accepted/)
  })

  test('a commit that was merged before the ledger knew of it is found, with its checks, and not made again', async () => {
    const { number, head, branch, runner } = await working()
    const delivery = workOn(head, `src/${branch}.js`, '1\n')
    stage.github.fail({ method: 'PATCH', path: /\/git\/refs\/heads/, status: 502, afterActing: true })
    expect((await runner.finish({ delivery })).status).toBe(503)
    const { data: commit } = await stage.octokit.repos.getCommit({ owner: OWNER, repo: REPO, ref: branch })
    await stage.github.ci.check(commit.sha, 'test', 'failure')
    await stage.github.person('mira').merge(number)
    await stage.settled()
    laterBySeconds(60)
    await stage.app.sweep()
    expect(await stage.runOn(number)).toMatchObject({ conclusion: 'completed', deliveredSha: commit.sha })
    expect(await outcomeOn(number)).toMatch(/^reworked: .*checks failed/)
  })
})

test('a job that is over without a report is settled at what was drawn', async () => {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent refactor+tests')
  const run = await stage.runOn(pull.number)
  const runner = await stage.runnerOf(run)
  await runner.events({ sequence: 1, spentMicroUsd: '0', wantMicroUsd: '700000' })
  stage.github.actions.cancel(Number(run.actionsRunId))
  await stage.settled()
  expect(await stage.runOn(pull.number)).toMatchObject({
    conclusion: 'failed',
    reason: 'lost',
    spentMicroUsd: 700_000n,
  })
})

test('a job that never began costs nothing', async () => {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent refactor+tests')
  await stage.age(await stage.runOn(pull.number), 25)
  await stage.app.sweep()
  await stage.settled()
  expect(await stage.runOn(pull.number)).toMatchObject({
    conclusion: 'refused',
    reason: 'never-started',
    spentMicroUsd: 0n,
  })
})

test('a variant that does as well at two checkpoints in a row is proposed once, with the squad’s credit', async () => {
  now = new Date(now.getTime() + 70 * DAY_MS)
  const accept = async (command: string) => {
    const { number } = await delivered(command)
    const [comment] = await stage.replies(number)
    if (command.includes('/tests-first')) expect(comment).toContain('squad **payments** (it owns most of the changed')
    await stage.github.person('mira').merge(number)
    expect(await outcomeOn(number)).toMatch(/^accepted/)
    return stage.runOn(number)
  }
  const acceptLike = async (run: Run) => {
    await putLike(stage.app.database.prisma, run, clock(), 'merged')
    await stage.app.sweep()
    await stage.settled()
  }
  const issues = async () => {
    const { data } = await stage.octokit.issues.listForRepo({ owner: OWNER, repo: REPO, state: 'all', per_page: 100 })
    return data.filter((issue) => !issue.pull_request && issue.user?.type === 'Bot')
  }
  await acceptLike(await accept('/agent refactor+tests'))
  const first = await accept('/agent refactor+tests/tests-first')
  for (let run = 2; run <= 3; run += 1) await acceptLike(first)
  expect(await issues()).toEqual([])
  // GitHub makes the issue and its answer is lost: it is found again, and none is made beside it.
  stage.github.fail({ method: 'POST', path: /\/issues$/, status: 502, afterActing: true })
  await accept('/agent refactor+tests/tests-first')
  expect(await stage.app.database.prisma.promotion.findMany()).toMatchObject([{ issueNumber: null }])
  now = new Date(now.getTime() + 5 * 60_000)
  await stage.app.sweep()
  const [issue] = await issues()
  expect(await issues()).toHaveLength(1)
  expect(await stage.app.database.prisma.promotion.findMany()).toMatchObject([{ issueNumber: issue?.number }])
  expect(issue?.title).toContain('refactor+tests/tests-first')
  expect(issue?.body).toContain('✓')
  expect(issue?.body).toContain('`purser/catalog/refactor+tests/variants/tests-first.yml`')
  expect(issue?.labels.map((label) => (typeof label === 'string' ? label : label.name))).toEqual([
    'promotion: proposed',
  ])

  // The squad that owns the paths paid for its tries.
  const sprints = await stage.app.database.prisma.account.findMany({ where: { kind: 'squad', name: 'payments' } })
  expect(sprints.reduce((sum, { spent }) => sum + spent, 0n)).toBe(1_000_000n)

  for (let run = 5; run <= 6; run += 1) await acceptLike(first)
  expect(await issues()).toHaveLength(1)
  expect((await issues())[0]?.body).toContain('at 6 settled runs')
}, 120_000)
