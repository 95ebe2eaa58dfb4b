/**
 * A quarter in the shop: three variants are tried beside the standard, what people ask for by hand becomes a fourth, and every
 * decision that the evidence leads to is made by a maintainer. Only the work and its cost are prepared; what the App makes of them is the App's.
 */
import { fileURLToPath } from 'node:url'
import { decisionLabels, type Proposal } from '../../core/text/promotion-decision.ts'
import { filesBelow } from '../../test/world/files.ts'
import type { Books, PromotionIssue } from '../books.ts'
import { shopFiles } from '../shop.ts'
import type { Stage } from '../stage.ts'
import type { Act, Pulls, Story } from '../story.ts'
import { type End, pullFiles, quarter, type Try, workOn } from './tries.ts'

const FAMILY = 'refactor+tests'
const FOLDER = `.github/purser/catalog/${FAMILY}`
const MAINTAINER = 'mira'
const AUTHOR = 'dev'
const TELLS_REWORKED = 'agent/reworked'
/** What the App calls the variant that `effort=low` becomes. */
const LESS = 'effort-low'

/** What becomes of a run's outcome by what people do. */
const outcomeOf: Readonly<Record<End, string>> = {
  merged: 'accepted',
  reworked: 'reworked',
  closed: 'rejected',
  reverted: 'rejected',
  open: 'pending',
}

