/** A command counts as the first line of a new comment by a person who may. Whatever else looks like one starts nothing. */
import { createHmac, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ACTIONS_WORKFLOW } from '../../app/run/dispatch.ts'
import { OWNER, REPO, reportOf, type Stage, setStage, WEBHOOK_SECRET, workOn } from '../app/stage.ts'

const COMMAND = '/agent refactor+tests'
const ZERO_WIDTH = '\u200B'

let stage: Stage
let pull: { number: number; branch: string; head: string }

beforeAll(async () => {
  stage = await setStage({ users: { mira: 'maintain', dev: 'write', guest: 'read', stranger: 'none' } })
  pull = await stage.openPull()
})
afterAll(() => stage.close())

/** Nothing was started, and the App has answered this often. */
async function expectNothing(number: number, answers = 0): Promise<string> {
  await stage.settled()
  expect(await stage.app.database.prisma.run.count()).toBe(0)
  expect(await stage.app.database.prisma.entry.count()).toBe(0)
  expect(stage.github.actions.runs()).toEqual([])
  const said = (await stage.replies(number)).filter((reply) => reply.startsWith('<!-- purser'))
  expect(said).toHaveLength(answers)
  return said.at(-1) ?? ''
}

describe('text that holds a command and is none', () => {
  test.each([
    ['in a fence', `\`\`\`\n${COMMAND}\n\`\`\``],
    ['in a fence that names a language', `~~~sh\n${COMMAND}\n~~~`],
    ['as code', `\`${COMMAND}\``],
    ['indented', `    ${COMMAND}`],
    ['behind a blank', ` ${COMMAND}`],
    ['in a quote', `> ${COMMAND}`],
    ['in a list', `- ${COMMAND}`],
    ['in a heading', `# ${COMMAND}`],
    ['in bold', `**${COMMAND}**`],
    ['in an HTML comment', `<!--\n${COMMAND}\n-->`],
    ['in a details block', `<details>\n${COMMAND}\n</details>`],
    ['on the second line', `Thanks!\n${COMMAND}`],
    ['after an empty line', `\n${COMMAND}`],
    ['after a carriage return', `\r${COMMAND}`],
    ['in the middle of a line', `please ${COMMAND}`],
    ['as part of a word', '/agents refactor+tests'],
    ['as part of a path', '/agent/refactor+tests'],
    ['behind a zero-width space', `${ZERO_WIDTH}${COMMAND}`],
    ['behind a byte order mark', `\uFEFF${COMMAND}`],
    ['with a slash that only looks like one', COMMAND.replace('/', '\u2215')],
    ['in letters that only look like it', COMMAND.replace('a', '\u0430')],
    ['in wide letters', '\uFF0Fagent refactor+tests'],
    ['as an entity', COMMAND.replace('/', '&#47;')],
    ['by mention', `@purser ${COMMAND}`],
  ])('%s', async (_, body) => {
    await stage.github.person('dev').comment(pull.number, body)
    await expectNothing(pull.number)
  })

  test('by an edit', async () => {
    const dev = stage.github.person('dev')
    const id = await dev.comment(pull.number, 'Nothing yet')
    await dev.editComment(id, COMMAND)
    await expectNothing(pull.number)
  })

  test('in the description of a pull request or an issue', async () => {
    const dev = stage.github.person('dev')
    const { number } = await dev.openPull({ branch: 'described', title: COMMAND, body: COMMAND, files: { x: '1\n' } })
    await expectNothing(number)
    await expectNothing(await dev.openIssue(COMMAND, COMMAND))
  })

  test('in a review', async () => {
    const subject = { owner: OWNER, repo: REPO, pull_number: pull.number }
    await stage.octokit.pulls.createReview({ ...subject, event: 'COMMENT', body: COMMAND })
    await expectNothing(pull.number)
  })

  test.each(['pull_request_review_comment', 'commit_comment', 'discussion_comment'])('in a %s', async (event) => {
    const body = JSON.stringify({ action: 'created', comment: { body: COMMAND, user: { login: 'dev', type: 'User' } } })
    const response = await fetch(`${stage.app.url}/api/github/webhooks`, {
      method: 'POST',
      headers: {
        'x-github-event': event,
        'x-github-delivery': randomUUID(),
        'x-hub-signature-256': `sha256=${createHmac('sha256', WEBHOOK_SECRET).update(body).digest('hex')}`,
      },
      body,
    })
    expect(response.status).toBe(202)
    await expectNothing(pull.number)
  })
})

describe('a command of somebody who may not', () => {
  test('a bot, and that may be the App itself', async () => {
    const { number } = await stage.openPull()
    const headers = { authorization: `Bearer ${await stage.github.app.token()}`, 'content-type': 'application/json' }
    const url = `${stage.github.url}/repos/${OWNER}/${REPO}/issues/${number}/comments`
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ body: COMMAND }) })
    expect(response.status).toBe(201)
    await expectNothing(number)
  })

  test.each(['guest', 'stranger'])('%s', async (login) => {
    const { number } = await stage.openPull()
    await stage.github.person(login).comment(number, COMMAND)
    expect(await expectNothing(number, 1)).toContain('`not-permitted`')
  })
})

