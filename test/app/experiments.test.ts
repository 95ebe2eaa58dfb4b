/** A run that an experiment pays for, through the App's own doors: quoted, held, guarded, counted, and refused once it is over. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Stage, setStage, ticking, workOn } from './stage.ts'

const DAY_MS = 86_400_000
const day = (fromNow: number) => new Date(Date.now() + fromNow * DAY_MS).toISOString().slice(0, 10)
const ENDS = day(20)

const portfolios = (more = '') => `version: 1
values:
  quality: { measure: rework-and-reverts }
models:
  default: gpt-5-mini
portfolios:
  reviews: { purpose: Better reviews, value: quality, workflows: [review], budget: { usd: 40, per: month } }
exploration:
  sprint: { days: 14, from: 2026-11-02 }
  every-squad: { usd: 9 }
  squads:
    everybody: { paths: ['**'] }
experiments:
  billing-split:
    project: Split the billing monolith
    workflows: [refactor+tests]
    scope: { paths: ['billing/**'] }
    ends: ${ENDS}
    budget: { usd: 12 }
    metering: flat-rate
    success: { runs: 2, accepted: 30% }
${more}`

let stage: Stage
let now = new Date()

beforeAll(async () => {
  stage = await setStage({
    app: { clock: ticking(() => now) },
    portfolios: portfolios(),
    files: { 'billing/bill.js': 'export const bill = 1\n' },
  })
})
afterAll(async () => {
  await stage.close()
})

async function answerTo(number: number, command: string): Promise<string> {
  await stage.say('dev', number, command)
  return (await stage.replies(number)).at(-1) ?? ''
}

async function started(command = '/agent refactor+tests') {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, command)
  const run = await stage.runOn(pull.number)
  return { pull, run, runner: await stage.runnerOf(run) }
}

test('the quote and the list say which experiment pays, until when, and what it may touch', async () => {
  const pull = await stage.openPull()
  expect(await answerTo(pull.number, '/agent quote refactor+tests')).toContain(
    'Experiment **billing-split** (Split the billing monolith; only within `billing/**`; flat rate, so costs here are ' +
      `shadow prices): $12.00 of $12.00 left until the end of ${ENDS}`,
  )
  expect(await answerTo(pull.number, '/agent list')).toContain(
    `Paid by experiment **billing-split** (Split the billing monolith) until the end of ${ENDS}; its work stays within \`billing/**\`.`,
  )
})

test('work within the scope is delivered, and held and settled in the experiment’s account', async () => {
  const { pull, run, runner } = await started()
  expect(run).toMatchObject({ portfolio: 'billing-split', heldMicroUsd: 2_500_000n })
  expect(runner.claim.plan.guards.scope).toEqual({ experiment: 'billing-split', paths: ['billing/**'] })
  expect((await stage.replies(pull.number))[0]).toContain('$9.50 of $12.00 left')
  const work = workOn(pull.head, 'billing/bill.js', 'export const bill = 2\n')
  await runner.finish({ spentMicroUsd: 700_000n, delivery: work })
  expect(await stage.runOn(pull.number)).toMatchObject({ conclusion: 'completed', spentMicroUsd: 700_000n })
  const accounts = await stage.app.database.prisma.account.findMany()
  expect(accounts).toMatchObject([{ kind: 'experiment', name: 'billing-split', spent: 700_000n, held: 0n }])
  expect((await stage.replies(pull.number))[0]).toContain('only `billing/**` (the experiment’s scope)')
  expect(await answerTo(pull.number, '/agent status')).toContain(
    '**Experiment billing-split:** no run has an outcome yet. The success that it declares: 2 runs with an outcome, 30% of them accepted.',
  )
  await stage.github.person('mira').label(pull.number, 'agent/accepted')
  expect(await answerTo(pull.number, '/agent status')).toContain(
    '1 run has an outcome, 1 of them accepted. The success',
  )
})

test('work beyond the scope is withheld with the rule, whatever its runner says; a variant is paid by the experiment too', async () => {
  const { pull, runner } = await started('/agent refactor+tests/tests-first')
  const work = workOn(pull.head, 'src/total.js', 'export const total = 1\n')
  await runner.finish({ conclusion: 'completed', delivery: work })
  expect(await stage.runOn(pull.number)).toMatchObject({
    conclusion: 'withheld',
    reason: 'guard-paths',
    variant: 'tests-first',
    deliveredSha: null,
  })
  const [comment] = await stage.replies(pull.number)
  expect(comment).toContain('which is outside `scope.paths: billing/**` of the experiment `billing-split`')
  expect(await stage.app.database.prisma.account.count({ where: { kind: 'squad' } })).toBe(0)
})

test('it says when its success is reached', async () => {
  const { pull, runner } = await started()
  await runner.finish({ delivery: workOn(pull.head, 'billing/bill.js', 'export const bill = 3\n') })
  await stage.github.person('mira').label(pull.number, 'agent/rejected')
  expect(await answerTo(pull.number, '/agent status')).toContain(
    '3 runs have an outcome, 1 of them accepted. That is the success that it declares (2 runs',
  )
})

test('no room in it is a refusal that promises no fresh budget', async () => {
  const { prisma } = stage.app.database
  const path = '.github/purser/portfolios.yml'
  await stage.github.person('mira').push({
    branch: 'main',
    files: { [path]: portfolios().replace('usd: 12', 'usd: 13') },
  })
  await Promise.all([1, 2, 3, 4].map(() => started()))
  expect(await prisma.account.findFirst()).toMatchObject({ budget: 13_000_000n, held: 10_000_000n })
  const { pull } = await started()
  expect((await stage.replies(pull.number))[0]).toContain('Only $2.10 of the $2.50 asked for is left')
  const late = await stage.openPull()
  const refusal = await answerTo(late.number, '/agent refactor+tests')
  expect(refusal).toContain('`no-room`')
  expect(refusal).toContain('`experiments.billing-split.budget`')
  expect(refusal).not.toContain('afresh')
})

test('once it is over its workflow is refused, with the ways on; its one extension lets it go on', async () => {
  const pull = await stage.openPull()
  now = new Date(Date.now() + 22 * DAY_MS)
  const refusal = await answerTo(pull.number, '/agent refactor+tests')
  expect(refusal).toContain('`experiment-over`')
  expect(refusal).toContain(`ended on ${ENDS}`)
  expect(refusal).toContain('extend it once with a reason')
  expect(await answerTo(pull.number, '/agent list')).toContain(
    `The experiment **billing-split** paid for it and ended on ${ENDS}`,
  )
  const extended = portfolios(`    extended: { until: ${day(40)}, reason: The last module is left }\n`)
  const files = { '.github/purser/portfolios.yml': extended.replace('usd: 12', 'usd: 30') }
  await stage.github.person('mira').push({ branch: 'main', files })
  await stage.say('dev', pull.number, '/agent refactor+tests')
  expect(await stage.runOn(pull.number)).toMatchObject({ portfolio: 'billing-split', state: 'dispatched' })
  expect(await stage.app.database.prisma.account.count({ where: { kind: 'experiment' } })).toBe(1)
})