const acts: readonly Act[] = [
  tried(0, 'Four runs of the standard; one pull request is forgotten', [...quarter.standard, ...quarter.forgotten]),
  tried(
    7,
    'Two squads try a variant each, out of their exploration budgets',
    at(0, quarter.boundaries, quarter.fromScratch),
    {
      // One checkpoint decides nothing.
      holds: async (books) => (await books.promotions()).length === 0,
      tells: async (books) => [
        ...(await books.checkpoints('boundaries')),
        ...(await books.checkpoints('from-scratch')),
      ],
    },
  ),
  {
    day: 16,
    step: 'Two weeks of silence make an outcome unknown, not a success',
    play: sweep,
    holds: async (books, pulls) => (await books.outcomes(pulls, namesOf(quarter.forgotten))).join() === 'unknown',
  },
  tried(
    17,
    'At the second checkpoint in a row one variant is proposed as the standard, the other for sunset',
    at(1, quarter.boundaries, quarter.fromScratch),
    {
      holds: async (books) =>
        (await openOnes(books)).map(({ variant, decision }) => `${decision} ${variant}`).join() ===
        'promote boundaries,sunset from-scratch',
      tells: async (books) => [
        ...(await books.checkpoints('boundaries')),
        ...(await books.checkpoints('from-scratch')),
        ...(await issueLines(books)),
      ],
    },
  ),
  {
    day: 20,
    step: 'A maintainer approves the sunset: its pull request is merged, and the variant has left the catalog',
    play: (stage) => approve(stage, 'from-scratch', 'sunset'),
    holds: async (books) =>
      (await isCarriedOut(books, 'from-scratch', 'sunset')) &&
      (await books.onMain(`${FOLDER}/variants/from-scratch.yml`)) === '',
    tells: (books) => issueLines(books, 'from-scratch'),
  },
  {
    day: 23,
    step: 'A maintainer approves the promotion: its pull request is merged, and the variant is the standard',
    play: (stage) => approve(stage, 'boundaries', 'promote'),
    holds: async (books) =>
      (await isCarriedOut(books, 'boundaries', 'promote')) &&
      (await books.onMain(`${FOLDER}/workflow.yml`)).includes('variant: boundaries') &&
      (await books.onMain(`${FOLDER}/variants/before-boundaries.yml`)) !== '',
    tells: (books) => issueLines(books, 'boundaries'),
  },
  tried(30, 'The new standard is watched', at(0, quarter.boundariesWatched), {
    tells: (books) => books.watched('boundaries'),
  }),
  {
    day: 36,
    step: 'A squad brings a third variant, held against the new standard from the start',
    play: async (stage) => {
      const files = filesBelow(folder('later'))
      await stage.github.person(MAINTAINER).push({ branch: 'main', files, message: 'Offer refactor+tests/brief' })
      await stage.settled()
    },
    holds: async (books) => (await books.onMain(`${FOLDER}/variants/brief.yml`)).includes('squad: web'),
  },
  tried(37, 'It is tried', at(0, quarter.brief), { tells: (books) => books.checkpoints('brief') }),
  tried(
    43,
    'At two checkpoints the promoted standard has done no worse than the old one',
    at(1, quarter.boundariesWatched),
    {
      holds: async (books) =>
        (await books.promotions()).every(({ decision }) => decision !== 'rollback') &&
        (await books.watched('boundaries')).length === 2,
      tells: (books) => books.watched('boundaries'),
    },
  ),
  tried(44, 'The third variant is proposed too: as good as the standard, and cheaper', at(1, quarter.brief), {
    holds: async (books) =>
      (await openOnes(books)).map(({ variant, decision }) => `${decision} ${variant}`).join() === 'promote brief',
    tells: async (books) => [...(await books.checkpoints('brief')), ...(await issueLines(books, 'brief'))],
  }),
  {
    day: 47,
    step: 'It is approved and merged',
    play: (stage) => approve(stage, 'brief', 'promote'),
    holds: async (books) =>
      (await isCarriedOut(books, 'brief', 'promote')) &&
      (await books.onMain(`${FOLDER}/workflow.yml`)).includes('variant: brief'),
    tells: (books) => issueLines(books, 'brief'),
  },
  tried(56, 'As the standard for everybody it does worse; one is reverted', at(0, quarter.briefWatched), {
    holds: async (books) => (await openOnes(books)).length === 0,
    tells: (books) => books.watched('brief'),
  }),
  tried(66, 'Worse at the second checkpoint in a row: an issue proposes the way back', at(1, quarter.briefWatched), {
    holds: async (books) =>
      (await openOnes(books)).map(({ variant, decision }) => `${decision} ${variant}`).join() === 'rollback brief',
    tells: async (books) => [...(await books.watched('brief')), ...(await issueLines(books, 'brief'))],
  }),
  {
    day: 81,
    step: 'Nobody decides for two weeks, and the issue says that it is overdue',
    play: sweep,
    holds: async (books) => (await openOnes(books)).every(({ body }) => body.includes('**Overdue:**')),
  },
  {
    day: 82,
    step: 'It is approved and merged: the old standard is back, and the variant can still be chosen',
    play: (stage) => approve(stage, 'brief', 'rollback'),
    holds: async (books) => {
      const workflow = await books.onMain(`${FOLDER}/workflow.yml`)
      return (
        (await isCarriedOut(books, 'brief', 'rollback')) &&
        workflow.includes('variant: boundaries') &&
        !workflow.includes('variant: brief') &&
        (await books.onMain(`${FOLDER}/variants/brief.yml`)) !== ''
      )
    },
    tells: (books) => issueLines(books, 'brief'),
  },
  tried(90, 'Work goes on, with the same override each time: the App proposes it as a variant', quarter.withLess, {
    holds: async (books) => {
      const [adopt, ...others] = await openOnes(books)
      return others.length === 0 && adopt?.decision === 'adopt' && adopt.body.includes('effort: low\n')
    },
    tells: (books) => issueLines(books, LESS),
  }),
  {
    day: 92,
    step: 'It is approved and merged: what was asked for by hand has a name, and is compared from now on',
    play: (stage) => approve(stage, LESS, 'adopt'),
    holds: async (books) =>
      (await isCarriedOut(books, LESS, 'adopt')) &&
      (await books.onMain(`${FOLDER}/variants/${LESS}.yml`)).includes('effort: low'),
    tells: (books) => issueLines(books, LESS),
  },
]

export const quarterStory: Story = {
  name: 'quarter',
  about:
    'A quarter in a small shop. So that its runs take little time, no model is called and no job runs the Action: a stand-in ' +
    'plays each job’s part with work and costs that were prepared. All that the App makes of it is real.',
  files: () => ({ ...shopFiles(), ...filesBelow(folder('shop')) }),
  beginsDaysAgo: 100,
  jobs: 'stand-in',
  costs: 'by what the stand-in told they cost',
  acts,
}

