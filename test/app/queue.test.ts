/** Commands that come while a run is under way: each waits its turn on its own subject, in the order in which it was given. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { QUEUED_MAX } from '../../app/queue/line.ts'
import { PORTFOLIOS, type Stage, setStage, workOn } from './stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await setStage({
    portfolios: PORTFOLIOS.replace('usd: 40', 'usd: 400'),
    users: { mira: 'maintain', dev: 'write', trish: 'triage' },
  })
})
afterAll(async () => {
  await stage.close()
})

/** Oldest first, as they were reserved. */
const runsOn = (number: number) =>
  stage.app.database.prisma.run.findMany({
    where: { subjectKey: `pull-request:${number}` },
    orderBy: { createdAt: 'asc' },
  })
const waitingOn = (number: number) =>
  stage.app.database.prisma.queued.count({ where: { subjectKey: `pull-request:${number}` } })

async function finishOn(number: number, delivery?: ReturnType<typeof workOn>): Promise<void> {
  const runner = await stage.runnerOf(await stage.runOn(number))
  await runner.finish(delivery === undefined ? {} : { delivery })
}

test('two commands at nearly the same moment: the second waits, says so, and starts when the first has ended', async () => {
  const pull = await stage.openPull()
  const person = stage.github.person('dev')
  await person.comment(pull.number, '/agent refactor+tests')
  await person.comment(pull.number, '/agent review')
  await stage.settled()
  expect((await runsOn(pull.number)).map(({ family }) => family)).toEqual(['refactor+tests'])
  const before = await stage.replies(pull.number)
  expect(before).toHaveLength(2)
  expect(before[1]).toContain('`/agent review` waits for the run before it (position 1)')

  // On another subject nothing waits.
  const other = await stage.openPull()
  await stage.say('dev', other.number, '/agent review')
  expect(await stage.runOn(other.number)).toMatchObject({ state: 'dispatched' })

  // What the first delivers is what the second works on: it waited for it.
  await finishOn(pull.number, workOn(pull.head, 'src/total.js', 'export const total = 1\n'))
  const [first, second, ...more] = await runsOn(pull.number)
  expect(more).toEqual([])
  expect(second).toMatchObject({ family: 'review', state: 'dispatched', headSha: first?.deliveredSha })
  expect(await waitingOn(pull.number)).toBe(0)
  // The comment that it waited by is its session's now.
  const after = await stage.replies(pull.number)
  expect(after.filter((reply) => reply.includes('`review`: started'))).toHaveLength(1)
  expect(after.filter((reply) => reply.includes('waits for the run'))).toEqual([])
  expect(after).toHaveLength(3)
})

test('what waits is bounded, keeps its order, and is withdrawn by a stop', async () => {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent refactor+tests')
  for (let index = 0; index < QUEUED_MAX; index += 1)
    await stage.github.person('dev').comment(pull.number, '/agent retry')
  await stage.say('dev', pull.number, '/agent review')
  const replies = await stage.replies(pull.number)
  expect(replies.filter((reply) => reply.includes('waits for the run before it'))).toHaveLength(QUEUED_MAX)
  expect(replies[QUEUED_MAX]).toContain(`(position ${QUEUED_MAX})`)
  expect(replies.at(-1)).toContain('`queue-full`')
  expect(replies.at(-1)).toContain(`${QUEUED_MAX} commands wait here already`)
  // Who may not stop it withdraws nothing.
  await stage.say('trish', pull.number, '/agent stop')
  expect(await waitingOn(pull.number)).toBe(QUEUED_MAX)

  await finishOn(pull.number)
  expect(await waitingOn(pull.number)).toBe(QUEUED_MAX - 1)
  expect((await stage.replies(pull.number)).filter((reply) => reply.includes('(position 1)'))).toHaveLength(1)
  await stage.say('dev', pull.number, '/agent stop')
  expect(await waitingOn(pull.number)).toBe(0)
  expect((await stage.replies(pull.number)).filter((reply) => reply.includes('was withdrawn by'))).toHaveLength(
    QUEUED_MAX - 1,
  )
  expect((await runsOn(pull.number)).map(({ state }) => state)).toEqual(['ended', 'ended'])
})

