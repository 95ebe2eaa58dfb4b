import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OWNER, PORTFOLIOS, REPO, type Stage, setStage } from './stage.ts'

let stage: Stage
let pull: { number: number }
/** GitHub's clock stands still while it is set. */
let second: Date | undefined

beforeAll(async () => {
  stage = await setStage({
    now: () => second ?? new Date(),
    portfolios: PORTFOLIOS.replace('budget: { usd: 40, per: month }', 'budget: { usd: 3, per: month }').replace(
      'workflows: [refactor+tests, review, changelog]',
      'workflows: [refactor+tests, review]',
    ),
    users: { mira: 'maintain', dev: 'write', helper: 'triage', guest: 'read', stranger: 'none' },
  })
  pull = await stage.openPull()
})
afterAll(async () => {
  await stage.close()
})

/** The command is answered by one refusal that names its reason; nothing was started, reserved or spent. */
async function expectRefused(login: string, number: number, command: string, reason: string): Promise<string> {
  const before = await stage.replies(number)
  await stage.say(login, number, command)
  const replies = (await stage.replies(number)).slice(before.length)
  expect(replies).toHaveLength(1)
  expect(replies[0]).toContain(`\`${reason}\``)
  expect(await stage.app.database.prisma.run.count({ where: { subjectKey: `pull-request:${number}` } })).toBe(0)
  expect(await stage.app.database.prisma.hold.count()).toBe(0)
  expect(stage.github.actions.runs()).toHaveLength(0)
  return replies[0] ?? ''
}

