import { createHmac, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { OWNER, REPO, reportOf, type Stage, setStage, WEBHOOK_SECRET, workOn } from './stage.ts'

/** What the runner makes for its step, and repeats in every try. */
const STEP = '6f1f7c3e-2f1a-4a3b-9b57-0d1f6a4f2c11'

let stage: Stage

beforeAll(async () => {
  stage = await setStage()
})
afterAll(async () => {
  await stage.close()
})

async function startedRun() {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent refactor+tests')
  return { pull, run: await stage.runOn(pull.number) }
}

describe('a claim needs the token of the very job that was dispatched', () => {
  let run: Awaited<ReturnType<typeof startedRun>>['run']
  beforeAll(async () => {
    run = (await startedRun()).run
  })

  test.each([
    ['no such key', {}, { key: true }, 401, 'identity-invalid'],
    ['another issuer', {}, { issuer: 'https://token.example.com' }, 401, 'identity-invalid'],
    ['expired', {}, { expired: true }, 401, 'identity-invalid'],
    ['another repository', { repository_id: '99' }, {}, 401, 'identity-invalid'],
    ['another branch', { ref: 'refs/heads/work-1' }, {}, 403, 'not-default-branch'],
    ['a pull request', { event_name: 'pull_request' }, {}, 403, 'not-default-branch'],
    [
      'a branch’s own Actions workflow',
      { workflow_ref: `${OWNER}/${REPO}/.github/workflows/purser.yml@refs/heads/work-1` },
      {},
      403,
      'not-default-branch',
    ],
    [
      'another repository’s Actions workflow',
      { workflow_ref: 'evil/shop/.github/workflows/purser.yml@refs/heads/main' },
      {},
      403,
      'not-default-branch',
    ],
    [
      'another Actions workflow',
      { workflow_ref: `${OWNER}/${REPO}/.github/workflows/other.yml@refs/heads/main` },
      {},
      401,
      'identity-invalid',
    ],
    ['a push', { event_name: 'push' }, {}, 401, 'identity-invalid'],
    ['another Actions run', { run_id: '77' }, {}, 404, 'run-unknown'],
  ])('%s', async (_, claims, forge, status, reason) => {
    const token = await stage.token({ run_id: String(run.actionsRunId), ...claims }, forge)
    expect(await stage.post(`/${run.id}/claim`, token, { step: STEP })).toMatchObject({
      status,
      json: { refused: true, reason },
    })
    expect(await stage.app.database.prisma.run.findUnique({ where: { id: run.id } })).toMatchObject({
      state: 'dispatched',
      drawnMicroUsd: 0n,
    })
  })

  test('another audience', async () => {
    const claims = { repository_id: String(stage.github.repository.id), run_id: String(run.actionsRunId) }
    const token = await stage.github.oidc.sign('sts.amazonaws.com', claims)
    expect(await stage.post(`/${run.id}/claim`, token, { step: STEP })).toMatchObject({
      json: { reason: 'identity-invalid' },
    })
  })

  test('a job that claims again gets its claim back, and its first token opens nothing any more', async () => {
    const job = { run_id: String(run.actionsRunId), check_run_id: '5' }
    const first = await stage.post(`/${run.id}/claim`, await stage.token(job), { step: STEP })
    const second = await stage.post(`/${run.id}/claim`, await stage.token(job), { step: STEP })
    expect([first.status, second.status]).toEqual([200, 200])
    const beat = { sequence: 1, spentMicroUsd: '0', wantMicroUsd: '0' }
    expect((await stage.post(`/${run.id}/events`, String(first.json.token), beat)).status).toBe(404)
    expect((await stage.post(`/${run.id}/events`, String(second.json.token), beat)).status).toBe(200)
    const other = await stage.token({ ...job, check_run_id: '6' })
    expect(await stage.post(`/${run.id}/claim`, other, { step: STEP })).toMatchObject({
      json: { reason: 'already-claimed' },
    })
    // Another step of the same job is another claimant too.
    const elsewhere = await stage.post(`/${run.id}/claim`, await stage.token(job), { step: randomUUID() })
    expect(elsewhere).toMatchObject({ status: 409, json: { reason: 'already-claimed' } })
  })
})

describe('bodies', () => {
  test.each([
    ['no JSON', '{', 400],
    ['an unknown field', JSON.stringify({ sequence: 1, spentMicroUsd: '0', wantMicroUsd: '0', more: 1 }), 400],
    ['a float for money', JSON.stringify({ sequence: 1, spentMicroUsd: 0.5, wantMicroUsd: '0' }), 400],
  ])('%s', async (_, body, status) => {
    const { run } = await startedRun()
    const runner = await stage.runnerOf(run)
    const response = await fetch(`${stage.app.url}/api/v1/runs/${run.id}/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${runner.claim.token}` },
      body,
    })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ refused: true, reason: 'bad-request' })
  })
})

