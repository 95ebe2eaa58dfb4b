/** What starts by itself, and what does not: each event as GitHub sends it, up to the run and what people see of it. */
import { randomUUID } from 'node:crypto'
import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SUBJECT_STARTS_A_DAY_MAX } from '../../app/run/brake.ts'
import type { Run } from '../../prisma/client/client.ts'
import { postWebhook } from './post-webhook.ts'
import { OWNER, PORTFOLIOS, REPO, type Stage, setStage, workOn } from './stage.ts'

let stage: Stage
/** A Thursday. The clock goes on from there, or from where a test sets it. */
let from = Date.parse('2026-11-26T10:00:00Z')
let set = Date.now()
const now = () => new Date(from + Date.now() - set)

const workflow = (name: string, on: string, more = 'deliver: pull-request') => ({
  [`.github/purser/catalog/${name}/workflow.yml`]: `name: ${name}
summary: Look after what has happened
value: quality
on: ${on}
inputs:
  depth: { type: choice, options: [quick, deep], default: deep }
steps:
  - { id: look, agent: engineer, prompt: look.md }
${more}
cap: { usd: 1 }
`,
  [`.github/purser/catalog/${name}/look.md`]: 'Look.\n',
})

const NAMES = ['fix', 'look-over', 'after-push', 'mend', 'weekly', 'asked', 'sort', 'grave']

const portfolios =
  () => `${PORTFOLIOS.replace('usd: 40', 'usd: 400').replace('changelog]', `changelog, ${NAMES.join(', ')}]`)}  careful:
    purpose: Dear looks
    value: quality
    workflows: [dear]
    budget: { usd: 40, per: month }
    confirm-over: { usd: 0.50 }
checks: { apps: [app-77] }
`

beforeAll(async () => {
  stage = await setStage({
    app: { clock: now },
    portfolios: portfolios(),
    files: {
      ...workflow('fix', '[pull-request, issue, { label: agent/fix, inputs: { depth: quick } }]'),
      ...workflow('look-over', '[{ pull-request: [opened, ready, synchronize], paths: [src/**] }]', 'deliver: commit'),
      ...workflow('after-push', '[{ push: default-branch, paths: [docs/**] }]'),
      ...workflow('mend', '[pull-request, push, { check: failed, name: "test*" }]'),
      ...workflow('grave', '[{ check: failed, name: "grave*" }]', 'deliver: pull-request\naccess: maintain'),
      ...workflow('weekly', '[{ schedule: "0 6 * * 1" }]'),
      ...workflow('asked', '[{ dispatch: nightly-report }]'),
      ...workflow('dear', '[{ pull-request: [opened], paths: [dear/**] }]'),
      ...workflow('sort', '[issue, { label: agent/sort }]', 'deliver: comment'),
    },
    users: { mira: 'maintain', dev: 'write', trish: 'triage', guest: 'read' },
  })
})
afterAll(async () => {
  await stage.close()
})

/** Runs of a workflow, oldest first. */
const runsOf = (family: string): Promise<readonly Run[]> =>
  stage.app.database.prisma.run.findMany({ where: { family }, orderBy: { createdAt: 'asc' } })

/** A pull request whose files start nothing. */
const quietPull = () => stage.openPull({ 'notes/one.md': 'One\n' })

async function checksOn(sha: string): Promise<readonly (readonly [string, string | null, string])[]> {
  const { data } = await stage.octokit.checks.listForRef({ owner: OWNER, repo: REPO, ref: sha })
  return data.check_runs.map(({ name, conclusion, output }) => [name, conclusion, output.summary ?? ''] as const)
}

/** An event that the stand-in does not send by itself. */
async function tell(event: string, payload: object, id = randomUUID()): Promise<void> {
  const { repository, app } = stage.github
  const body = JSON.stringify({
    repository: { id: repository.id, name: repository.name, full_name: repository.fullName, default_branch: 'main' },
    installation: { id: app.installationId },
    ...payload,
  })
  expect(await postWebhook(stage.app.url, { id, event, body })).toBe(202)
  await stage.settled()
}

