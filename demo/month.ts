/** A month in the shop, act by act: every way a run can end, with real jobs, and one promotion. */
import { readFileSync } from 'node:fs'
import { RAMBLING, SECOND_ATTEMPT, TALKED_INTO } from './script.ts'
import { pullFiles, SHOP_TESTS, shopFiles } from './shop.ts'
import type { Stage } from './stage.ts'
import { type Act, numberOf, type Pulls, type Story } from './story.ts'

const GOAL = 'goal="Make each rule readable at one place"'
const TEST = `test="${SHOP_TESTS}"`

const acts: readonly Act[] = [
  {
    day: 0,
    step: 'A comment becomes a capped run and a commit',
    play: (stage, pulls) => ask(stage, pulls, 'discount', `/agent refactor+tests ${GOAL}`),
    holds: async (books, pulls) => {
      const run = await books.runOn(pulls.get('discount'))
      return (
        run?.conclusion === 'completed' &&
        run.deliveredSha !== null &&
        run.spentMicroUsd > 0n &&
        run.spentMicroUsd <= run.capMicroUsd
      )
    },
  },
  {
    day: 0,
    step: 'Somebody without write access is refused, visibly and at no cost',
    beside: true,
    play: (stage, pulls) => ask(stage, pulls, 'shipping', '/agent refactor+tests', 'guest'),
    holds: async (books, pulls) =>
      (await books.runOn(pulls.get('shipping'))) === undefined &&
      (await books.says(pulls.get('shipping'), 'not-permitted')),
  },
  {
    day: 0,
    step: 'Its merge makes the outcome accepted',
    play: (stage, pulls) => merge(stage, pulls, 'discount'),
    holds: async (books, pulls) => (await books.runOn(pulls.get('discount')))?.outcome === 'accepted',
  },
  {
    day: 0,
    step: 'A mistyped name is answered with the nearest one',
    beside: true,
    play: (stage, pulls) => ask(stage, pulls, 'shipping', '/agent refactr+tests'),
    holds: async (books, pulls) => books.says(pulls.get('shipping'), 'refactor+tests'),
  },
  {
    day: 1,
    step: 'Two more runs of the standard; on one the first tests fail and the loop mends them',
    play: async (stage, pulls) => {
      await Promise.all([
        ask(stage, pulls, 'shipping', `/agent refactor+tests ${TEST}`),
        ask(stage, pulls, SECOND_ATTEMPT, `/agent refactor+tests ${TEST}`),
      ])
      await stage.github.person('mira').label(numberOf(pulls, SECOND_ATTEMPT), 'agent/reworked')
      await Promise.all([merge(stage, pulls, 'shipping'), merge(stage, pulls, SECOND_ATTEMPT)])
    },
    holds: async (books, pulls) =>
      (await books.runOn(pulls.get('shipping')))?.outcome === 'accepted' &&
      (await books.runOn(pulls.get(SECOND_ATTEMPT)))?.outcome === 'reworked',
  },
  {
    day: 2,
    step: 'A merge that is reverted makes the outcome rejected',
    play: async (stage, pulls) => {
      await ask(stage, pulls, 'stock', `/agent refactor+tests ${TEST}`)
      await merge(stage, pulls, 'stock')
      await stage.github.person('mira').revert(numberOf(pulls, 'stock'))
      await stage.settled()
    },
    holds: async (books, pulls) => {
      const run = await books.runOn(pulls.get('stock'))
      return run?.outcome === 'rejected' && run.reverted
    },
  },
  {
    day: 2,
    step: 'A review is written; one asked for meanwhile is refused, since the portfolio has no room left',
    beside: true,
    play: async (stage, pulls) => {
      await open(stage, pulls, 'coupon')
      await open(stage, pulls, 'invoice')
      await stage.github.person('dev').comment(numberOf(pulls, 'coupon'), '/agent review')
      await ask(stage, pulls, 'invoice', '/agent review')
    },
    holds: async (books, pulls) =>
      (await books.runOn(pulls.get('coupon')))?.conclusion === 'completed' &&
      (await books.runOn(pulls.get('invoice'))) === undefined &&
      (await books.says(pulls.get('invoice'), 'no-room')),
  },
  {
    day: 4,
    step: 'A run that would pass its cap stops before it does, and its work is kept',
    scripted: true,
    play: (stage, pulls) => ask(stage, pulls, RAMBLING, `/agent refactor+tests ${TEST} cap=0.10`),
    holds: async (books, pulls) => {
      const run = await books.runOn(pulls.get(RAMBLING))
      return run?.conclusion === 'capped' && run.spentMicroUsd <= run.capMicroUsd && (await books.keptWork(run))
    },
  },
  {
    day: 4,
    step: 'Work that touches CI’s files is withheld by a guard, although the model obeyed',
    beside: true,
    scripted: true,
    play: (stage, pulls) => ask(stage, pulls, TALKED_INTO, `/agent refactor+tests ${TEST}`),
    holds: async (books, pulls) => {
      const run = await books.runOn(pulls.get(TALKED_INTO))
      return (
        run?.conclusion === 'withheld' &&
        run.reason === 'guard-paths' &&
        !(await books.hasFile('.github/workflows/release.yml'))
      )
    },
  },
  {
    day: 7,
    step: 'A squad tries its own variant out of its exploration budget',
    play: (stage, pulls) => tryVariant(stage, pulls, ['coupon', 'invoice', 'loyalty']),
    holds: async (books, pulls) =>
      (await books.outcomes(pulls, ['coupon', 'invoice', 'loyalty'])).every((outcome) => outcome === 'accepted') &&
      (await books.promotions()).length === 0,
  },
  {
    day: 9,
    step: 'One of three further tries is turned down',
    play: async (stage, pulls) => {
      await Promise.all(['refund', 'address'].map((name) => ask(stage, pulls, name, variantCommand)))
      await stage.github.person('mira').close(numberOf(pulls, 'address'))
      await merge(stage, pulls, 'refund')
    },
    holds: async (books, pulls) =>
      (await books.outcomes(pulls, ['refund', 'address'])).join() === 'accepted,rejected' &&
      (await books.promotions()).length === 0,
  },
  {
    day: 10,
    step: 'At the second checkpoint in a row every threshold holds: one promotion issue opens',
    play: (stage, pulls) => tryVariant(stage, pulls, ['parcel']),
    holds: async (books) => {
      const promotions = await books.promotions()
      return promotions.length === 1 && promotions[0]?.variant === 'boundaries' && promotions[0].decision === 'promote'
    },
  },
  {
    day: 11,
    step: 'A maintainer approves it: one pull request makes it the standard, and its merge closes the issue',
    play: async (stage) => {
      const issue = await stage.app.prisma.promotion.findFirst({ where: { decision: 'promote' } })
      await stage.github.person('mira').label(issue?.issueNumber ?? 0, 'promotion: approved')
      await stage.settled()
      const approved = await stage.app.prisma.promotion.findFirst({ where: { decision: 'promote' } })
      await stage.github.person('mira').merge(approved?.pullNumber ?? 0, 'squash')
      await stage.settled()
    },
    holds: async (books) => {
      const [promotion] = await books.promotions()
      return (
        promotion?.state === 'merged' &&
        promotion.isClosed &&
        (await books.onMain('.github/purser/catalog/refactor+tests/workflow.yml')).includes('variant: boundaries')
      )
    },
  },
  {
    day: 11,
    step: 'A push to the default branch has its changelog written, as a pull request',
    play: async (stage) => {
      const name = '.github/workflows/changelog.yml'
      const job = readFileSync(new URL('changelog-job.yml', import.meta.url), 'utf8')
      const files = { [name]: job, 'src/hours.js': 'export const hours = { from: 9, to: 18 }\n' }
      await stage.github.person('mira').push({ branch: 'main', files, message: 'Tell the opening hours' })
      await stage.settled()
    },
    holds: async (books) => {
      const run = await books.newestRun('changelog')
      return run?.conclusion === 'completed' && run.deliveredNumber !== null
    },
  },
  {
    day: 26,
    step: 'Two weeks of silence make an outcome unknown, not a success',
    play: async (stage, pulls) => {
      await stage.day(11)
      await ask(stage, pulls, 'giftwrap', `/agent refactor+tests ${TEST}`)
      await stage.day(26)
      await stage.app.sweep()
      await stage.settled()
    },
    holds: async (books, pulls) => (await books.runOn(pulls.get('giftwrap')))?.outcome === 'unknown',
  },
  {
    day: 27,
    step: 'The last pull request is still open, so its outcome is pending',
    play: (stage, pulls) => ask(stage, pulls, 'voucher', `/agent refactor+tests ${TEST}`),
    holds: async (books, pulls) => (await books.runOn(pulls.get('voucher')))?.outcome === 'pending',
  },
]

