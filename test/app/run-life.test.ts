/** What faults and second thoughts do to a run on its way; `core/run/run-life.ts` is the table behind it. */
import { createHmac, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { reportSchema } from '../../core/run/report.ts'
import { callOf } from './ledger/scene.ts'
import { OWNER, PORTFOLIOS, REPO, reportOf, type Stage, setStage, ticking, WEBHOOK_SECRET, workOn } from './stage.ts'

const DAY_MS = 86_400_000
const repository = { owner: OWNER, repo: REPO }
const path = '.github/purser/portfolios.yml'
const overrides = 'overrides: { cap: 2x }'
const portfolios = (cap: string) =>
  PORTFOLIOS.replace('usd: 40', 'usd: 400').replace(
    overrides,
    `${overrides}\n    cap: { usd: ${cap} }\n    confirm-over: { usd: 1.50 }`,
  )
/** Below what this portfolio starts without asking. */
const CHEAP = '/agent refactor+tests cap=1.40'

let stage: Stage
let now = new Date()

beforeAll(async () => {
  stage = await setStage({ app: { clock: ticking(() => now) }, portfolios: portfolios('2.00') })
})
afterAll(async () => {
  await stage.close()
})

async function started(command = CHEAP) {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, command)
  return { pull, run: await stage.runOn(pull.number) }
}

async function headOf(branch: string): Promise<string> {
  const { data } = await stage.octokit.git.getRef({ ...repository, ref: `heads/${branch}` })
  return data.object.sha
}

/** An event as GitHub sends it, and all that follows from it. */
async function tell(event: string, payload: object): Promise<void> {
  const { id, name, fullName } = stage.github.repository
  const body = JSON.stringify({
    installation: { id: stage.github.app.installationId },
    repository: { id, name, full_name: fullName, default_branch: 'main' },
    ...payload,
  })
  const headers = {
    'x-github-event': event,
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': `sha256=${createHmac('sha256', WEBHOOK_SECRET).update(body).digest('hex')}`,
  }
  const { status } = await fetch(`${stage.app.url}/api/github/webhooks`, { method: 'POST', headers, body })
  expect(status).toBe(202)
  await stage.settled()
}

describe('right after the App was installed', () => {
  const body = { workflow: 'changelog', inputs: {}, step: randomUUID() }
  const job = { event_name: 'schedule', run_id: '901' }

  test('a job’s token that names another repository than it says opens nothing', async () => {
    const token = await stage.token({ ...job, repository_id: '99' })
    expect(await stage.post('', token, body)).toMatchObject({ status: 401, json: { reason: 'identity-invalid' } })
    const nowhere = await stage.token({ ...job, repository_id: '98', repository: `${OWNER}/elsewhere` })
    expect(await stage.post('', nowhere, body)).toMatchObject({ status: 401, json: { reason: 'identity-invalid' } })
  })

  test('a job may ask though no event has told of its repository', async () => {
    expect(await stage.app.database.prisma.repository.count()).toBe(0)
    const token = await stage.token({ ...job, sha: await headOf('main') })
    expect(await stage.post('', token, body)).toMatchObject({ status: 200 })
    expect(await stage.app.database.prisma.repository.findMany()).toMatchObject([{ owner: OWNER, name: REPO }])
  })

  test('again, the new installation is noted for what was known and for what was not', async () => {
    const { prisma } = stage.app.database
    const known = { owner: OWNER, name: 'known', installationId: 5n, defaultBranch: 'main' }
    await prisma.repository.create({ data: { id: 77n, ...known } })
    await prisma.repository.updateMany({ where: { name: REPO }, data: { installationId: 5n } })
    const { id, fullName } = stage.github.repository
    const repositories = [
      { id, full_name: fullName },
      { id: 77, full_name: `${OWNER}/known` },
    ]
    await tell('installation_repositories', {
      action: 'added',
      repository: undefined,
      repositories_added: repositories,
    })
    const installationId = BigInt(stage.github.app.installationId)
    const rows = await prisma.repository.findMany({ orderBy: { name: 'asc' } })
    expect(rows).toMatchObject([
      { name: 'known', installationId },
      { name: REPO, installationId },
    ])
    await prisma.repository.delete({ where: { id: 77n } })
  })
})