describe('a label', () => {
  test('starts its workflow with its inputs, for somebody who may, and answers in the one comment', async () => {
    const pull = await quietPull()
    await stage.github.person('dev').label(pull.number, 'agent/fix')
    await stage.settled()
    expect(await stage.runOn(pull.number)).toMatchObject({
      family: 'fix',
      state: 'dispatched',
      headSha: pull.head,
      plan: { inputs: { depth: 'quick' } },
    })
    expect(await stage.replies(pull.number)).toHaveLength(1)
    const [session] = await stage.app.database.prisma.session.findMany({ where: { subjectNumber: pull.number } })
    expect(session).toMatchObject({ trigger: 'label' })
  })

  test('of somebody without the access starts nothing and says so once, however often it is set', async () => {
    const pull = await quietPull()
    for (const _ of [1, 2]) {
      await stage.github.person('trish').label(pull.number, 'agent/fix')
      await stage.github.person('trish').unlabel(pull.number, 'agent/fix')
    }
    await stage.github.person('trish').label(pull.number, 'agent/fix')
    await stage.settled()
    expect(await stage.app.database.prisma.run.count({ where: { subjectKey: `pull-request:${pull.number}` } })).toBe(0)
    const replies = await stage.replies(pull.number)
    expect(replies).toHaveLength(1)
    expect(replies[0]).toContain('needs write access')
    expect(replies[0]).toContain('`not-permitted`')
  })

  test('starts on an issue too where the workflow names that, and only there', async () => {
    const issue = await stage.github.person('dev').openIssue('Which is it?')
    await stage.github.person('dev').label(issue, 'agent/sort')
    await stage.settled()
    expect(await runsOf('sort')).toMatchObject([{ subjectKey: `issue:${issue}`, state: 'dispatched' }])
    const pull = await quietPull()
    await stage.github.person('dev').label(pull.number, 'agent/sort')
    await stage.settled()
    expect(await runsOf('sort')).toHaveLength(1)
  })

  test('that the App set, or that was taken off meanwhile, starts nothing', async () => {
    const pull = await quietPull()
    const sender = { login: 'purser[bot]', type: 'Bot' }
    const payload = { action: 'labeled', number: pull.number, label: { name: 'agent/fix' } }
    const pull_request = { number: pull.number, draft: false, head: { sha: pull.head }, body: '' }
    await tell('pull_request', { ...payload, sender, pull_request })
    await tell('pull_request', { ...payload, sender: { login: 'dev', type: 'User' }, pull_request })
    expect(await stage.app.database.prisma.run.count({ where: { subjectKey: `pull-request:${pull.number}` } })).toBe(0)
  })
})