export const month: Story = {
  name: 'month',
  about: 'A month in a small shop: every way in which a run can end, and one promotion.',
  files: shopFiles,
  beginsDaysAgo: 60,
  jobs: 'action',
  costs: 'at the model’s list price they cost',
  acts,
}

const variantCommand = `/agent refactor+tests/boundaries ${TEST}`

async function tryVariant(stage: Stage, pulls: Pulls, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => ask(stage, pulls, name, variantCommand)))
  for (const name of names) await merge(stage, pulls, name)
}

/** Comments on the pull request of `demo/pulls/<name>`, which is opened unless it stands, and waits until all is quiet. */
async function ask(stage: Stage, pulls: Pulls, name: string, command: string, who = 'dev'): Promise<void> {
  await open(stage, pulls, name)
  await stage.github.person(who).comment(numberOf(pulls, name), command)
  await stage.settled()
}

async function open(stage: Stage, pulls: Pulls, name: string): Promise<void> {
  if (pulls.has(name)) return
  const pull = await stage.github.person('dev').openPull({
    branch: `add-${name}`,
    title: `Add ${name}`,
    files: pullFiles(name),
  })
  pulls.set(name, pull.number)
}

async function merge(stage: Stage, pulls: Pulls, name: string): Promise<void> {
  await stage.github.person('mira').merge(numberOf(pulls, name), 'squash')
  await stage.settled()
}