describe('a command in the wrong place', () => {
  test('on an issue', async () => {
    const number = await stage.github.person('dev').openIssue('Something')
    await stage.github.person('dev').comment(number, COMMAND)
    expect(await expectNothing(number, 1)).toContain('`wrong-subject`')
  })

  test('on a fork’s pull request', async () => {
    const fork = { branch: 'afar', title: 'From afar', files: { 'far.js': '1\n' }, fork: true }
    const { number } = await stage.github.person('dev').openPull(fork)
    await stage.github.person('dev').comment(number, COMMAND)
    expect(await expectNothing(number, 1)).toContain('`fork`')
  })

  test('before a push that came in between', async () => {
    const { number, branch } = await stage.openPull()
    stage.github.hooks.pause()
    await stage.github.person('dev').comment(number, COMMAND)
    await stage.github.person('mira').push({ branch, files: { 'late.js': '1\n' } })
    stage.github.hooks.resume()
    // So that GitHub tells of the push before the command has been looked at.
    stage.github.fail({ method: 'GET', path: new RegExp(`/pulls/${number}$`), status: 502 })
    const unsent = stage.github.hooks.deliveries().filter(({ statuses }) => statuses.length === 0)
    for (const { id } of unsent) await stage.github.hooks.redeliver(id)
    expect(await expectNothing(number, 1)).toContain('`head-moved`')
  })

  test('in a configuration that only its own branch has', async () => {
    const { number } = await stage.openPull({
      '.github/purser/portfolios.yml': 'version: 1\nportfolios: {}\n',
      [ACTIONS_WORKFLOW]: 'on: push\n',
    })
    await stage.github.person('dev').comment(number, `${COMMAND} cap=100`)
    expect(await expectNothing(number, 1)).toContain('`override-out-of-bounds`')
  })
})

describe('what a run hands over', () => {
  /** A run on a pull request of its own. */
  async function started(command = COMMAND) {
    const { number, branch, head } = await stage.openPull()
    await stage.say('dev', number, command)
    const run = await stage.runOn(number)
    return { number, branch, head, run, runner: await stage.runnerOf(run) }
  }
  const messageAt = async (branch: string) => {
    const { data } = await stage.octokit.repos.getCommit({ owner: OWNER, repo: REPO, ref: branch })
    return { sha: data.sha, message: data.commit.message, parents: data.parents.map(({ sha }) => sha) }
  }

  test('is a command to nobody', async () => {
    const { number, runner } = await started('/agent review')
    await runner.finish({ delivery: { title: COMMAND, body: `${COMMAND}\n> ${COMMAND}\n- ${COMMAND}` } })
    const { data } = await stage.octokit.pulls.listReviews({ owner: OWNER, repo: REPO, pull_number: number })
    expect(data.at(-1)?.body).not.toMatch(/^[\s>*+-]*\/agent/m)
    expect(await stage.app.database.prisma.run.count({ where: { subjectKey: `pull-request:${number}` } })).toBe(1)
  })

  test('calls nobody by an entity', async () => {
    const { number, runner } = await started('/agent review')
    await runner.finish({
      delivery: { title: 'x', body: '&commat;mira &#x40;mira &#64;mira @&#109;ira &num;1 &#x23;1' },
    })
    const { data } = await stage.octokit.pulls.listReviews({ owner: OWNER, repo: REPO, pull_number: number })
    const entities: Record<string, string> = { commat: '@', num: '#' }
    const shown = (data.at(-1)?.body ?? '').replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) =>
      name === undefined
        ? String.fromCodePoint(Number.parseInt(hex ?? decimal, hex ? 16 : 10))
        : (entities[name] ?? whole),
    )
    expect(shown).not.toMatch(/@mira|#1\b/)
  })

  test('has as many lines as the App counts, not as the runner says', async () => {
    const { branch, head, runner } = await started()
    const work = workOn(head, 'src/total.js', 'export const total = 1\n'.repeat(5_000), 1)
    expect(await runner.finish({ delivery: work })).toMatchObject({
      json: { conclusion: 'withheld', reason: 'guard-diff' },
    })
    expect((await messageAt(branch)).sha).toBe(head)
  })

  test('is not what somebody else pushed in its name', async () => {
    const { branch, head, run, runner } = await started()
    const message = `Forged\n\nPurser-Session: ${run.sessionId}\nPurser-Run: ${run.id}`
    const forged = await stage.github.person('mira').push({ branch, files: { 'forged.js': '1\n' }, message })
    await runner.finish({ delivery: workOn(head, 'src/total.js', 'export const total = 1\n') })
    expect(await messageAt(branch)).toMatchObject({ parents: [forged] })
    expect((await stage.runOn(Number(run.subjectKey.split(':')[1]))).deliveredSha).not.toBe(forged)
  })

  test('brings no text that PostgreSQL can’t keep', async () => {
    const { head, runner } = await started()
    const odd = 'a\u0000b\uD83D'
    const steps = [
      { id: 'before', kind: 'run', ok: true, turns: 0, attempts: 1, spentMicroUsd: 0n, summary: odd },
    ] as const
    const delivery = { ...workOn(head, 'src/total.js', 'x\n'), body: odd }
    expect(await runner.finish(reportOf({ message: odd, steps: [...steps], delivery }))).toMatchObject({ status: 200 })
  })
})
