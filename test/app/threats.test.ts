/** What a forger, a flood or a fault may not bring about; each row names its line in the threats it answers. */
import { createHmac, randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MACHINE_STARTS_A_DAY_MAX } from '../../app/run/brake.ts'
import { WEBHOOK_BYTES_MAX } from '../../app/webhooks/webhooks.ts'
import { isRefused } from '../../delivery/github.ts'
import type { Files } from '../world/contract.ts'
import { OWNER, REPO, type Stage, setStage, WEBHOOK_SECRET, workOn } from './stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await setStage({ users: { mira: 'maintain', dev: 'write', helper: 'triage' } })
})
afterAll(async () => {
  await stage.close()
})

async function delivered(files?: Files) {
  return worked(await stage.openPull(files))
}

async function worked(pull: { number: number; branch: string; head: string }) {
  await stage.say('dev', pull.number, '/agent refactor+tests')
  const runner = await stage.runnerOf(await stage.runOn(pull.number))
  await runner.finish({ delivery: workOn(pull.head, `src/${pull.branch}.js`, '1\n') })
  return { ...pull, sha: (await stage.runOn(pull.number)).deliveredSha ?? '' }
}

describe('forged facts', () => {
  test('an outcome label by somebody who may label and not write is taken off, so that it can be set anew', async () => {
    const { number } = await delivered()
    await stage.github.person('helper').label(number, 'agent/accepted')
    await stage.github.person('helper').label(number, 'bug')
    await stage.settled()
    expect(await stage.runOn(number)).toMatchObject({ outcome: 'pending' })
    const { data } = await stage.octokit.issues.listLabelsOnIssue({ owner: OWNER, repo: REPO, issue_number: number })
    expect(data.map(({ name }) => name)).toEqual(['bug'])
    expect((await stage.replies(number)).filter((reply) => reply.includes('It was taken off'))).toHaveLength(1)
    await stage.github.person('dev').label(number, 'agent/accepted')
    await stage.settled()
    expect(await stage.runOn(number)).toMatchObject({ outcome: 'accepted' })
  })

  test('a label’s delivery that comes again after the label is gone brings nothing back', async () => {
    const { number } = await delivered()
    await stage.github.person('dev').label(number, 'agent/rejected')
    await stage.settled()
    expect(await stage.runOn(number)).toMatchObject({ outcome: 'rejected' })
    await stage.github.person('dev').unlabel(number, 'agent/rejected')
    await stage.settled()
    const told = stage.github.hooks.deliveries().findLast(({ action }) => action === 'labeled')
    // Handled before, so it would be known by its id: as if only now it came for the first time.
    await stage.app.database.prisma.webhook.deleteMany({ where: { deliveryId: told?.id ?? '' } })
    await stage.github.hooks.redeliver(told?.id ?? '')
    await stage.settled()
    expect(await stage.runOn(number)).toMatchObject({ outcome: 'pending' })
  })

  test('a check counts on the delivered head alone, a success hides no failure, and a stranger’s says nothing', async () => {
    const { number, sha, head } = await delivered()
    await stage.github.ci.check(sha, 'test', 'failure')
    await stage.github.ci.check(sha, 'lint', 'success')
    await stage.github.ci.check(head, 'test', 'success')
    await stage.github.person('mira').merge(number)
    await stage.settled()
    expect(await stage.runOn(number)).toMatchObject({ outcome: 'reworked' })
    const other = await delivered()
    await stage.github.ci.check(other.sha, 'test', 'failure', 4711)
    await stage.github.person('mira').merge(other.number)
    await stage.settled()
    expect(await stage.runOn(other.number)).toMatchObject({ outcome: 'accepted' })
  })

  test('where the branch changes an Actions workflow, its checks say nothing, nor do they after the merge', async () => {
    const forged = 'name: Forged\non: push\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps: [{ run: "true" }]\n'
    const { number, sha } = await delivered({ '.github/workflows/test.yml': forged, 'src/total.js': '1\n' })
    await stage.github.ci.check(sha, 'test', 'failure')
    await stage.github.ci.status(sha, 'ci/test', 'failure')
    await stage.github.person('mira').merge(number)
    await stage.github.ci.check(sha, 'late', 'failure')
    await stage.settled()
    expect(await stage.runOn(number)).toMatchObject({ outcome: 'accepted' })
    const run = await stage.runOn(number)
    const facts = await stage.app.database.prisma.fact.findMany({ where: { runId: run.id, kind: 'workflows' } })
    expect(facts).toMatchObject([{ value: 'changed' }])
  })

  test('a branch that is only older than the default branch’s Actions workflows keeps its checks', async () => {
    const pull = await stage.openPull()
    const files = { '.github/workflows/new.yml': 'name: New\non: push\njobs: {}\n' }
    await stage.github.person('mira').push({ branch: 'main', files })
    const { number, sha } = await worked(pull)
    await stage.github.ci.check(sha, 'test', 'failure')
    await stage.github.person('mira').merge(number)
    await stage.settled()
    expect(await stage.runOn(number)).toMatchObject({ outcome: 'reworked' })
  })
})