describe('a report', () => {
  test('repeated, it answers the same and commits once', async () => {
    const { pull, run } = await startedRun()
    const runner = await stage.runnerOf(run)
    const report = { spentMicroUsd: 200_000n, delivery: workOn(pull.head, 'src/total.js', 'export const total = 1\n') }
    const first = await runner.finish(report)
    expect(first.json).toMatchObject({ paidBy: { kind: 'portfolio', name: 'refactoring' } })
    const again = await runner.finish(report)
    expect(again).toEqual(first)
    const { data } = await stage.octokit.repos.listCommits({ owner: OWNER, repo: REPO, sha: pull.branch })
    expect(data.filter(({ commit }) => commit.message.includes(`Purser-Run: ${run.id}`))).toHaveLength(1)
    const entries = await stage.app.database.prisma.entry.findMany({ where: { runId: run.id, kind: 'settle' } })
    expect(entries.map(({ spentChange }) => spentChange)).toEqual([200_000n])
  })

  test('of more than any run can use is refused, and one that can be is taken', async () => {
    const { run } = await startedRun()
    const runner = await stage.runnerOf(run)
    const beat = (spentMicroUsd: string) => runner.events({ sequence: 1, spentMicroUsd, wantMicroUsd: '0' })
    const refused = { status: 400, json: { reason: 'bad-request' } }
    expect(await beat('10000000000000')).toMatchObject(refused)
    expect(stage.log()).not.toContain('spent more than was drawn')
    expect(await beat('9999999999999')).toMatchObject({ status: 200 })
    expect(stage.log()).toContain('spent more than was drawn')
    const most = 9_999_999_999_999n
    const call = { step: 'refactor', model: 'gpt-5.2-mini', reservedMicroUsd: most, spentMicroUsd: most }
    const usage = { inputTokens: 1, cachedTokens: 0, outputTokens: 1, reasoningTokens: 0, usage: 'reported' } as const
    const calls = [0, 1].map((id) => ({ id, ...call, ...usage }))
    expect(await runner.finish({ spentMicroUsd: 0n, calls })).toMatchObject(refused)
    expect(await runner.finish({ spentMicroUsd: 300_000n })).toMatchObject({ status: 200 })
  })

  test('a second, different one changes nothing', async () => {
    const { run } = await startedRun()
    const runner = await stage.runnerOf(run)
    await runner.finish({ spentMicroUsd: 300_000n })
    expect(await runner.finish({ spentMicroUsd: 0n })).toMatchObject({ status: 409, json: { reason: 'run-over' } })
    expect(await stage.app.database.prisma.run.findUnique({ where: { id: run.id } })).toMatchObject({
      spentMicroUsd: 300_000n,
    })
  })

  test.each([
    ['.github/workflows/ci.yml', 'guard-paths'],
    ['package-lock.json', 'guard-paths'],
    ['../outside.js', 'guard-files'],
    ['.git/hooks/post-checkout', 'guard-files'],
  ])('that calls forbidden work completed is withheld: %s', async (path, reason) => {
    const { pull, run } = await startedRun()
    const runner = await stage.runnerOf(run)
    const answer = await runner.finish({ delivery: workOn(pull.head, path, 'on: push\n') })
    expect(answer).toMatchObject({ status: 200, json: { conclusion: 'withheld', reason } })
    const ended = await stage.runOn(pull.number)
    expect(ended).toMatchObject({ conclusion: 'withheld', deliveredSha: null, outcome: 'rejected' })
    const { data } = await stage.octokit.git.getRef({ owner: OWNER, repo: REPO, ref: `heads/${pull.branch}` })
    expect(data.object.sha).toBe(pull.head)
    expect((await stage.replies(pull.number))[0]).toContain(path)
  })

  test('whose work was made from another commit is withheld', async () => {
    const { pull, run } = await startedRun()
    const runner = await stage.runnerOf(run)
    const answer = await runner.finish({ delivery: workOn('b'.repeat(40), 'src/total.js', 'x\n') })
    expect(answer).toMatchObject({ json: { conclusion: 'withheld', reason: 'guard-files' } })
    const { data } = await stage.octokit.git.getRef({ owner: OWNER, repo: REPO, ref: `heads/${pull.branch}` })
    expect(data.object.sha).toBe(pull.head)
  })

  test('of words with mentions and images comes out inert', async () => {
    const pull = await stage.openPull()
    await stage.say('dev', pull.number, '/agent review')
    const runner = await stage.runnerOf(await stage.runOn(pull.number))
    const body = 'Ask @mira, fixes #1 ![x](https://evil.example/p.png) ghp_0123456789abcdefghijABCDEFGHIJ012345'
    await runner.finish({ delivery: { title: 'Review', body } })
    const { data } = await stage.octokit.pulls.listReviews({ owner: OWNER, repo: REPO, pull_number: pull.number })
    expect(data).toHaveLength(1)
    expect(data[0]?.state).toBe('COMMENTED')
    for (const active of ['@mira', '#1 ', '![x]', 'ghp_0123456789']) expect(data[0]?.body).not.toContain(active)
  })
})

