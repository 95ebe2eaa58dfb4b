/** The minute's sweep, in a stage whose App has its own opinion of the time. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLedger } from '../../app/ledger/ledger.ts'
import { release } from '../../app/ledger/settle.ts'
import { LEASE_SECONDS } from '../../core/run/protocol.ts'
import { DELIVERY_TRIES_MAX } from '../../core/run/run-life.ts'
import { postWebhook } from './post-webhook.ts'
import { OWNER, REPO, type Stage, setStage, workOn } from './stage.ts'

const DAY_MS = 86_400_000

let stage: Stage
let aheadMs = 0
let upMs = Number.POSITIVE_INFINITY

beforeAll(async () => {
  stage = await setStage({ app: { clock: () => new Date(Date.now() + aheadMs), upMs: () => upMs } })
})
afterAll(async () => {
  await stage.close()
})

async function started() {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent refactor+tests cap=1.00')
  return { pull, run: await stage.runOn(pull.number) }
}

async function swept(): Promise<void> {
  await stage.app.sweep()
  await stage.settled()
}

test('right after the App was away no lease is taken to be over, until its runners could be heard', async () => {
  const [silent, alive] = [await started(), await started()]
  const runners = [await stage.runnerOf(silent.run), await stage.runnerOf(alive.run)]
  const { prisma } = stage.app.database
  await prisma.run.updateMany({ where: { state: 'claimed' }, data: { leaseUntil: new Date(0) } })
  upMs = LEASE_SECONDS * 1000 - 1
  await swept()
  expect(await stage.runOn(silent.pull.number)).toMatchObject({ state: 'claimed' })
  expect(await stage.runOn(alive.pull.number)).toMatchObject({ state: 'claimed' })
  await runners[1]?.events({ sequence: 1, spentMicroUsd: '0', wantMicroUsd: '0' })
  upMs = LEASE_SECONDS * 1000
  await swept()
  upMs = Number.POSITIVE_INFINITY
  expect(await stage.runOn(silent.pull.number)).toMatchObject({ state: 'ended', reason: 'lost' })
  expect(await stage.runOn(alive.pull.number)).toMatchObject({ state: 'claimed' })
  await runners[1]?.finish({})
})

test('an App whose clock is days ahead ends no queued job and gives up no delivery', async () => {
  const queued = await started()
  const made = await started()
  const runner = await stage.runnerOf(made.run)
  stage.github.fail({ method: 'POST', path: /\/git\/trees$/, status: 500 })
  const delivery = workOn(made.pull.head, 'src/total.js', '1\n')
  expect((await runner.finish({ delivery })).status).toBe(503)
  aheadMs = 2 * DAY_MS
  await swept()
  aheadMs = 0
  expect(await stage.runOn(queued.pull.number)).toMatchObject({ state: 'dispatched' })
  expect(await stage.runOn(made.pull.number)).toMatchObject({ conclusion: 'completed', deliveryTries: 2 })
  expect((await stage.runOn(made.pull.number)).deliveredSha).not.toBeNull()
})

test('a delivery that fails for the last time is given up, and the comment says so', async () => {
  const { prisma } = stage.app.database
  const { pull, run } = await started()
  const runner = await stage.runnerOf(run)
  await prisma.run.update({ where: { id: run.id }, data: { deliveryTries: DELIVERY_TRIES_MAX - 2 } })
  const fails = { method: 'POST', path: /\/git\/trees$/, status: 500 } as const
  stage.github.fail(fails)
  await runner.finish({ delivery: workOn(pull.head, 'src/total.js', '1\n') })
  // Not before its pause is over.
  await swept()
  expect(await stage.runOn(pull.number)).toMatchObject({ deliveredAt: null, decideAfter: null })
  await prisma.run.update({ where: { id: run.id }, data: { deliveringUntil: new Date(0) } })
  stage.github.fail(fails)
  await swept()
  expect(await stage.runOn(pull.number)).toMatchObject({
    conclusion: 'withheld',
    reason: 'delivery-refused',
    deliveredSha: null,
    deliveryTries: DELIVERY_TRIES_MAX,
  })
  expect((await stage.runOn(pull.number)).deliveredAt).not.toBeNull()
  expect((await stage.replies(pull.number))[0]).toContain('delivery-refused')
})

test('an end of which nobody told is shown, also of a run that never started', async () => {
  const { prisma } = stage.app.database
  const { pull, run } = await started()
  const ledger = openLedger(stage.app.database)
  // By a process that dies right after.
  expect(await release(ledger, run.id, 'dispatch-failed', new Date())).toBe(true)
  await swept()
  expect((await stage.replies(pull.number))[0]).not.toContain('dispatch-failed')
  await prisma.run.update({ where: { id: run.id }, data: { showAfter: new Date(0) } })
  await swept()
  expect((await stage.replies(pull.number))[0]).toContain('dispatch-failed')
  expect(await stage.runOn(pull.number)).toMatchObject({ conclusion: 'refused', showAfter: null })
})

test('what was shown is not shown again', async () => {
  const { pull } = await started()
  await stage.say('dev', pull.number, '/agent stop')
  expect(await stage.runOn(pull.number)).toMatchObject({ reason: 'cancelled', showAfter: null })
})

test('a part that fails keeps no other from its work, and webhooks are forgotten', async () => {
  const { prisma } = stage.app.database
  const stored = { deliveryId: randomUUID(), event: 'push', receivedAt: new Date(Date.now() - 8 * DAY_MS) }
  await prisma.webhook.create({ data: { ...stored, repositoryId: 7, payload: '{"pusher":{"name":"alice"}}' } })
  const handled = (days: number) => ({
    event: 'push',
    repositoryId: 7,
    handledAt: new Date(Date.now() - days * DAY_MS),
  })
  const long = await prisma.webhook.create({ data: { ...handled(8), deliveryId: randomUUID() } })
  const lately = await prisma.webhook.create({ data: { ...handled(6), deliveryId: randomUUID() } })
  const { pull, run } = await started()
  await stage.age(run, 25)
  await prisma.$executeRaw`ALTER TABLE fact RENAME TO gone_fact`
  await prisma.$executeRaw`ALTER TABLE promotion RENAME TO gone_promotion`
  await stage.app.sweep()
  await prisma.$executeRaw`ALTER TABLE gone_promotion RENAME TO promotion`
  await prisma.$executeRaw`ALTER TABLE gone_fact RENAME TO fact`
  await stage.settled()
  expect(stage.log()).toContain('a part of the sweep failed')
  const deliveryId = { in: [stored, long, lately].map((one) => one.deliveryId) }
  expect(await prisma.webhook.findMany({ where: { deliveryId } })).toMatchObject([{ deliveryId: lately.deliveryId }])
  expect(await stage.runOn(pull.number)).toMatchObject({ reason: 'never-started' })
})

const repositories = () => [{ id: stage.github.repository.id, full_name: `${OWNER}/${REPO}` }]

const farewells = [
  [
    ['installation_repositories', () => ({ action: 'removed', repositories_removed: repositories() })],
    ['installation_repositories', () => ({ action: 'added', repositories_added: repositories() })],
  ],
  [
    ['installation', () => ({ action: 'deleted' })],
    ['installation', () => ({ action: 'created', repositories: repositories() })],
  ],
  [
    ['installation', () => ({ action: 'suspend' })],
    ['installation', () => ({ action: 'unsuspend' })],
  ],
] as const

test('where the App is removed from the repository, uninstalled or suspended nothing is tried, until it is back', async () => {
  const { prisma } = stage.app.database
  const tell = async ([event, payload]: readonly [string, () => object]) => {
    const body = JSON.stringify({ installation: { id: stage.github.app.installationId }, ...payload() })
    expect(await postWebhook(stage.app.url, { id: randomUUID(), event, body })).toBe(202)
    await stage.settled()
  }
  const { pull, run } = await started()
  const runner = await stage.runnerOf(run)
  stage.github.fail({ method: 'POST', path: /\/git\/trees$/, status: 500 })
  expect((await runner.finish({ delivery: workOn(pull.head, 'src/total.js', '1\n') })).status).toBe(503)
  const { pull: other, run: unshown } = await started()
  expect(await release(openLedger(stage.app.database), unshown.id, 'dispatch-failed', new Date())).toBe(true)
  const { pull: done, run: undecided } = await started()
  await (await stage.runnerOf(undecided)).finish({ delivery: workOn(done.head, 'src/total.js', '1\n') })
  const runsDue = async () => {
    await prisma.run.update({ where: { id: run.id }, data: { deliveringUntil: new Date(0) } })
    await prisma.run.update({ where: { id: unshown.id }, data: { showAfter: new Date(0) } })
    await prisma.run.update({ where: { id: undecided.id }, data: { decideAfter: new Date(0), lookAfter: new Date(0) } })
  }
  const asked = () => stage.github.calls().filter(({ path }) => path.startsWith('/repos/')).length

  for (const [goes, comes] of farewells) {
    await tell(goes)
    await runsDue()
    await prisma.repository.updateMany({ data: { schedulesReadAt: null, lookedAt: null } })
    await prisma.reading.updateMany({ data: { readAfter: new Date(0) } })
    stage.github.fail({ path: /^\/repositories\/\d+$/, status: 404 })
    const before = asked()
    await swept()
    expect(asked()).toBe(before)
    expect(await stage.runOn(pull.number)).toMatchObject({ deliveredAt: null, deliveryTries: 1 })
    await tell(comes)
    expect(await prisma.repository.count({ where: { awaySince: null } })).toBe(1)
  }
  const before = asked()
  await swept()
  expect(await stage.runOn(pull.number)).toMatchObject({ conclusion: 'completed', deliveryTries: 2 })
  expect((await stage.replies(other.number))[0]).toContain('dispatch-failed')
  const { decideAfter, lookAfter } = await stage.runOn(done.number)
  expect(decideAfter?.getTime()).not.toBe(0)
  expect(lookAfter?.getTime()).not.toBe(0)
  expect(asked()).toBeGreaterThan(before)
})

test('a webhook is as old as the database says', async () => {
  const deliveryId = randomUUID()
  const [row] = await stage.app.database.prisma.$queryRaw<{ seconds: number }[]>`
    INSERT INTO webhook (delivery_id, repository_id, event) VALUES (${deliveryId}, 7, 'push')
    RETURNING extract(epoch FROM clock_timestamp() - received_at)::float AS seconds`
  expect(Math.abs(row?.seconds ?? 60)).toBeLessThan(30)
})
