/** The review that the App opens as an issue, and that `purser review` prints. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { gatherReview } from '../../app/review/gather.ts'
import { readBuiltInLayer } from '../../catalog/built-in.ts'
import { loadConfiguration } from '../../core/config/load.ts'
import { noCounts } from '../../core/outcome/portfolio-counts.ts'
import { signalsOf } from '../../core/outcome/portfolio-review.ts'
import { reviewText } from '../../core/text/portfolio-review.ts'
import { OWNER, REPO, type Stage, setStage, workOn } from './stage.ts'

const PORTFOLIOS = `version: 1
values:
  quality: { measure: rework-and-reverts }
  reliability: { measure: first-run-to-merge }
models:
  default: gpt-5-mini
portfolios:
  refactoring:
    purpose: Safer, faster refactors
    value: quality
    workflows: [refactor+tests, review]
    budget: { usd: 40, per: month }
    high-cost: Deep context pays off.
  reading:
    purpose: A second pair of eyes
    value: reliability
    workflows: [incident-triage]
    budget: { usd: 5, per: month }
    was: proofs
review: { per: month }
experiments:
  notes:
    project: Notes for every release
    workflows: [changelog]
    scope: { paths: ['**'] }
    ends: 2027-06-30
    budget: { usd: 20 }
    metering: flat-rate
    success: { runs: 15, accepted: 70% }
`

let stage: Stage
let now = new Date('2026-10-28T08:00:00Z')

beforeAll(async () => {
  stage = await setStage({ app: { clock: () => now }, portfolios: PORTFOLIOS })
})
afterAll(async () => {
  await stage.close()
})

const issues = async () => {
  const { data } = await stage.octokit.issues.listForRepo({ owner: OWNER, repo: REPO, state: 'all' })
  return data.filter(({ title }) => title.startsWith('Review of portfolios'))
}

async function delivered() {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent refactor+tests')
  const runner = await stage.runnerOf(await stage.runOn(pull.number))
  await runner.finish({ spentMicroUsd: 500_000n, delivery: workOn(pull.head, `src/${pull.branch}.js`, '1\n') })
  return pull
}

/** As the sweep does, some hours later. */
async function sweep() {
  now = new Date(now.getTime() + 7 * 3_600_000)
  await stage.app.sweep()
  await stage.settled()
}

test('one issue after each month, updated in place when outcomes come late', async () => {
  const pull = await delivered()
  await sweep()
  expect(await issues(), 'nothing was kept before this month').toEqual([])

  now = new Date('2026-11-02T08:00:00Z')
  await sweep()
  await sweep()
  const [made, ...others] = await issues()
  expect(others).toEqual([])
  expect(made?.title).toBe('Review of portfolios, 2026-10')
  const body = made?.body ?? ''
  expect(body).toContain('from 2026-10-01 to 2026-10-31')
  expect(body).toContain('association, never as proof')
  expect(body).toContain('| refactoring | quality | none yet; before: none yet | $0.50 | no outcome yet |')
  expect(body).toContain('Dear runs are right here: Deep context pays off.')
  expect(body).toContain('- **unused:** Nothing ran.')
  expect(body).toContain(
    '**notes** (Notes for every release), until 2027-06-30: nothing spent. Accepted: no outcome yet; success is 70% of 15',
  )
  expect(body.indexOf('### reading')).toBeLessThan(body.indexOf('### refactoring'))

  await stage.github.person('mira').merge(pull.number)
  await stage.settled()
  await sweep()
  const [updated, ...more] = await issues()
  expect(more).toEqual([])
  expect(updated?.number).toBe(made?.number)
  expect(updated?.body).toContain(
    '0% (0 of 1); before: none yet | $0.50 | $0.50 for the one accepted run, none unknown |',
  )
})

test('a portfolio that says why dear runs are right shows what all of it has come to, before another of its workflows runs', async () => {
  const figure = 'All of **refactoring** in the last 60 days: $0.50 for the one accepted run, none unknown.'
  const { number } = await stage.openPull()
  await stage.say('dev', number, '/agent quote review')
  await stage.say('dev', number, '/agent list')
  await stage.say('dev', number, '/agent review')
  const replies = await stage.replies(number)
  expect(replies).toEqual([
    expect.stringContaining(`> High cost is right here: Deep context pays off. ${figure}`),
    expect.stringContaining(`### Where high cost is right\n\n- **refactoring**: Deep context pays off. ${figure}`),
    expect.stringContaining(`> High cost is right here: Deep context pays off. ${figure}`),
  ])
  await stage.say('dev', number, '/agent stop')
})

test('a review is gathered from the ledger and what is declared, and the next period sees the one before', async () => {
  const layer = {
    name: 'repository',
    root: '.github/purser',
    files: new Map([['portfolios.yml', PORTFOLIOS]]),
  } as const
  const loaded = loadConfiguration([readBuiltInLayer(), layer], '2026-11-10')
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  const { prisma } = stage.app.database
  const repository = await prisma.repository.findFirstOrThrow()
  const ask = { prisma, configuration: loaded.configuration, repository, now }
  const review = await gatherReview({ ...ask, at: now })
  expect(review).toMatchObject({ per: 'month', from: '2026-11-01', to: '2026-11-30', underWay: true })
  const [reading, refactoring] = review.portfolios
  expect(refactoring).toMatchObject({
    name: 'refactoring',
    counts: noCounts,
    countsBefore: { completed: 1, accepted: 1, spendMicroUsd: 500_000n },
    before: { kind: 'share', count: 0, of: 1 },
    signals: ['unused'],
  })
  expect(reading).toMatchObject({ name: 'reading', now: { kind: 'span', count: 0, open: 0 } })
  for (const login of ['mira', 'dev'])
    expect(JSON.stringify(review.portfolios, asText) + reviewText(review)).not.toContain(login)
})

test.each([
  [['unused'], {}],
  [['cap-tight'], { completed: 4, capped: 1, accepted: 5 }],
  [['unknown-high'], { completed: 5, accepted: 3, unknown: 2 }],
  [['nothing-accepted'], { completed: 5, rejected: 5 }],
  [[], { completed: 5, accepted: 5 }],
])('signals %j', (expected, counts) => {
  expect(signalsOf({ workflows: ['review'], budget: undefined, counts: { ...noCounts, ...counts } })).toEqual(expected)
})

test('signals a budget that was nearly used up, and a broad portfolio', () => {
  const budget = { unit: 'usd', budget: 100n, spent: 95n, held: 0n } as const
  const workflows = ['a', 'b', 'c', 'd', 'e', 'f']
  const counts = { ...noCounts, completed: 1, accepted: 1 }
  expect(signalsOf({ workflows, budget, counts })).toEqual(['broad', 'budget-tight'])
})

function asText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value
}