describe('a pull request', () => {
  test('starts it when it is opened and changes what is meant: a check and the work, and no comment', async () => {
    const pull = await stage.openPull()
    const run = await stage.runOn(pull.number)
    expect(run).toMatchObject({ family: 'look-over', state: 'dispatched', headSha: pull.head })
    const [check] = await checksOn(pull.head)
    expect(check).toMatchObject(['purser: look-over', null, expect.stringContaining('never more than $1.00')])
    const runner = await stage.runnerOf(run)
    await runner.finish({ delivery: workOn(pull.head, 'src/total.js', 'export const total = 1\n') })
    const ended = await stage.runOn(pull.number)
    expect(ended).toMatchObject({ id: run.id, conclusion: 'completed' })
    expect(ended.deliveredSha).not.toBeNull()
    expect(await stage.replies(pull.number)).toEqual([])
    // Its own commit starts nothing, and somebody else's starts the next one.
    await stage.github.person('dev').push({ branch: pull.branch, files: { 'src/other.js': '1\n' } })
    await stage.settled()
    const next = await stage.runOn(pull.number)
    expect(next).toMatchObject({ family: 'look-over', state: 'dispatched' })
    expect(await runsOf('look-over')).toHaveLength(2)
    // Whoever speaks to it gets the comment.
    await stage.say('dev', pull.number, '/agent stop')
    await stage.say('dev', pull.number, '/agent retry')
    expect((await stage.replies(pull.number)).filter((reply) => reply.includes('`look-over`: started'))).toHaveLength(1)
  })

  test('that changes nothing of that, is a draft, comes from a fork or from a bot starts nothing', async () => {
    const before = (await runsOf('look-over')).length
    const quiet = await quietPull()
    const pull = await stage.github
      .person('dev')
      .openPull({ branch: 'afar', title: 'From afar', files: { 'src/far.js': '1\n' }, fork: true })
    await stage.settled()
    const { number, head } = await quietPull()
    const opened = (more: object, type = 'User') => ({
      action: 'opened',
      number,
      sender: { login: 'dev', type },
      pull_request: { number, head: { sha: head }, body: '', draft: false, ...more },
    })
    await tell('pull_request', opened({ draft: true }))
    await tell('pull_request', opened({}, 'Bot'))
    expect(await runsOf('look-over')).toHaveLength(before)
    for (const one of [quiet.number, pull.number, number]) expect(await stage.replies(one)).toEqual([])
    expect(await checksOn(pull.head)).toEqual([])
  })

  test('that was pushed to since by another starts nothing for whoever opened it', async () => {
    stage.github.hooks.fault({ event: 'pull_request', action: 'opened', kind: 'drop' })
    const { number, head, branch } = await stage.openPull()
    stage.github.hooks.fault({ event: 'pull_request', action: 'synchronize', kind: 'drop' })
    await stage.github.person('dev').push({ branch, files: { 'src/late.js': '1\n' } })
    await stage.settled()
    await tell('pull_request', {
      action: 'opened',
      number,
      sender: { login: 'mira', type: 'User' },
      pull_request: { number, head: { sha: head }, body: '', draft: false },
    })
    expect(await stage.app.database.prisma.run.count({ where: { subjectKey: `pull-request:${number}` } })).toBe(0)
  })

  test('of somebody without the access is told by one neutral check', async () => {
    stage.github.hooks.fault({ event: 'pull_request', action: 'opened', kind: 'drop' })
    const { number, head } = await stage.openPull()
    const event = {
      action: 'ready_for_review',
      number,
      sender: { login: 'guest', type: 'User' },
      pull_request: { number, head: { sha: head }, body: '', draft: false },
    }
    await tell('pull_request', event)
    await tell('pull_request', event)
    expect(await checksOn(head)).toMatchObject([
      ['purser: look-over', 'neutral', expect.stringContaining('which whoever opened or pushed to it lacks')],
    ])
    expect(await stage.replies(number)).toEqual([])
  })
})

test('what costs more than the portfolio starts without asking is quoted in a comment and waits for a go', async () => {
  const pull = await stage.openPull({ 'dear/one.md': 'One\n' })
  expect(await stage.runOn(pull.number)).toMatchObject({ family: 'dear', state: 'waiting', heldMicroUsd: 0n })
  const [comment, ...others] = await stage.replies(pull.number)
  expect(others).toEqual([])
  expect(comment).toContain('`dear`: waiting for a go')
  await stage.say('dev', pull.number, '/agent go')
  expect(await stage.runOn(pull.number)).toMatchObject({ family: 'dear', state: 'dispatched' })
  expect((await stage.replies(pull.number))[0]).toContain('`dear`: started')
})

test('what comes while a run is under way waits for it without a word; of several only the newest', async () => {
  const pull = await stage.openPull()
  const first = await stage.runOn(pull.number)
  await stage.github.person('dev').push({ branch: pull.branch, files: { 'src/one.js': '1\n' } })
  await stage.settled()
  const head = await stage.github.person('dev').push({ branch: pull.branch, files: { 'src/two.js': '2\n' } })
  await stage.settled()
  const { prisma } = stage.app.database
  expect(await prisma.queued.count()).toBe(1)
  expect(await stage.runOn(pull.number)).toMatchObject({ id: first.id })
  const runner = await stage.runnerOf(first)
  await runner.finish({})
  const second = await stage.runOn(pull.number)
  expect(second).toMatchObject({ family: 'look-over', state: 'dispatched', headSha: head })
  expect(second.id).not.toBe(first.id)
  expect(await prisma.queued.count()).toBe(0)
  expect(await stage.replies(pull.number)).toEqual([])
})

