/** What an organisation's layer declares is one trial: judged over all repositories that declare the same, in the repository with the layer. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { gatherReview } from '../../app/review/gather.ts'
import { readBuiltInLayer } from '../../catalog/built-in.ts'
import { loadConfiguration } from '../../core/config/load.ts'
import { reviewText } from '../../core/text/portfolio-review.ts'
import type { Run } from '../../prisma/client/client.ts'
import { putLike } from './like-run.ts'
import { OWNER, PORTFOLIOS, REPO, type Stage, setStage, ticking, workOn } from './stage.ts'

const FAMILY = 'refactor+tests'
const LAYER = '.github'
const VARIANT = `.github/purser/catalog/${FAMILY}/variants/swift.yml`
const SETTINGS = '.github/purser/portfolios.yml'
const SWIFT = 'summary: Refactor swiftly\nsquad: payments\nsteps:\n  - { id: refactor, turns: 10 }\n'
const INHERITING = `${PORTFOLIOS.replace('usd: 40', 'usd: 4000')}inherit: organisation\n`

let stage: Stage
let now = new Date()
const patterns = new Map<string | null, Run>()

beforeAll(async () => {
  stage = await setStage({
    app: { clock: ticking(() => now) },
    portfolios: INHERITING,
    privates: ['vault'],
    others: {
      [LAYER]: { [VARIANT]: SWIFT, '.github/purser/promotion.yml': 'promote: { runs: 2, subjects: 2 }\n' },
      web: { [SETTINGS]: INHERITING, 'src/page.js': '1\n' },
      vault: { [SETTINGS]: INHERITING, 'src/safe.js': '1\n' },
      // Its agent is its own, so what it tries is something else.
      apart: {
        [SETTINGS]: INHERITING,
        '.github/purser/catalog/agents/engineer.agent.md':
          '---\nname: engineer\ndescription: Another engineer\ntools: [read]\n---\nWork.\n',
      },
    },
  })
  // The App hears of each of them.
  for (const repo of ['web', 'vault', 'apart']) {
    await stage.github.person('mira', repo).push({ branch: 'main', files: { 'README.md': `# ${repo}\n` } })
  }
  await stage.settled()
}, 120_000)
afterAll(async () => {
  await stage.close()
})

/** A real run of a side; the others are its like. */
async function patternOf(variant: string | null): Promise<Run> {
  const known = patterns.get(variant)
  if (known) return known
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, `/agent ${FAMILY}${variant === null ? '' : `/${variant}`}`)
  const runner = await stage.runnerOf(await stage.runOn(pull.number))
  await runner.finish({ delivery: workOn(pull.head, `src/${pull.branch}.js`, '1\n') })
  const run = await stage.runOn(pull.number)
  patterns.set(variant, run)
  return run
}

/** A session of the repository's that a push started, which shows as a check on its head. */
async function sessionIn(repository: { id: bigint; name: string }, pattern: Run) {
  const { prisma } = stage.app.database
  const sha = await stage.octokit.git.getRef({ owner: OWNER, repo: repository.name, ref: 'heads/main' })
  const like = await prisma.session.findUniqueOrThrow({ where: { id: pattern.sessionId } })
  const id = randomUUID()
  const more = {
    commentId: null,
    checkRunId: null,
    trigger: 'push',
    commandKey: id,
    subjectNumber: repository.name === 'web' ? 7 : null,
  }
  await prisma.session.create({ data: { ...like, id, repositoryId: repository.id, ...more } })
  return { sessionId: id, headSha: sha.data.object.sha }
}

/** Runs in a repository that were merged or closed; the sweep decides their outcomes. */
async function runs(name: string, count: number, variant: string | null, end: 'merged' | 'closed' = 'merged') {
  const { prisma } = stage.app.database
  const pattern = await patternOf(variant)
  const repository = await prisma.repository.findFirstOrThrow({ where: { name } })
  const started = await sessionIn(repository, pattern)
  for (let index = 0; index < count; index += 1) {
    now = new Date(now.getTime() + 900_000)
    await putLike(prisma, pattern, now, end, { ...started, repositoryId: repository.id })
  }
  now = new Date(now.getTime() + 900_000)
}

async function decided() {
  await stage.app.sweep()
  await stage.settled()
}

async function proposals(decision: 'promote' | 'rollback' = 'promote') {
  const rows = await stage.app.database.prisma.promotion.findMany({
    where: { decision },
    include: { repository: true },
  })
  return rows.map(({ repository, ...row }) => ({ ...row, repository: repository.name }))
}