test('a job on the default branch asks for a run of its own, and asking again is the same run', async () => {
  const { data } = await stage.octokit.git.getRef({ owner: OWNER, repo: REPO, ref: 'heads/main' })
  const job = {
    event_name: 'push',
    sha: data.object.sha,
    run_id: '501',
    workflow_ref: `${OWNER}/${REPO}/.github/workflows/changelog.yml@refs/heads/main`,
  }
  const body = { workflow: 'changelog', inputs: {}, baseSha: '0'.repeat(40), step: STEP }
  const asked = await stage.post('', await stage.token(job), body)
  expect(asked).toMatchObject({
    status: 200,
    json: { plan: { workflow: 'changelog', subject: { kind: 'push', headSha: data.object.sha } } },
  })
  const again = await stage.post('', await stage.token(job), body)
  expect(again.json.runId).toBe(asked.json.runId)
  const another = await stage.post('', await stage.token(job), { ...body, step: randomUUID() })
  expect(another).toMatchObject({ status: 409, json: { reason: 'already-running' } })
  const delivery = workOn(data.object.sha, 'CHANGELOG.md', '# Changes\n')
  const report = { ...reportOf({}), spentMicroUsd: '1000', delivery }
  const finished = await stage.post(`/${asked.json.runId}/finish`, String(again.json.token), report)
  expect(finished).toMatchObject({ status: 200, json: { conclusion: 'completed' } })
  await stage.settled()
  const { data: pulls } = await stage.octokit.pulls.list({ owner: OWNER, repo: REPO, state: 'open' })
  const made = pulls.find(({ head }) => head.ref.startsWith('purser/'))
  expect(made).toMatchObject({ base: { ref: 'main' }, user: { type: 'Bot' } })

  await stage.github.person('mira').merge(made?.number ?? 0)
  await stage.settled()
  const run = await stage.app.database.prisma.run.findUniqueOrThrow({ where: { id: String(asked.json.runId) } })
  expect(run).toMatchObject({ deliveredNumber: made?.number, outcome: 'accepted' })

  expect(
    await stage.post('', await stage.token({ ...job, run_id: '502' }), { ...body, workflow: 'nope' }),
  ).toMatchObject({
    status: 422,
    json: { reason: 'unknown-workflow' },
  })
  const fromBranch = await stage.token({ ...job, run_id: '503', ref: 'refs/heads/work-1' })
  expect(await stage.post('', fromBranch, body)).toMatchObject({ status: 403, json: { reason: 'not-default-branch' } })
})