describe('what waited is authorized again when its turn comes', () => {
  /** A label of `dev` that waits for a run. */
  async function waiting(): Promise<{ number: number; branch: string; head: string; run: Run }> {
    const pull = await quietPull()
    await stage.say('mira', pull.number, '/agent refactor+tests')
    await stage.github.person('dev').label(pull.number, 'agent/fix')
    await stage.settled()
    const { prisma } = stage.app.database
    expect(await prisma.queued.count({ where: { subjectKey: `pull-request:${pull.number}` } })).toBe(1)
    return { ...pull, run: await stage.runOn(pull.number) }
  }
  const finish = async (run: Run, ...delivered: readonly ReturnType<typeof workOn>[]) =>
    (await stage.runnerOf(run)).finish(delivered[0] ? { delivery: delivered[0] } : {})
  async function expectNone(number: number, run: Run, reason?: string): Promise<void> {
    expect(await stage.runOn(number)).toMatchObject({ id: run.id })
    const { prisma } = stage.app.database
    expect(await prisma.queued.count({ where: { subjectKey: `pull-request:${number}` } })).toBe(0)
    const told = (await stage.replies(number)).filter((reply) => /`(head-moved|not-permitted)`/.test(reply))
    expect(told).toEqual(reason === undefined ? [] : [expect.stringContaining(`\`${reason}\``)])
  }

  test('a label that is still there starts its workflow on what the run before it delivered', async () => {
    const { number, head, run } = await waiting()
    await finish(run, workOn(head, 'notes/two.md', 'Two\n'))
    const { deliveredSha } = await stage.app.database.prisma.run.findUniqueOrThrow({ where: { id: run.id } })
    expect(deliveredSha).not.toBeNull()
    expect(await stage.runOn(number)).toMatchObject({ family: 'fix', state: 'dispatched', headSha: deliveredSha })
  })

  test('a label that was taken off starts nothing', async () => {
    const { number, run } = await waiting()
    await stage.github.person('dev').unlabel(number, 'agent/fix')
    await finish(run)
    await expectNone(number, run)
  })

  test('a label whose head somebody pushed over is refused', async () => {
    const { number, branch, run } = await waiting()
    await stage.github.person('mira').push({ branch, files: { 'notes/late.md': 'Late\n' } })
    await stage.settled()
    await finish(run)
    await expectNone(number, run, 'head-moved')
  })

  test('a label of somebody who lost the access, or that somebody without it has set since, is refused', async () => {
    const { number, run } = await waiting()
    stage.github.fail({ path: /\/collaborators\/dev\/permission$/, status: 404 })
    await finish(run)
    await expectNone(number, run, 'not-permitted')

    const other = await waiting()
    await stage.github.person('trish').unlabel(other.number, 'agent/fix')
    await stage.github.person('trish').label(other.number, 'agent/fix')
    await stage.settled()
    await finish(other.run)
    await expectNone(other.number, other.run, 'not-permitted')
  })

  test('a pull request that somebody without the access has pushed to since is not worked on', async () => {
    const pull = await stage.openPull()
    const run = await stage.runOn(pull.number)
    await stage.github.person('dev').push({ branch: pull.branch, files: { 'src/one.js': '1\n' } })
    await stage.settled()
    stage.github.fail({ path: /\/collaborators\/dev\/permission$/, status: 404 })
    const head = await stage.github.person('dev').push({ branch: pull.branch, files: { 'src/two.js': '2\n' } })
    await stage.settled()
    await finish(run)
    await expectNone(pull.number, run)
    expect((await checksOn(head)).map(([, , summary]) => summary)).toContainEqual(
      expect.stringContaining('`head-moved`'),
    )
  })
})