describe('floods', () => {
  test('two commands at once on one pull request start one run, and the other waits for it', async () => {
    const { number } = await stage.openPull()
    const commands = ['/agent refactor+tests', '/agent review']
    await Promise.all(commands.map((command) => stage.github.person('dev').comment(number, command)))
    await stage.settled()
    expect(await stage.app.database.prisma.run.count({ where: { subjectKey: `pull-request:${number}` } })).toBe(1)
    expect((await stage.replies(number)).filter((reply) => reply.includes('(position 1)'))).toHaveLength(1)
  })

  test('jobs start a workflow so many times a day and no more', async () => {
    const { prisma } = stage.app.database
    await prisma.session.createMany({
      data: Array.from({ length: MACHINE_STARTS_A_DAY_MAX }, (_, index) => ({
        id: `brake-${index}`,
        repositoryId: BigInt(stage.github.repository.id),
        subjectKind: 'push',
        subjectKey: `push:${index}`,
        family: 'changelog',
        trigger: 'push',
        commandKey: `job:${index}`,
        ceilingMicroUsd: 1n,
        createdAt: new Date(),
      })),
    })
    const { data } = await stage.octokit.git.getRef({ owner: OWNER, repo: REPO, ref: 'heads/main' })
    const job = await stage.token({ event_name: 'push', sha: data.object.sha, run_id: '9001' })
    const answer = await stage.post('', job, { workflow: 'changelog', step: randomUUID() })
    expect(answer).toMatchObject({ status: 422, json: { reason: 'daily-brake' } })
    expect(answer.json.message).toContain(`${MACHINE_STARTS_A_DAY_MAX} times`)
    expect(answer.json.todo).toMatch(/after \d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC/)
  })

  test('a webhook above GitHub’s bound is refused before it is read', async () => {
    const headers = { ...signed('{}', 'push'), 'content-length': WEBHOOK_BYTES_MAX + 1 }
    const status = await new Promise((resolve, reject) => {
      const sending = request(`${stage.app.url}/api/github/webhooks`, { method: 'POST', headers }, (response) => {
        resolve(response.statusCode)
        sending.destroy()
      })
      sending.on('error', reject)
      sending.write('{')
    })
    expect(status).toBe(413)
  })
})

describe('a database that is away', () => {
  async function without<T>(table: string, work: () => Promise<T>): Promise<T> {
    const { prisma } = stage.app.database
    await prisma.$executeRawUnsafe(`ALTER TABLE "${table}" RENAME TO "${table}_away"`)
    try {
      return await work()
    } finally {
      await prisma.$executeRawUnsafe(`ALTER TABLE "${table}_away" RENAME TO "${table}"`)
    }
  }

  test('a webhook that could not be stored is never acknowledged', async () => {
    const payload = '{}'
    const send = () =>
      fetch(`${stage.app.url}/api/github/webhooks`, {
        method: 'POST',
        headers: signed(payload, 'push'),
        body: payload,
      })
    expect((await without('webhook', send)).status).toBe(503)
    expect((await send()).status).toBe(202)
  })

  test('nothing new may be spent, and a report may come again', async () => {
    const pull = await stage.openPull()
    await stage.say('dev', pull.number, '/agent review')
    const runner = await stage.runnerOf(await stage.runOn(pull.number))
    const beat = { sequence: 1, spentMicroUsd: '0', wantMicroUsd: '900000' }
    expect(await without('run', () => runner.events(beat))).toMatchObject({
      status: 503,
      json: { refused: true, reason: 'ledger-unreachable' },
    })
    expect((await runner.events(beat)).status).toBe(200)
  })
})

test.each([
  [404, '', true],
  [422, '', true],
  [403, 'Resource not accessible by integration', true],
  [403, 'You have exceeded a secondary rate limit', false],
  [429, '', false],
  [500, '', false],
  [undefined, 'socket hang up', false],
])('GitHub’s %s %s is its last word: %s', (status, message, isLast) => {
  expect(isRefused(Object.assign(new Error(message), { status }))).toBe(isLast)
})

function signed(payload: string, event: string): Record<string, string> {
  return {
    'x-github-event': event,
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': `sha256=${createHmac('sha256', WEBHOOK_SECRET).update(payload).digest('hex')}`,
  }
}