describe('webhooks', () => {
  const send = (payload: string, headers: Record<string, string>) =>
    fetch(`${stage.app.url}/api/github/webhooks`, { method: 'POST', headers, body: payload })
  const signed = (payload: string, event: string, secret = WEBHOOK_SECRET) => ({
    'x-github-event': event,
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(payload).digest('hex')}`,
  })

  test('a bad signature is refused, and nothing of the payload is kept or logged', async () => {
    const payload = JSON.stringify({ canary: 'canary-of-a-forger' })
    const response = await send(payload, signed(payload, 'issue_comment', 'another secret'))
    expect(response.status).toBe(401)
    expect(stage.log()).not.toContain('canary-of-a-forger')
  })

  test('an unknown event is acknowledged and dropped', async () => {
    const payload = JSON.stringify({ zen: 'Keep it logically awesome.' })
    const headers = signed(payload, 'ping')
    expect((await send(payload, headers)).status).toBe(202)
    const kept = await stage.app.database.prisma.webhook.findUnique({
      where: { deliveryId: headers['x-github-delivery'] },
    })
    expect(kept).toBeNull()
  })

  test('an action that nothing follows from is acknowledged and dropped', async () => {
    const payload = JSON.stringify({ action: 'edited', repository: { id: 1 } })
    const headers = signed(payload, 'issue_comment')
    expect((await send(payload, headers)).status).toBe(202)
    const kept = await stage.app.database.prisma.webhook.findUnique({
      where: { deliveryId: headers['x-github-delivery'] },
    })
    expect(kept).toBeNull()
  })

  test('what is no JSON, or lacks its headers, is refused', async () => {
    expect((await send('{', signed('{', 'push'))).status).toBe(400)
    expect((await send('{}', {})).status).toBe(400)
  })

  test('a redelivery starts nothing twice, and a handled payload is emptied', async () => {
    const pull = await stage.openPull()
    await stage.say('dev', pull.number, '/agent review')
    const command = stage.github.hooks
      .deliveries()
      .findLast(({ event, payload }) => event === 'issue_comment' && JSON.stringify(payload).includes('/agent review'))
    const runs = await stage.app.database.prisma.run.count()
    expect(await stage.github.hooks.redeliver(command?.id ?? '')).toBe(202)
    await stage.settled()
    expect(await stage.app.database.prisma.run.count()).toBe(runs)
    expect(
      await stage.app.database.prisma.webhook.findUnique({ where: { deliveryId: command?.id ?? '' } }),
    ).toMatchObject({
      payload: null,
      problem: null,
    })
    const unhandled = await stage.app.database.prisma.webhook.count({ where: { handledAt: null } })
    expect(unhandled).toBe(0)
  })

  test('a duplicated delivery is one command', async () => {
    const pull = await stage.openPull()
    stage.github.hooks.fault({ event: 'issue_comment', kind: 'duplicate' })
    await stage.say('dev', pull.number, '/agent review')
    expect(await stage.app.database.prisma.run.count({ where: { subjectKey: `pull-request:${pull.number}` } })).toBe(1)
  })

  test('one that was stored, and then lost its job with the process, is found by the sweep', async () => {
    const pull = await stage.openPull()
    stage.github.hooks.pause()
    await stage.github.person('dev').comment(pull.number, '/agent review')
    stage.github.hooks.resume()
    const told = stage.github.hooks.deliveries().at(-1)
    const payload = JSON.stringify(told?.payload)
    const { repository } = z.object({ repository: z.object({ id: z.int() }) }).parse(told?.payload)
    const receivedAt = new Date(Date.now() - 20 * 60_000)
    const stored = {
      deliveryId: told?.id ?? '',
      repositoryId: repository.id,
      event: 'issue_comment',
      payload,
      receivedAt,
    }
    await stage.app.database.prisma.webhook.create({ data: stored })
    await stage.app.sweep()
    await stage.settled()
    expect(await stage.runOn(pull.number)).toMatchObject({ family: 'review', state: 'dispatched' })
  })
})