describe('a push to the default branch', () => {
  test('starts it on that commit, by what it changes; the same event again starts nothing', async () => {
    const sha = await stage.github.person('dev').push({ branch: 'main', files: { 'docs/guide.md': 'New\n' } })
    await stage.settled()
    const [run, ...others] = await runsOf('after-push')
    expect(others).toEqual([])
    expect(run).toMatchObject({ headSha: sha, state: 'dispatched', subjectKey: `push:${sha}:after-push` })
    const push = stage.github.hooks.deliveries().findLast(({ event }) => event === 'push')
    await stage.github.hooks.redeliver(push?.id ?? '')
    await stage.github.person('dev').push({ branch: 'main', files: { 'notes.md': 'New\n' } })
    await stage.settled()
    expect(await runsOf('after-push')).toHaveLength(1)
  })
})

describe('a check that failed', () => {
  test('starts it once for a head, whatever else fails there; another name starts nothing', async () => {
    const pull = await quietPull()
    await stage.github.ci.check(pull.head, 'lint', 'failure')
    await stage.github.ci.check(pull.head, 'tests / unit', 'success')
    await stage.settled()
    expect(await runsOf('mend')).toEqual([])
    await stage.github.ci.check(pull.head, 'tests / unit', 'failure')
    await stage.github.ci.status(pull.head, 'test-old', 'failure')
    await stage.settled()
    expect(await runsOf('mend')).toMatchObject([{ subjectKey: `pull-request:${pull.number}`, headSha: pull.head }])
  })

  test('that a person reports starts nothing above their own access, whoever pushed the head', async () => {
    const mira = stage.github.person('mira')
    const { number, head: sha } = await mira.openPull({
      branch: 'grave',
      title: 'Grave',
      files: { 'notes/g.md': 'G\n' },
    })
    await stage.settled()
    const reportAs = async (login: string) => {
      const octokit = new Octokit({ baseUrl: stage.github.url, auth: stage.github.tokenOf(login) })
      await octokit.repos.createCommitStatus({ owner: OWNER, repo: REPO, sha, state: 'failure', context: 'grave' })
      await stage.settled()
    }
    await reportAs('dev')
    expect(await runsOf('grave')).toEqual([])
    expect(await checksOn(sha)).toMatchObject([
      ['purser: grave', 'neutral', expect.stringContaining('`not-permitted`')],
    ])
    await reportAs('mira')
    expect(await runsOf('grave')).toMatchObject([{ subjectKey: `pull-request:${number}`, headSha: sha }])
  })

  test('of an App that is not declared starts nothing where any are', async () => {
    const before = (await runsOf('mend')).length
    const pull = await quietPull()
    await stage.github.ci.check(pull.head, 'test', 'failure', 88)
    await stage.settled()
    expect(await runsOf('mend')).toHaveLength(before)
    await stage.github.ci.check(pull.head, 'test', 'failure', 77)
    await stage.settled()
    expect(await runsOf('mend')).toHaveLength(before + 1)
  })

  test('on a commit that the App itself has made starts nothing', async () => {
    const before = (await runsOf('mend')).length
    const pull = await quietPull()
    await stage.say('dev', pull.number, '/agent refactor+tests')
    const runner = await stage.runnerOf(await stage.runOn(pull.number))
    await runner.finish({ delivery: workOn(pull.head, 'src/total.js', 'export const total = 2\n') })
    const { deliveredSha } = await stage.runOn(pull.number)
    await stage.github.ci.check(deliveredSha ?? '', 'test', 'failure')
    await stage.settled()
    expect(await runsOf('mend')).toHaveLength(before)
  })
})