/** The waves of that number. */
function at(wave: number, ...variants: readonly (readonly Try[])[][]): Try[] {
  return variants.flatMap((waves) => waves[wave] ?? [])
}

/** An act of runs on pull requests of their own, whose outcomes have to come out as people's hands say. */
function tried(
  day: number,
  step: string,
  tries: readonly Try[],
  more: Partial<Pick<Act, 'holds' | 'tells'>> = {},
): Act {
  const expected = tries.map(({ end }) => outcomeOf[end]).join()
  return {
    day,
    step,
    play: (stage, pulls) => playTries(stage, pulls, tries),
    holds: async (books, pulls) =>
      (await books.outcomes(pulls, namesOf(tries))).join() === expected && ((await more.holds?.(books, pulls)) ?? true),
    tells: async (books, pulls) => [
      ...(await books.cameTo(pulls, namesOf(tries))),
      ...((await more.tells?.(books, pulls)) ?? []),
    ],
  }
}

async function playTries(stage: Stage, pulls: Pulls, tries: readonly Try[]): Promise<void> {
  const about = new Map<number, Try>()
  for (const one of tries) {
    const { name } = one
    const pull = { branch: `add-${name}`, title: `Add ${name}`, files: pullFiles(one) }
    const { number } = await stage.github.person(AUTHOR).openPull(pull)
    pulls.set(name, number)
    about.set(number, one)
  }
  const command = ({ variant, overrides }: Try) =>
    ['/agent', variant === null ? FAMILY : `${FAMILY}/${variant}`, overrides].join(' ').trimEnd()
  await Promise.all([...about].map(([number, one]) => stage.github.person(AUTHOR).comment(number, command(one))))
  await stage.settled()
  await stage.standIn?.play(({ subject }) => {
    const one = about.get(subject.number ?? 0)
    if (one === undefined) throw new Error(`nothing was prepared for #${subject.number}`)
    return workOn(one)
  })
  await stage.settled()
  for (const [number, { end }] of about) await decide(stage, number, end)
  await stage.settled()
}

async function decide(stage: Stage, number: number, end: End): Promise<void> {
  const maintainer = stage.github.person(MAINTAINER)
  if (end === 'closed') await maintainer.close(number)
  if (end === 'reworked') await maintainer.label(number, TELLS_REWORKED)
  if (end === 'merged' || end === 'reworked' || end === 'reverted') await maintainer.merge(number, 'squash')
  if (end === 'reverted') await maintainer.revert(number)
}

/** What a maintainer does in two steps: the label in the issue, and the merge of the pull request that it brings. */
async function approve(stage: Stage, variant: string, decision: Proposal): Promise<void> {
  const find = () => stage.app.prisma.promotion.findFirst({ where: { variant, decision } })
  const maintainer = stage.github.person(MAINTAINER)
  await maintainer.label((await find())?.issueNumber ?? 0, decisionLabels[decision].approved)
  await stage.settled()
  await maintainer.merge((await find())?.pullNumber ?? 0, 'squash')
  await stage.settled()
}

async function sweep(stage: Stage): Promise<void> {
  await stage.app.sweep()
  await stage.settled()
}

async function openOnes(books: Books): Promise<readonly PromotionIssue[]> {
  const open = (await books.promotions()).filter(({ state }) => state === 'open')
  return open.toSorted((one, other) => (one.decision < other.decision ? -1 : 1))
}

async function isCarriedOut(books: Books, variant: string, decision: string): Promise<boolean> {
  const found = (await books.promotions()).find((one) => one.variant === variant && one.decision === decision)
  return found?.state === 'merged' && found.isClosed
}

/** The issues there are, or those about one variant. */
async function issueLines(books: Books, variant?: string): Promise<string[]> {
  const issues = (await books.promotions()).filter((one) => variant === undefined || one.variant === variant)
  return issues.map(({ issue, title, isClosed, pull }) => {
    const by = pull === null ? '' : `, carried out by #${pull}`
    return `issue #${issue} (${isClosed ? 'closed' : 'open'}${by}): ${title}`
  })
}

function namesOf(tries: readonly Try[]): string[] {
  return tries.map(({ name }) => name)
}

function folder(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}
