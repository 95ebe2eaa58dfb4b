/** What no webhook told of is found by the sweep in what GitHub shows, and comes to the same. */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postWebhook } from './post-webhook.ts'
import { OWNER, REPO, type Stage, setStage, workOn } from './stage.ts'

/** Each sweep takes on ten runs. */
const SWEEPS_MAX = 5
const AT = { owner: OWNER, repo: REPO }

let stage: Stage

beforeAll(async () => {
  stage = await setStage()
})
afterAll(async () => {
  await stage.close()
})

/** The sweep, when everything is due that it looks after. */
async function swept(): Promise<void> {
  const { prisma } = stage.app.database
  await prisma.$executeRaw`UPDATE reading SET read_after = to_timestamp(0)`
  await prisma.$executeRaw`UPDATE run SET look_after = to_timestamp(0) WHERE look_after IS NOT NULL`
  const due = () => prisma.run.count({ where: { lookAfter: { lt: new Date() } } })
  for (let sweep = 0; sweep === 0 || ((await due()) > 0 && sweep < SWEEPS_MAX); sweep += 1) await stage.app.sweep()
  await stage.settled()
}

/** What happens while no webhook arrives, and GitHub keeps no log of it. */
async function unheard<T>(happens: () => Promise<T>): Promise<T> {
  stage.github.hooks.pause({ forgotten: true })
  try {
    return await happens()
  } finally {
    await stage.settled()
    stage.github.hooks.resume()
  }
}

async function delivered() {
  const pull = await stage.openPull({ [`src/${randomUUID()}.js`]: '0\n' })
  await stage.say('dev', pull.number, '/agent refactor+tests cap=0.20')
  const runner = await stage.runnerOf(await stage.runOn(pull.number))
  await runner.finish({ delivery: workOn(pull.head, `src/${pull.branch}.js`, '1\n') })
  return { ...pull, sha: (await stage.runOn(pull.number)).deliveredSha ?? '' }
}

async function outcomeOn(number: number): Promise<string> {
  const { outcome, outcomeRule } = await stage.runOn(number)
  return `${outcome}: ${outcomeRule}`
}

async function send(event: string, payload: object, id: string = randomUUID()): Promise<number> {
  const status = await postWebhook(stage.app.url, { id, event, body: JSON.stringify(payload) })
  await stage.settled()
  return status
}

const runsOn = (number: number) =>
  stage.app.database.prisma.run.count({ where: { subjectKey: `pull-request:${number}` } })

describe('a delivery that failed', () => {
  test('is asked for again, once, and carried out', async () => {
    const pull = await stage.openPull()
    stage.github.hooks.pause()
    await stage.say('dev', pull.number, '/agent refactor+tests cap=0.20')
    stage.github.hooks.resume()
    await stage.app.sweep()
    await stage.settled()
    expect(await runsOn(pull.number)).toBe(1)
    const asked = () => stage.github.calls().filter(({ path }) => /\/app\/hook\/deliveries\/\d+\/attempts/.test(path))
    const before = asked().length
    expect(before).toBeGreaterThan(0)
    await stage.app.sweep()
    await stage.settled()
    expect(asked()).toHaveLength(before)
    expect(await runsOn(pull.number)).toBe(1)
  })
})

describe('a comment that no webhook told of', () => {
  test('is found, and carried out once though its webhook comes after all', async () => {
    const pull = await stage.openPull()
    const id = await unheard(() => stage.say('dev', pull.number, '/agent help'))
    expect(await stage.replies(pull.number)).toHaveLength(0)
    await swept()
    expect(await stage.replies(pull.number)).toHaveLength(1)
    const told = stage.github.hooks.deliveries().find(({ payload }) => (payload.comment as { id?: number })?.id === id)
    await send('issue_comment', told?.payload ?? {}, told?.id)
    await swept()
    expect(await stage.replies(pull.number)).toHaveLength(1)
    // Under an id that is known already another body is nothing new.
    const forged = { ...(told?.payload.comment as object), id: id + 1_000_000, body: '/agent refactor+tests' }
    expect(await send('issue_comment', { ...told?.payload, comment: forged }, told?.id)).toBe(202)
    expect(await runsOn(pull.number)).toBe(0)
  })

  test('is left alone once it was edited, or where it is a bot’s', async () => {
    const pull = await stage.openPull()
    await unheard(async () => {
      const id = await stage.github.person('dev').comment(pull.number, 'Please look.')
      await new Promise((resolve) => setTimeout(resolve, 1_100))
      await stage.github.person('dev').editComment(id, '/agent refactor+tests')
    })
    await swept()
    expect(await runsOn(pull.number)).toBe(0)
    expect(await stage.replies(pull.number)).toHaveLength(0)
  })

  test('starts nothing on a head that was pushed since, and says so', async () => {
    const pull = await stage.openPull()
    await unheard(async () => {
      await stage.say('dev', pull.number, '/agent refactor+tests')
      await new Promise((resolve) => setTimeout(resolve, 1_100))
      await stage.github.person('dev').push({ branch: pull.branch, files: { 'src/more.js': '1\n' } })
    })
    await swept()
    expect(await runsOn(pull.number)).toBe(0)
    expect((await stage.replies(pull.number)).join()).toContain('head-moved')
  })

  test('is not carried out a day later, whoever brings it', async () => {
    const pull = await stage.openPull()
    const id = await unheard(() => stage.say('dev', pull.number, '/agent refactor+tests'))
    const told = stage.github.hooks.deliveries().find(({ payload }) => (payload.comment as { id?: number })?.id === id)
    const comment = { ...(told?.payload.comment as object), created_at: new Date(Date.now() - 25 * 3_600_000) }
    await send('issue_comment', { ...told?.payload, comment }, told?.id)
    expect(await runsOn(pull.number)).toBe(0)
    expect((await stage.replies(pull.number)).join()).toContain('command-stale')
  })
})