describe('a dispatch', () => {
  test('by somebody with the access starts it on the default branch; by others, or of another name, nothing', async () => {
    const dispatch = (login: string, action: string, id?: Parameters<typeof tell>[2]) =>
      tell('repository_dispatch', { action, branch: 'main', sender: { login, type: 'User' } }, id)
    await dispatch('dev', 'something-else')
    expect(await runsOf('asked')).toEqual([])
    const id = randomUUID()
    await dispatch('dev', 'nightly-report', id)
    await dispatch('dev', 'nightly-report', id)
    expect(await runsOf('asked')).toMatchObject([{ state: 'dispatched', delivery: 'pull-request' }])
    await dispatch('guest', 'nightly-report')
    expect(await runsOf('asked')).toHaveLength(1)
    const [run] = await runsOf('asked')
    expect((await checksOn(run?.headSha ?? '')).filter(([, conclusion]) => conclusion === 'neutral')).toMatchObject([
      ['purser: asked', 'neutral', expect.stringContaining('`not-permitted`')],
    ])
  })
})

test('machines start so many sessions on one subject a day and no more', async () => {
  const pull = await quietPull()
  await stage.app.database.prisma.session.createMany({
    data: Array.from({ length: SUBJECT_STARTS_A_DAY_MAX }, (_, index) => ({
      id: `brake-${index}`,
      repositoryId: BigInt(stage.github.repository.id),
      subjectKind: 'pull-request',
      subjectKey: `pull-request:${pull.number}`,
      family: 'look-over',
      trigger: 'check',
      commandKey: `check:${index}`,
      ceilingMicroUsd: 1n,
      createdAt: new Date('2026-11-26T10:00:00Z'),
    })),
  })
  await stage.github.person('dev').label(pull.number, 'agent/fix')
  await stage.settled()
  const [reply = ''] = await stage.replies(pull.number)
  expect(reply).toContain('`daily-brake`')
  expect(reply).toContain(`${SUBJECT_STARTS_A_DAY_MAX} sessions here within a day`)
  expect(reply).toContain('after 2026-11-27 10:00 UTC')
})

describe('a schedule', () => {
  const at = (moment: string) => {
    from = Date.parse(moment)
    set = Date.now()
  }
  const dueAt = async (family = 'weekly') =>
    (await stage.app.database.prisma.schedule.findMany({ where: { family } })).map((one) => one.dueAt.toISOString())

  test('starts it when it is due, once where it was missed, and follows what is declared', async () => {
    // The App has heard of the repository.
    await quietPull()
    await stage.app.sweep()
    expect(await dueAt()).toEqual(['2026-11-30T06:00:00.000Z'])
    await stage.app.sweep()
    expect(await runsOf('weekly')).toEqual([])

    at('2026-11-30T06:00:20Z')
    await stage.app.sweep()
    await stage.app.sweep()
    await stage.settled()
    const [first, ...others] = await runsOf('weekly')
    expect(others).toEqual([])
    expect(first).toMatchObject({ state: 'dispatched' })
    expect(await dueAt()).toEqual(['2026-12-07T06:00:00.000Z'])
    const runner = await stage.runnerOf(first as Run)
    await runner.finish({})

    // Away for more than three weeks: it starts once, on the head of now, with what is new since.
    const head = await stage.github.person('dev').push({ branch: 'main', files: { 'notes.md': 'Newer\n' } })
    await stage.settled()
    at('2026-12-30T12:00:00Z')
    await stage.app.sweep()
    await stage.app.sweep()
    await stage.settled()
    const runs = await runsOf('weekly')
    expect(runs).toHaveLength(2)
    expect(runs[1]).toMatchObject({ headSha: head, plan: { subject: { baseSha: first?.headSha } } })
    expect(await dueAt()).toEqual(['2027-01-04T06:00:00.000Z'])

    const path = '.github/purser/portfolios.yml'
    await stage.github.person('mira').push({
      branch: 'main',
      files: { [path]: `${portfolios()}time-zone: Europe/Berlin\n` },
    })
    await stage.settled()
    expect(await dueAt()).toEqual(['2027-01-04T05:00:00.000Z'])
    await stage.github.person('mira').push({ branch: 'main', files: workflow('weekly', '[push]') })
    await stage.settled()
    expect(await dueAt()).toEqual([])
  })
})