async function issuesIn(repo: string) {
  const { data } = await stage.octokit.issues.listForRepo({ owner: OWNER, repo, state: 'all' })
  return data.filter(({ pull_request }) => !pull_request).map(({ number, title, body }) => ({ number, title, body }))
}

async function approve(issue: number, label: string) {
  await stage.github.person('mira', LAYER).label(issue, label)
  await stage.settled()
  const { pullNumber } =
    (await proposals()).concat(await proposals('rollback')).find((row) => row.issueNumber === issue) ?? {}
  expect(pullNumber, stage.log().slice(-2000)).toEqual(expect.any(Number))
  return pullNumber ?? 0
}

async function filesOf(pull: number) {
  const { data } = await stage.octokit.pulls.listFiles({ owner: OWNER, repo: LAYER, pull_number: pull })
  return data.map(({ filename }) => filename.replace(`.github/purser/catalog/${FAMILY}/`, ''))
}

test('it has one issue, in the repository with the layer, on the evidence of all who declare the same', async () => {
  await runs(REPO, 1, null)
  await runs('vault', 1, null)
  await runs('apart', 2, null)
  await runs(REPO, 1, 'swift')
  await runs('apart', 4, 'swift')
  await runs('web', 2, 'swift')
  await decided()
  expect(await proposals()).toEqual([])
  await runs('vault', 1, 'swift')
  // The App is not installed there, or issues are switched off.
  stage.github.fail({ method: 'POST', path: /^\/repos\/acme\/\.github\/issues$/, status: 403 })
  await decided()
  expect(await proposals()).toEqual([])
  const cannot =
    '- **Can’t be proposed:** `refactor+tests/swift` is due to be proposed as the standard, and the App can open no issue in `acme/.github`. ' +
    'An owner of the organisation can install it there, with issues switched on; the next outcome of that workflow then opens it.'
  expect(await listed()).toContain(`### Waiting for a maintainer’s decision\n\n${cannot}`)
  expect(await reviewOf(REPO)).toContain(cannot)
  expect(await reviewOf('apart'), 'it declares another variant').not.toContain('Can’t be proposed')

  // It is installed there by now.
  await runs(REPO, 1, null)
  await decided()
  expect(await listed()).not.toContain('Can’t be proposed')
  expect(await reviewOf(REPO)).not.toContain('Can’t be proposed')
  await listsOpen('promote', 'is proposed as the standard')
  expect(await proposals()).toMatchObject([{ repository: LAYER, family: FAMILY, variant: 'swift', state: 'open' }])
  const [issue, ...others] = await issuesIn(LAYER)
  expect(others).toEqual([])
  for (const repo of [REPO, 'web', 'vault', 'apart']) {
    expect((await issuesIn(repo)).filter(({ title }) => title.includes('swift'))).toEqual([])
  }
  const body = issue?.body ?? ''
  expect(issue?.title).toBe('Make refactor+tests/swift the standard refactor+tests')
  expect(body).toContain('Of its 4 settled runs 4 were accepted (baseline: 3 of 3)')
  expect(body).toMatch(/\| shop \| 100% \(1 of 1\)/)
  expect(body).toMatch(/\| web \| 100% \(2 of 2\)/)
  expect(body).toMatch(/\| 1 private repository \| 100% \(1 of 1\)/)
  expect(body).toMatch(/\[`web#7`\]\(\S+\/acme\/web\/issues\/7\)/)
  expect(body).toMatch(/\[`shop@[0-9a-f]{7}`\]\(\S+\/acme\/shop\/commit\/[0-9a-f]{40}\)/)
  expect(body).not.toMatch(/vault|apart/)
})