test('labels, reviews, checks, merges, closes and reverts that no webhook told of come to the same outcomes', async () => {
  const [labelled, closed, merged, failed, overruled, reverted, undone] = [
    await delivered(),
    await delivered(),
    await delivered(),
    await delivered(),
    await delivered(),
    await delivered(),
    await delivered(),
  ]
  const mira = stage.github.person('mira')
  await unheard(async () => {
    await mira.label(labelled.number, 'agent/reworked')
    await mira.close(closed.number)
    await mira.merge(merged.number)
    await stage.github.ci.check(failed.sha, 'test', 'failure')
    await mira.merge(failed.number)
    await stage.github.ci.status(overruled.sha, 'ci/other', 'failure')
    await stage.octokit.repos.createCommitStatus({ ...AT, sha: overruled.sha, state: 'success', context: 'ci/other' })
    await mira.merge(overruled.number)
    await mira.merge(reverted.number)
    await mira.revert(reverted.number)
    const sha = await mira.merge(undone.number, 'squash')
    await mira.push({
      branch: 'main',
      files: { [`src/${undone.branch}.js`]: null },
      message: `Undo\n\nThis reverts commit ${sha}.`,
    })
    await stage.octokit.pulls.createReview({
      ...AT,
      pull_number: reverted.number,
      event: 'REQUEST_CHANGES',
      body: 'No',
    })
  })
  expect(await outcomeOn(merged.number)).toMatch(/^pending/)
  await swept()
  expect(await outcomeOn(labelled.number)).toMatch(/^reworked: .*agent\/reworked/)
  expect(await outcomeOn(closed.number)).toMatch(/^rejected: .*closed/)
  expect(await outcomeOn(merged.number)).toMatch(/^accepted: .*merged/)
  expect(await outcomeOn(failed.number)).toMatch(/^reworked: .*checks failed/)
  expect(await outcomeOn(overruled.number)).toMatch(/^reworked: .*checks failed/)
  expect(await outcomeOn(reverted.number)).toMatch(/^rejected: .*reverted/)
  expect(await outcomeOn(undone.number)).toMatch(/^rejected: .*reverted/)
  const { id } = await stage.runOn(reverted.number)
  const review = { runId: id, kind: 'review' }
  const { prisma } = stage.app.database
  expect(await prisma.fact.findFirst({ where: review })).toMatchObject({ value: 'changes-requested' })

  await unheard(async () => {
    await mira.unlabel(labelled.number, 'agent/reworked')
    await stage.octokit.pulls.update({ ...AT, pull_number: closed.number, state: 'open' })
  })
  await swept()
  expect(await outcomeOn(labelled.number)).toMatch(/^pending/)
  expect(await outcomeOn(closed.number)).toMatch(/^pending/)
}, 180_000)

test('a job that is over without a word is known by GitHub’s own, long before a day is over', async () => {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent refactor+tests cap=0.20')
  const { actionsRunId } = await stage.runOn(pull.number)
  await swept()
  expect(await stage.runOn(pull.number)).toMatchObject({ state: 'dispatched' })
  await unheard(async () => stage.github.actions.cancel(Number(actionsRunId)))
  await swept()
  expect(await stage.runOn(pull.number)).toMatchObject({ state: 'ended', reason: 'never-started', spentMicroUsd: 0n })
})

test('a repository that was renamed is found by its number, and one that is gone is asked for a day later', async () => {
  const { prisma } = stage.app.database
  const id = BigInt(stage.github.repository.id)
  await prisma.repository.update({ where: { id }, data: { name: 'shop-before' } })
  await swept()
  expect(await prisma.repository.findUniqueOrThrow({ where: { id } })).toMatchObject({ name: REPO })
  stage.github.fail({ path: /^\/repositories\/\d+$/, status: 404 })
  await swept()
  const { readAfter } = await prisma.reading.findUniqueOrThrow({ where: { repositoryId: id } })
  expect(readAfter.getTime()).toBeGreaterThan(Date.now() + 23 * 3_600_000)
  const { awaySince } = await prisma.repository.findUniqueOrThrow({ where: { id } })
  expect(awaySince).not.toBeNull()
  await swept()
  expect(await prisma.repository.findUniqueOrThrow({ where: { id } })).toMatchObject({ awaySince: null })
})

test('a quiet repository costs a handful of requests, and nothing is read twice', async () => {
  await swept()
  const before = stage.github.calls().length
  await stage.app.database.prisma.$executeRaw`UPDATE run SET look_after = NULL`
  await swept()
  const asked = stage.github.calls().slice(before)
  expect(asked.map(({ path, status }) => `${status} ${path.replace(/\d+/g, 'N')}`).toSorted()).toEqual([
    '200 /app/hook/deliveries',
    '200 /repositories/N',
    '304 /repos/acme/shop/activity',
    '304 /repos/acme/shop/issues',
    '304 /repos/acme/shop/issues/comments',
  ])
})

test('what one reading leaves, the next sweep takes', async () => {
  const pull = await stage.openPull()
  await unheard(async () => {
    // GitHub's times are whole seconds, and no reading takes more than 300 of one.
    for (let index = 0; index < 310; index += 1) {
      if (index % 155 === 0) await wait(1000 - (Date.now() % 1000))
      await stage.github.person('mira').comment(pull.number, `Remark ${index}`)
    }
    await stage.github.person('dev').comment(pull.number, '/agent review')
  })
  await swept()
  expect(await runsOn(pull.number)).toBe(0)
  await stage.app.sweep()
  await stage.settled()
  expect(await runsOn(pull.number)).toBe(1)
})