test('one step asks for one thing: for another it is refused as the caller’s mistake', async () => {
  const pull = await stage.openPull()
  const body = { workflow: 'changelog', inputs: {}, step: randomUUID() }
  const ask = async (sha: string) => stage.post('', await stage.token({ event_name: 'push', run_id: '902', sha }), body)
  expect(await ask(pull.head)).toMatchObject({ status: 200 })
  expect(await ask('b'.repeat(40))).toMatchObject({ status: 400, json: { reason: 'bad-request' } })
})

test('a claim is repeated only until its first heartbeat', async () => {
  const { run } = await started()
  const job = { run_id: String(run.actionsRunId), check_run_id: '31' }
  const step = randomUUID()
  const claim = async () => stage.post(`/${run.id}/claim`, await stage.token(job), { step })
  await claim()
  const again = await claim()
  expect(again.status).toBe(200)
  const beat = { sequence: 1, spentMicroUsd: '0', wantMicroUsd: '0' }
  expect((await stage.post(`/${run.id}/events`, String(again.json.token), beat)).status).toBe(200)
  expect(await claim()).toMatchObject({ status: 409, json: { reason: 'already-claimed' } })
})

test('work that a lost run reports late is kept and never delivered, however often it is reported', async () => {
  const { pull, run } = await started()
  const runner = await stage.runnerOf(run)
  await stage.app.database.prisma.run.update({ where: { id: run.id }, data: { leaseUntil: new Date(0) } })
  await stage.app.sweep()
  const report = { delivery: workOn(pull.head, 'src/total.js', '1\n'), calls: [callOf(100_000n)] }
  for (const _ of ['late', 'again']) {
    expect(await runner.finish(report)).toMatchObject({ status: 200, json: { conclusion: 'failed', reason: 'lost' } })
  }
  await stage.app.sweep()
  await stage.settled()
  expect(await headOf(pull.branch)).toBe(pull.head)
  expect(await stage.runOn(pull.number)).toMatchObject({ reason: 'lost', deliveredSha: null, deliveredAt: null })
  expect((await stage.replies(pull.number))[0]).toContain('the work is kept')
})

test('an attempt that is told late to be over ends no job of the next', async () => {
  const { pull, run } = await started()
  const id = Number(run.actionsRunId)
  const job = { run_id: String(id), run_attempt: '2', check_run_id: '41' }
  await stage.post(`/${run.id}/claim`, await stage.token(job), { step: randomUUID() })
  await tell('workflow_run', { action: 'completed', workflow_run: { id, run_attempt: 1 } })
  expect(await stage.runOn(pull.number)).toMatchObject({ state: 'claimed' })
  await tell('workflow_run', { action: 'completed', workflow_run: { id, run_attempt: 2 } })
  expect(await stage.runOn(pull.number)).toMatchObject({ state: 'ended', reason: 'lost' })
})

describe('`/agent go`', () => {
  test('starts a quote of two days ago, and no sweep takes its hold for an old one', async () => {
    const { pull, run } = await started('/agent refactor+tests')
    expect(run.state).toBe('waiting')
    now = new Date(now.getTime() + 2 * DAY_MS)
    stage.github.fail({ method: 'POST', path: /\/dispatches$/, status: 502 })
    await stage.github.person('dev').comment(pull.number, '/agent go')
    await expect.poll(async () => (await stage.runOn(pull.number)).state, { timeout: 20_000 }).toBe('reserved')
    await stage.app.sweep()
    await stage.settled()
    await stage.app.sweep()
    expect(await stage.runOn(pull.number)).toMatchObject({ id: run.id, state: 'dispatched' })
    // Its own second try, after GitHub's 502, found the run that it had reserved.
    expect((await stage.replies(pull.number)).join()).not.toContain('no-session')
  })

  test('quotes again where the price has risen, and starts only after another go', async () => {
    const { pull } = await started('/agent refactor+tests')
    await stage.github.person('mira').push({ branch: 'main', files: { [path]: portfolios('2.401') } })
    // The first try dies after the new quote is stored; the second must not take that one for agreed.
    stage.github.fail({ method: 'PATCH', path: /\/issues\/comments\/\d+$/, status: 502 })
    await stage.say('dev', pull.number, '/agent go')
    expect(await stage.runOn(pull.number)).toMatchObject({ state: 'waiting', capMicroUsd: 2_401_000n })
    const [comment, answer] = await stage.replies(pull.number)
    expect(comment).toContain('$2.41')
    expect(answer).toMatch(/`confirmation-needed`/)
    expect(answer).toMatch(/\$2\.00 then, never more than \$2\.41 now/)
    // What is the same in whole cents is told exactly.
    await stage.github.person('mira').push({ branch: 'main', files: { [path]: portfolios('2.403') } })
    await stage.say('dev', pull.number, '/agent go')
    expect((await stage.replies(pull.number)).at(-1)).toMatch(/\$2\.401 then, never more than \$2\.403 now/)
    await stage.say('dev', pull.number, '/agent go')
    expect(await stage.runOn(pull.number)).toMatchObject({ state: 'dispatched', heldMicroUsd: 2_403_000n })
    expect(await stage.app.database.prisma.run.count({ where: { subjectKey: `pull-request:${pull.number}` } })).toBe(1)
  })
})

