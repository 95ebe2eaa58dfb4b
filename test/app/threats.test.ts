/** What a forger, a flood or a fault may not bring about; each row names its line in the threats it answers. */
import { createHmac, randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MACHINE_STARTS_A_DAY_MAX } from '../../app/door/ask.ts'
import { WEBHOOK_BYTES_MAX } from '../../app/webhooks.ts'
import { isRefused } from '../../delivery/github.ts'
import { OWNER, REPO, type Stage, setStage, WEBHOOK_SECRET, workOn } from './stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await setStage({ users: { mira: 'maintain', dev: 'write', helper: 'triage' } })
})
afterAll(async () => {
  await stage.close()
})

async function delivered() {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent refactor+tests')
  const runner = await stage.runnerOf(await stage.runOn(pull.number))
  await runner.finish({ delivery: workOn(pull.head, `src/${pull.branch}.js`, '1\n') })
  return { ...pull, sha: (await stage.runOn(pull.number)).deliveredSha ?? '' }
}

describe('forged facts', () => {
  test('a label by somebody who may label and not write says nothing', async () => {
    const { number } = await delivered()
    await stage.github.person('helper').label(number, 'agent/accepted')
    await stage.settled()
    expect(await stage.runOn(number)).toMatchObject({ outcome: 'pending' })
    await stage.github.person('dev').unlabel(number, 'agent/accepted')
    await stage.github.person('dev').label(number, 'agent/accepted')
    await stage.settled()
    expect(await stage.runOn(number)).toMatchObject({ outcome: 'accepted' })
  })

  test('a check counts on the delivered head alone, and a success hides no other App’s failure', async () => {
    const { number, sha, head } = await delivered()
    await stage.github.ci.check(sha, 'test', 'failure')
    await stage.github.ci.check(sha, 'test', 'success', 4711)
    await stage.github.ci.check(head, 'test', 'success')
    await stage.github.person('mira').merge(number)
    await stage.settled()
    expect(await stage.runOn(number)).toMatchObject({ outcome: 'reworked' })
  })
})

describe('floods', () => {
  test('two commands at once on one pull request start one run', async () => {
    const { number } = await stage.openPull()
    const commands = ['/agent refactor+tests', '/agent review']
    await Promise.all(commands.map((command) => stage.github.person('dev').comment(number, command)))
    await stage.settled()
    expect(await stage.app.database.prisma.run.count({ where: { subjectKey: `pull-request:${number}` } })).toBe(1)
    expect((await stage.replies(number)).filter((reply) => reply.includes('`already-running`'))).toHaveLength(1)
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
