import { afterAll, beforeAll, expect, test } from 'vitest'
import { PORTFOLIOS, type Stage, setStage } from './stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await setStage({
    portfolios: PORTFOLIOS.replace('overrides: { cap: 2x }', 'overrides: { cap: 2x }\n    confirm-over: { usd: 2 }'),
  })
})
afterAll(async () => {
  await stage.close()
})

async function answerTo(number: number, command: string, login = 'dev'): Promise<string> {
  await stage.say(login, number, command)
  return (await stage.replies(number)).at(-1) ?? ''
}

test('a run above what the portfolio starts without asking waits for a go, and holds nothing till then', async () => {
  const pull = await stage.openPull()
  expect(await answerTo(pull.number, '/agent refactor+tests cap=3.10')).toContain('/agent go')
  const waiting = await stage.runOn(pull.number)
  expect(waiting).toMatchObject({ state: 'waiting', heldMicroUsd: 0n, actionsRunId: null })
  expect(JSON.stringify(waiting.plan)).not.toContain(pull.branch)
  expect(await stage.app.database.prisma.hold.count()).toBe(0)

  expect(await answerTo(pull.number, '/agent go', 'guest')).toContain('`not-permitted`')
  await stage.say('dev', pull.number, '/agent go')
  const run = await stage.runOn(pull.number)
  expect(run).toMatchObject({ state: 'dispatched', heldMicroUsd: 3_100_000n, capMicroUsd: 3_100_000n })
  expect(await stage.app.database.prisma.session.count({ where: { subjectNumber: pull.number } })).toBe(1)
  const [comment] = await stage.replies(pull.number)
  expect(comment).toContain('started')
  expect(comment).toContain('cap `3.10`')

  const runner = await stage.runnerOf(run)
  await stage.say('dev', pull.number, '/agent stop')
  const beat = { sequence: 2, spentMicroUsd: '0', wantMicroUsd: '0' }
  expect(await runner.events(beat)).toMatchObject({ json: { continue: false } })
  await runner.finish({ conclusion: 'cancelled', reason: 'cancelled', spentMicroUsd: 40_000n })
  expect(await stage.runOn(pull.number)).toMatchObject({ conclusion: 'cancelled', spentMicroUsd: 40_000n })
})

test('what waits for a go can be stopped', async () => {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent refactor+tests')
  await stage.say('dev', pull.number, '/agent stop')
  expect(await stage.runOn(pull.number)).toMatchObject({ state: 'ended', conclusion: 'refused', reason: 'cancelled' })
  expect(await answerTo(pull.number, '/agent go')).toContain('`no-session`')
})

test('the answers that start nothing: quote, list, help, status and explain', async () => {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent review')
  const runner = await stage.runnerOf(await stage.runOn(pull.number))
  await runner.finish({ spentMicroUsd: 800_000n, delivery: { title: 'Review', body: 'Nothing to mend.' } })
  const runs = await stage.app.database.prisma.run.count()

  expect(await answerTo(pull.number, '/agent quote review')).toMatch(/\$0\.80[\s\S]*\$1\.00/)
  expect(await answerTo(pull.number, '/agent quote review focus=tests')).toContain('the same without `quote`')
  const list = await answerTo(pull.number, '/agent list')
  expect(list).toContain('/agent refactor+tests')
  expect(list).not.toContain('/agent changelog')
  expect(await answerTo(pull.number, '/agent help')).toContain('/agent quote')
  expect(await answerTo(pull.number, '/agent status')).toMatch(/review[\s\S]*completed[\s\S]*\$0\.80/)
  await stage.github.person('mira').label(pull.number, 'agent/accepted')
  const explained = await answerTo(pull.number, '/agent explain')
  expect(explained).toMatch(/\$0\.80/)
  expect(explained).toMatch(/label \| agent\/accepted on/)
  expect(explained).toContain('Outcome: accepted')

  expect(await stage.app.database.prisma.run.count()).toBe(runs)
  expect(await stage.app.database.prisma.hold.count({ where: { state: 'held' } })).toBe(0)
})

test('configuration that is wrong, or not there, is a refusal that names what is', async () => {
  const pull = await stage.openPull()
  const path = '.github/purser/portfolios.yml'
  await stage.github.person('mira').push({ branch: 'main', files: { [path]: 'version: 1\nportfolioss: {}\n' } })
  const refusal = await answerTo(pull.number, '/agent review')
  expect(refusal).toContain('`configuration-invalid`')
  expect(refusal).toContain('portfolios.yml:2:1')
  await stage.github.person('mira').push({ branch: 'main', files: { [path]: null } })
  expect(await answerTo(pull.number, '/agent review')).toContain('`no-configuration`')

  // What the pull request's own branch says is never read.
  const bold = await stage.openPull({ [path]: PORTFOLIOS, 'src/bold.js': '1\n' })
  expect(await answerTo(bold.number, '/agent review')).toContain('`no-configuration`')

  const inheriting = `${PORTFOLIOS}inherit: organisation\n`
  await stage.github.person('mira').push({ branch: 'main', files: { [path]: inheriting } })
  expect(await answerTo(pull.number, '/agent review')).toContain('`organisation-layer-unreadable`')
})