describe('who asks', () => {
  test.each([
    ['stranger', '/agent refactor+tests', 'Every command needs triage access'],
    ['guest', '/agent refactor+tests', 'Every command needs triage access'],
    ['guest', '/agent list', 'Every command needs triage access'],
    ['helper', '/agent refactor+tests', '`refactor+tests` needs write access'],
  ])('%s may not: %s', async (login, command, says) => {
    expect(await expectRefused(login, pull.number, command, 'not-permitted')).toContain(says)
  })

  test.each([500, 403])('an answer that GitHub does not give is no permission: %s', async (status) => {
    stage.github.fail({ path: /\/collaborators\/dev\/permission$/, status })
    await expectRefused('dev', pull.number, '/agent refactor+tests', 'permission-unreadable')
  })

  test('a bot starts nothing, not even a refusal', async () => {
    const { number } = await stage.openPull()
    const response = await fetch(`${stage.github.url}/repos/${OWNER}/${REPO}/issues/${number}/comments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await stage.github.app.token()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ body: '/agent refactor+tests' }),
    })
    expect(response.status).toBe(201)
    await stage.settled()
    expect(await stage.replies(number)).toEqual(['/agent refactor+tests'])
    expect(stage.github.actions.runs()).toHaveLength(0)
  })
})

describe('what is asked', () => {
  test.each([
    ['/agent refactr+tests', 'unknown-workflow', 'refactor+tests'],
    ['/agent resum', 'unknown-workflow', 'Did you mean `/agent resume`?'],
    ['/agent refactor+tests/nope', 'unknown-variant', 'refactor+tests'],
    ['/agent refactor+tests colour=red', 'input-invalid', 'colour'],
    ['/agent refactor+tests cap=100', 'override-out-of-bounds', '$5.00'],
    ['/agent refactor+tests goal="unfinished', 'invalid-command', 'never closed'],
    ['/agent changelog', 'wrong-subject', 'changelog'],
    ['/agent pause', 'no-session', '/agent <workflow>'],
    ['/agent say "Go on"', 'no-session', '/agent <workflow>'],
    ['/agent deliver', 'no-session', '/agent <workflow>'],
    ['/agent go', 'no-session', 'waits'],
    ['/agent stop', 'no-session', 'waits'],
    ['/agent explain', 'no-session', '/agent <workflow>'],
    ['/agent pause', 'no-session', '### `/agent pause`: not done'],
    ['/agent refactor+tests colour=red', 'input-invalid', '### `refactor+tests`: not started'],
  ])('%s: %s', async (command, reason, says) => {
    expect(await expectRefused('dev', pull.number, command, reason)).toContain(says)
  })

  test('a refused run shows as a neutral check', async () => {
    const { number, head } = await stage.openPull()
    await expectRefused('dev', number, '/agent refactor+tests colour=red', 'input-invalid')
    const { data } = await stage.octokit.checks.listForRef({ owner: OWNER, repo: REPO, ref: head })
    expect(data.check_runs.map(({ name, conclusion }) => [name, conclusion])).toEqual([
      ['purser: refactor+tests', 'neutral'],
    ])
  })

  test.each([
    'Please run /agent refactor+tests',
    '> /agent refactor+tests',
    '```\n/agent refactor+tests\n```',
    'Thanks!\n/agent refactor+tests',
  ])('%j is no command', async (comment) => {
    const before = await stage.replies(pull.number)
    await stage.say('dev', pull.number, comment)
    expect(await stage.replies(pull.number)).toEqual(before)
    expect(stage.github.actions.runs()).toHaveLength(0)
  })

  test('an edit makes no command of a comment', async () => {
    const before = await stage.replies(pull.number)
    const id = await stage.say('dev', pull.number, 'Nothing yet')
    await stage.github.person('dev').editComment(id, '/agent refactor+tests')
    await stage.settled()
    expect(await stage.replies(pull.number)).toEqual(before)
  })
})

describe('on what', () => {
  test('a pull request from a fork', async () => {
    const { number } = await stage.github
      .person('dev')
      .openPull({ branch: 'from-afar', title: 'From a fork', files: { 'src/far.js': '1\n' }, fork: true })
    await expectRefused('dev', number, '/agent refactor+tests', 'fork')
  })

  test('a closed pull request', async () => {
    const { number } = await stage.openPull()
    await stage.github.person('dev').close(number)
    await expectRefused('dev', number, '/agent refactor+tests', 'wrong-subject')
  })

  test('a head that was pushed after the command', async () => {
    const { number, branch } = await stage.openPull()
    // The App is down while the command is given and somebody pushes.
    stage.github.hooks.pause()
    await stage.github.person('dev').comment(number, '/agent refactor+tests')
    await stage.github.person('mira').push({ branch, files: { 'src/late.js': '1\n' } })
    stage.github.hooks.resume()
    for (const { id } of stage.github.hooks.deliveries().filter(({ statuses }) => statuses.length === 0)) {
      await stage.github.hooks.redeliver(id)
    }
    await stage.settled()
    expect((await stage.replies(number))[0]).toContain('`head-moved`')
    expect(stage.github.actions.runs()).toHaveLength(0)
  })

  test('a head that was pushed within the same second, of which GitHub tells only later', async () => {
    const { number, branch } = await stage.openPull()
    stage.github.hooks.pause()
    second = new Date()
    await stage.github.person('dev').comment(number, '/agent refactor+tests')
    await stage.github.person('mira').push({ branch, files: { 'src/soon.js': '1\n' } })
    second = undefined
    stage.github.hooks.resume()
    const unsent = stage.github.hooks.deliveries().filter(({ statuses }) => statuses.length === 0)
    for (const { id } of unsent.toSorted((a, b) => Number(a.event === 'push') - Number(b.event === 'push'))) {
      await stage.github.hooks.redeliver(id)
      await stage.settled()
    }
    const [reply] = await stage.replies(number)
    expect(reply).toContain('`head-moved`')
    expect(reply).toContain('within the same second')
    expect(stage.github.actions.runs()).toHaveLength(0)
  })
})

test('a budget with less room than the run is worth starting with', async () => {
  const first = await stage.openPull()
  await stage.say('dev', first.number, '/agent refactor+tests')
  expect(await stage.runOn(first.number)).toMatchObject({ heldMicroUsd: 2_500_000n })
  // What is left is the next hold, since it is above the floor; then nothing is left.
  const second = await stage.openPull()
  await stage.say('dev', second.number, '/agent refactor+tests')
  expect(await stage.runOn(second.number)).toMatchObject({ heldMicroUsd: 500_000n, capMicroUsd: 2_500_000n })
  const third = await stage.openPull()
  await stage.say('dev', third.number, '/agent refactor+tests')
  const [refusal] = await stage.replies(third.number)
  expect(refusal).toContain('`no-room`')
  expect(refusal).toContain('refactoring')
  // What is left, of what, why, and what would have been enough; who changes it, and when it changes by itself.
  expect(refusal).toContain(
    '$0.00 left of $3.00 ($0.00 spent, $3.00 held by running work); this workflow needs at least $0.25',
  )
  expect(refusal).toContain('`portfolios.refactoring.budget`')
  expect(refusal).toMatch(/Running work holds \$3\.00 .* starts afresh on \d{4}-\d{2}-01 00:00 UTC\./)

  // What waits can be stopped, which gives the hold back.
  await stage.say('dev', first.number, '/agent stop')
  expect(await stage.runOn(first.number)).toMatchObject({ state: 'ended', conclusion: 'refused', spentMicroUsd: 0n })
  await stage.say('dev', third.number, '/agent refactor+tests')
  expect(await stage.runOn(third.number)).toMatchObject({ state: 'dispatched', heldMicroUsd: 2_500_000n })
})