test('its approval there changes the layer, and a baseline that does worse anywhere is rolled back there', async () => {
  const [issue] = await issuesIn(LAYER)
  const pull = await approve(issue?.number ?? 0, 'promotion: approved')
  expect(await filesOf(pull)).toEqual(
    expect.arrayContaining(['workflow.yml', 'variants/before-swift.yml', 'variants/swift.yml']),
  )
  await stage.github.person('mira', LAYER).merge(pull)
  await stage.settled()
  expect(await proposals()).toMatchObject([{ state: 'merged' }])

  const told = await toldOf(
    (site) =>
      `**The standard \`refactor+tests\` is another one since ${now.toISOString().slice(0, 10)}:** the organisation made \`refactor+tests/swift\` ` +
      `it in [acme/.github#${issue?.number}](${site}/issues/${issue?.number}). When that was decided: $0.40 for each of 4 accepted runs, none unknown; ` +
      'of the old one: $0.40 for each of 3 accepted runs, none unknown. Prices and figures here may still rest on runs of the ' +
      'old one. To stay with that: `/agent refactor+tests/before-swift` runs it once; `inherit: organisation@<commit>` in ' +
      `\`portfolios.yml\`, with a commit before [acme/.github#${pull}](${site}/pull/${pull}), keeps the whole catalog as it was.`,
  )
  await stage.say('dev', told, '/agent stop')
  await stage.say('dev', told, '/agent quote refactor+tests/before-swift')
  expect((await stage.replies(told)).at(-1), 'who chose a side is told nothing of it').not.toContain('is another one')

  const setPrivate = (isPrivate: boolean) =>
    stage.app.database.prisma.repository.updateMany({ where: { name: LAYER }, data: { private: isPrivate } })
  await setPrivate(true)
  await stage.say('dev', told, '/agent quote refactor+tests')
  await setPrivate(false)
  const figureless = (await stage.replies(told)).at(-1)
  expect(figureless).toContain(' is another one since ')
  expect(figureless, 'everybody reads this repository').not.toContain('When that was decided')

  // The first that is decided in a repository after the merge tells that its baseline is another now.
  for (const repo of [REPO, 'web']) await runs(repo, 1, null)
  await decided()
  await runs(REPO, 2, null, 'closed')
  await decided()
  expect(await proposals('rollback')).toEqual([])
  await runs('web', 2, null, 'closed')
  stage.github.fail({ method: 'POST', path: /^\/repos\/acme\/\.github\/issues$/, status: 403, times: 2 })
  await decided()
  expect(await proposals('rollback')).toEqual([])
  expect(await listed()).toContain(
    '`refactor+tests/swift` is due to be proposed to be rolled back, and the App can open',
  )
  await runs('web', 1, null, 'closed')
  await decided()
  expect(await listed()).not.toContain('Can’t be proposed')
  const [rollback] = await proposals('rollback')
  expect(rollback).toMatchObject({ repository: LAYER, state: 'open' })
  await listsOpen('rollback', 'is proposed to be rolled back')
  const back = await approve(rollback?.issueNumber ?? 0, 'rollback: approved')
  await stage.github.person('mira', LAYER).merge(back)
  await stage.settled()
  expect(await proposals('rollback')).toMatchObject([{ state: 'merged' }])
  expect(await proposals()).toMatchObject([{ state: 'rejected' }])
  await toldOf(
    (site) =>
      `**\`refactor+tests\` is again what it was before \`refactor+tests/swift\`, since ${now.toISOString().slice(0, 10)}:** the organisation rolled ` +
      `that back in [acme/.github#${rollback?.issueNumber}](${site}/issues/${rollback?.issueNumber}). Prices and figures here may still rest on runs of ` +
      'the old one. To stay with that: `/agent refactor+tests/swift` runs it once; ',
  )
}, 120_000)

async function listed(): Promise<string> {
  const { number } = await stage.openPull()
  await stage.say('dev', number, '/agent list')
  return (await stage.replies(number)).at(-1) ?? ''
}

async function listsOpen(decision: 'promote' | 'rollback', is: string): Promise<void> {
  const [row] = await proposals(decision)
  const issue = `[acme/.github#${row?.issueNumber}](${stage.github.url}/${OWNER}/${LAYER}/issues/${row?.issueNumber})`
  expect(await listed()).toContain(
    `### Waiting for a maintainer’s decision\n\n- \`refactor+tests/swift\` ${is} in ${issue}, since today\n`,
  )
}

async function reviewOf(name: string): Promise<string> {
  const { prisma } = stage.app.database
  const repository = await prisma.repository.findFirstOrThrow({ where: { name } })
  const layers = [
    readBuiltInLayer(),
    { name: 'organisation', root: LAYER, files: new Map([[VARIANT.replace('.github/purser/', ''), SWIFT]]) },
    { name: 'repository', root: '.github/purser', files: new Map([['portfolios.yml', INHERITING]]) },
  ] as const
  const loaded = loadConfiguration(layers, now.toISOString().slice(0, 10))
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  return reviewText(await gatherReview({ prisma, configuration: loaded.configuration, repository, at: now, now }))
}

/** In a repository that inherits it: with a price, with what is on offer, and with a run. */
async function toldOf(text: (site: string) => string): Promise<number> {
  const { number } = await stage.openPull()
  for (const command of ['quote refactor+tests', 'list', 'refactor+tests']) {
    await stage.say('dev', number, `/agent ${command}`)
    expect((await stage.replies(number)).at(-1), command).toContain(text(`${stage.github.url}/${OWNER}/${LAYER}`))
  }
  return number
}