test('a command whose run is reserved goes on, though the branch was pushed to before it was tried again', async () => {
  const pull = await stage.openPull()
  stage.github.fail({ method: 'POST', path: /\/dispatches$/, status: 502 })
  await stage.github.person('dev').comment(pull.number, CHEAP)
  await expect
    .poll(() => stage.app.database.prisma.run.count({ where: { subjectKey: `pull-request:${pull.number}` } }), {
      timeout: 20_000,
    })
    .toBe(1)
  await stage.github.person('dev').push({ branch: pull.branch, files: { 'src/else.js': '1\n' } })
  await stage.settled()
  expect(await stage.runOn(pull.number)).toMatchObject({ state: 'dispatched', headSha: pull.head })
  expect((await stage.replies(pull.number)).join()).not.toContain('head-moved')
})

test('a run that is stopped before a job claimed it never started, and counts nowhere', async () => {
  const { pull } = await started()
  const days = await stage.app.database.prisma.trialDay.findMany()
  await stage.say('dev', pull.number, '/agent stop')
  await stage.app.sweep()
  const run = await stage.runOn(pull.number)
  expect(run).toMatchObject({ conclusion: 'refused', reason: 'cancelled', outcome: 'pending', decideAfter: null })
  expect(await stage.app.database.prisma.trialDay.findMany()).toEqual(days)
  expect((await stage.replies(pull.number))[0]).toContain('The run was stopped.')
})

test('a sweep asks GitHub nothing about runs that only wait for silence, until that is over', async () => {
  const { prisma } = stage.app.database
  const { pull, run } = await started()
  const runner = await stage.runnerOf(run)
  await runner.finish({ delivery: workOn(pull.head, 'src/total.js', '1\n') })
  await stage.app.sweep()
  await stage.settled()
  expect(await stage.runOn(pull.number)).toMatchObject({ outcome: 'pending' })
  const asked = stage.github.calls().length
  await stage.app.sweep()
  // The log of deliveries is one question for all repositories, whatever they have.
  expect(
    stage.github
      .calls()
      .slice(asked)
      .map(({ path }) => path),
  ).toEqual(['/app/hook/deliveries'])

  now = new Date(now.getTime() + 14 * DAY_MS + 1000)
  await stage.app.sweep()
  await stage.settled()
  expect(await stage.runOn(pull.number)).toMatchObject({ outcome: 'unknown', decideAfter: null })
  expect(await prisma.run.count({ where: { decideAfter: { lte: now } } })).toBe(0)
})

test('one process at a time delivers a report', async () => {
  const { prisma } = stage.app.database
  const { pull, run } = await started()
  const { claim, finish } = await stage.runnerOf(run)
  const report = { delivery: workOn(pull.head, 'src/total.js', '2\n') }
  // Another process has begun with it, as its first trace in the database shows.
  stage.github.fail({ method: 'POST', path: /\/git\/trees$/, status: 500 })
  expect((await finish(report)).status).toBe(503)
  await prisma.run.update({ where: { id: run.id }, data: { deliveringUntil: new Date(Date.now() + DAY_MS) } })
  expect((await finish(report)).status).toBe(503)
  expect(await headOf(pull.branch)).toBe(pull.head)
  // It died, and its time is over.
  await prisma.run.update({ where: { id: run.id }, data: { deliveringUntil: new Date(0) } })
  const again = await stage.post(`/${run.id}/finish`, claim.token, z.encode(reportSchema, reportOf(report)))
  expect(again).toMatchObject({ status: 200, json: { conclusion: 'completed' } })
  expect(await stage.runOn(pull.number)).toMatchObject({ deliveredSha: await headOf(pull.branch) })
})