test('the earlier comment goes first, also where it was heard of later; a deleted one and a refused one let the next pass', async () => {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent review')
  const person = stage.github.person('dev')
  stage.github.hooks.fault({ event: 'issue_comment', kind: 'last' })
  await person.comment(pull.number, '/agent review focus="First"')
  const gone = await person.comment(pull.number, '/agent review focus="Gone"')
  await person.comment(pull.number, '/agent review focus="Second"')
  await stage.settled()
  const { prisma } = stage.app.database
  const lines = await prisma.queued.findMany({
    where: { subjectKey: `pull-request:${pull.number}` },
    orderBy: [{ askedAt: 'asc' }, { askedNumber: 'asc' }],
  })
  expect(lines.map(({ asked }) => JSON.stringify(asked).match(/First|Gone|Second/)?.[0])).toEqual([
    'First',
    'Gone',
    'Second',
  ])
  await stage.octokit.issues.deleteComment({ owner: 'acme', repo: 'shop', comment_id: gone })
  await finishOn(pull.number)
  await finishOn(pull.number)
  const focuses = (await runsOn(pull.number)).map(({ plan }) => Object(plan).inputs.focus)
  expect(focuses.slice(1)).toEqual(['First', 'Second'])
  expect(await waitingOn(pull.number)).toBe(0)
  expect((await stage.replies(pull.number)).filter((reply) => reply.includes('waits for the run'))).toEqual([])
})

test('somebody who lost the access, and a head that somebody else pushed meanwhile, are refused when their turn comes', async () => {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent review')
  await stage.say('dev', pull.number, '/agent refactor+tests')
  await stage.github.person('mira').push({ branch: pull.branch, files: { 'src/late.js': '1\n' } })
  await stage.settled()
  await finishOn(pull.number)
  expect((await stage.replies(pull.number)).filter((reply) => reply.includes('`head-moved`'))).toHaveLength(1)
  expect(await runsOn(pull.number)).toHaveLength(1)
  expect(await waitingOn(pull.number)).toBe(0)

  const other = await stage.openPull()
  await stage.say('dev', other.number, '/agent review')
  await stage.say('dev', other.number, '/agent refactor+tests')
  stage.github.fail({ path: /\/collaborators\/dev\/permission$/, status: 404 })
  await finishOn(other.number)
  expect((await stage.replies(other.number)).filter((reply) => reply.includes('`not-permitted`'))).toHaveLength(1)
  expect(await runsOn(other.number)).toHaveLength(1)
})

test('what was cut short is found by the sweep', async () => {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent review')
  await stage.say('dev', pull.number, '/agent retry')
  const run = await stage.runOn(pull.number)
  const { prisma } = stage.app.database
  await prisma.$executeRaw`UPDATE run SET state = 'ended', conclusion = 'failed', reason = 'lost', ended_at = now() WHERE id = ${run.id}`
  await stage.app.sweep()
  await stage.settled()
  expect(await waitingOn(pull.number)).toBe(0)
  expect(await stage.runOn(pull.number)).toMatchObject({ state: 'dispatched' })
})

test('a subject whose line is in trouble keeps no other waiting', async () => {
  const { prisma } = stage.app.database
  const pulls = [await stage.openPull(), await stage.openPull(), await stage.openPull()]
  for (const { number } of pulls) {
    await stage.say('dev', number, '/agent review')
    await stage.say('dev', number, '/agent retry')
  }
  const [first, well, last] = pulls.map(({ number }) => ({ subjectKey: `pull-request:${number}` }))
  const troubled = { OR: [first ?? {}, last ?? {}] }
  await prisma.queued.updateMany({ where: troubled, data: { asked: { kind: 'of a later version' } } })
  const ids = (await Promise.all(pulls.map(({ number }) => stage.runOn(number)))).map(({ id }) => id)
  await prisma.$executeRaw`
    UPDATE run SET state = 'ended', conclusion = 'failed', reason = 'lost', ended_at = now() WHERE id = ANY(${ids})`
  await stage.app.sweep()
  await expect.poll(() => prisma.queued.count({ where: well ?? {} }), { timeout: 20_000 }).toBe(0)
  expect(await prisma.queued.count({ where: troubled })).toBe(2)
  await prisma.queued.deleteMany({ where: troubled })
  await stage.settled()
  expect(await stage.runOn(pulls[1]?.number ?? 0)).toMatchObject({ state: 'dispatched' })
})

test('what would start on an issue that is gone leaves the line', async () => {
  const { prisma } = stage.app.database
  await stage.say('dev', (await stage.openPull()).number, '/agent list')
  const { repositoryId } = await prisma.queued.create({
    data: {
      repositoryId: (await prisma.repository.findFirstOrThrow()).id,
      subjectKey: 'issue:9999',
      commandKey: 'label:9999',
      asked: { kind: 'machine', family: 'review', trigger: 'label', inputs: {}, number: 9999, isPullRequest: false },
      askedAt: new Date(),
      askedNumber: 0n,
    },
  })
  stage.github.fail({ path: /\/issues\/9999$/, status: 410 })
  await stage.app.sweep()
  await expect.poll(() => prisma.queued.count({ where: { repositoryId } }), { timeout: 10_000 }).toBe(0)
})
