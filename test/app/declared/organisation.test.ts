/** What an organisation's layer is to the repositories that inherit it: pinned, moved on, and offered to. */
import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sideDefinition } from '../../../app/promotion/definition.ts'
import { readBuiltInLayer } from '../../../catalog/built-in.ts'
import type { Configuration } from '../../../core/config/configuration.ts'
import { loadConfiguration } from '../../../core/config/load.ts'
import { PIN_TITLE } from '../../../core/text/pin-pull.ts'
import { layer } from '../../core/config/layers.ts'
import { OWNER, PORTFOLIOS, REPO, type Stage, setStage } from '../stage.ts'

const LAYER = '.github'
const TIDY = `name: tidy
summary: Tidy the code
value: quality
access: write
steps:
  - { id: work, agent: engineer, prompt: work.md }
deliver: commit
cap: { usd: 1.00 }
`
const SWIFT = 'summary: Refactor swiftly\nsteps:\n  - { id: refactor, turns: 10 }\n'
const WORKFLOW = '.github/purser/catalog/tidy/workflow.yml'
const SETTINGS = '.github/purser/portfolios.yml'

let stage: Stage

beforeAll(async () => {
  stage = await setStage({
    portfolios: `${PORTFOLIOS}inherit: organisation\n`,
    others: {
      [LAYER]: {
        [WORKFLOW]: TIDY,
        '.github/purser/catalog/tidy/work.md': 'Tidy up.\n',
        '.github/purser/promotion.yml': 'promote: { runs: 2, subjects: 2 }\n',
      },
      '.github-private': { 'README.md': '# Somebody has made this\n' },
    },
  })
})
afterAll(async () => {
  await stage.close()
})

async function pushed(files: Record<string, string | null>, repo = REPO, branch = 'main') {
  const sha = await stage.github.person('mira', repo).push({ branch, files })
  await stage.settled()
  return sha
}

function declares(files: Readonly<Record<string, string>>): Configuration {
  const loaded = loadConfiguration([readBuiltInLayer(), layer('repository', files)], '2026-11-20')
  if ('configuration' in loaded) return loaded.configuration
  throw new Error(JSON.stringify(loaded.problems))
}

async function answerTo(command: string): Promise<string> {
  const issue = await stage.github.person('mira').openIssue('What is on offer?')
  await stage.say('mira', issue, command)
  return (await stage.replies(issue)).at(-1) ?? ''
}

test('a pin is the layer as that commit has it, whatever came later', async () => {
  const first = await pushed({ 'README.md': '# Ours\n' }, LAYER)
  await pushed({ [SETTINGS]: `${PORTFOLIOS}inherit: organisation@${first}\n` })
  await pushed({ [WORKFLOW]: TIDY.replace('usd: 1.00', 'usd: 3.00') }, LAYER)
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent list')
  const listed = (await stage.replies(pull.number)).at(-1) ?? ''
  expect(listed).toContain('Tidy the code')
  expect(listed).toContain('$1.00')
  expect(listed).not.toContain('$3.00')
})

test('a commit that is not on the organisation’s default branch is no layer', async () => {
  const aside = await pushed({ [WORKFLOW]: TIDY.replace('usd: 1.00', 'usd: 99.00') }, LAYER, 'aside')
  await pushed({ [SETTINGS]: `${PORTFOLIOS}inherit: organisation@${aside}\n` })
  const said = await answerTo('/agent list')
  expect(said).toContain('`organisation-layer-unreadable`')
  expect(said).toContain(`as of commit \`${aside.slice(0, 12)}\``)
})

test('a second layer beside it takes nothing over', async () => {
  const pull = await stage.openPull()
  const listed = async () => {
    await stage.say('dev', pull.number, '/agent list')
    return (await stage.replies(pull.number)).at(-1) ?? ''
  }
  await pushed({ [SETTINGS]: `${PORTFOLIOS}inherit: organisation\n` })
  expect(await listed()).toContain('Tidy the code')
  await pushed({ [WORKFLOW]: TIDY.replace('Tidy the code', 'Somebody else’s') }, '.github-private')
  const said = await listed()
  expect(said).toContain('`organisation-layer-unreadable`')
  expect(said).toContain('stands in `.github-private` and in `.github`')
  await pushed({ [WORKFLOW]: null }, '.github-private')
  expect(await listed()).toContain('Tidy the code')
})

test('an offer has one issue with the evidence, and a maintainer’s approval there one pull request', async () => {
  const { prisma } = stage.app.database
  const VARIANT = '.github/purser/catalog/refactor+tests/variants/swift.yml'
  await pushed({
    [SETTINGS]: PORTFOLIOS,
    [VARIANT]: SWIFT,
  })
  const asked = await stage.github.person('mira').openIssue('For everybody')
  await stage.say('dev', asked, '/agent offer refactor+tests/swift')
  expect((await stage.replies(asked)).at(-1)).toContain('needs maintain access')
  await stage.say('mira', asked, '/agent offer refactor+tests/swfit')
  expect((await stage.replies(asked)).at(-1)).toContain('There is no variant refactor+tests/swfit here.')
  await stage.say('mira', asked, '/agent offer refactor+tests/swift')
  expect((await stage.replies(asked)).at(-1)).toContain('is offered to the organisation’s catalog')

  const row = () => prisma.promotion.findFirstOrThrow({ where: { decision: 'offer' } })
  const { issueNumber } = await row()
  const there = { owner: OWNER, repo: LAYER, issue_number: issueNumber ?? 0 }
  const issue = async () => (await stage.octokit.issues.get(there)).data
  expect((await issue()).title).toBe('Take refactor+tests/swift into the organisation’s catalog')
  expect((await issue()).body).toContain('`acme/shop` offers `refactor+tests/swift`')
  expect((await issue()).body).toContain('No run of it has been settled yet under this definition')

  // What three repositories, one of them private, have counted under the same two definitions.
  const configuration = declares({ 'portfolios.yml': PORTFOLIOS, 'catalog/refactor+tests/variants/swift.yml': SWIFT })
  const definitions = {
    swift: sideDefinition(configuration, 'refactor+tests', 'swift'),
    '': sideDefinition(configuration, 'refactor+tests', null),
  }
  const shop = await prisma.repository.findFirstOrThrow({ where: { name: REPO } })
  const day = new Date(`${new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)}T00:00:00Z`)
  for (const [at, name] of [REPO, 'web', 'vault'].entries()) {
    const repositoryId = name === REPO ? shop.id : BigInt(800 + at)
    if (name !== REPO)
      await prisma.repository.create({ data: { ...shop, id: repositoryId, name, private: name === 'vault' } })
    for (const [variant, definition] of Object.entries(definitions)) {
      const key = { repositoryId, family: 'refactor+tests', variant }
      await prisma.trial.create({ data: { ...key, settled: 1, definition: definition ?? null } })
      await prisma.trialDay.create({ data: { ...key, day, settled: 1, accepted: 1, spendMicroUsd: 500_000n } })
      await prisma.trialSubject.create({ data: { ...key, day, subjectKey: `pull-request:${at}`, settled: 1 } })
    }
  }
  await prisma.promotion.updateMany({ data: { lookedAt: null } })
  await stage.app.sweep()
  const body = (await issue()).body ?? ''
  expect(body).toMatch(/\| web \| 100% \(1 of 1\)/)
  expect(body).toContain('| 1 private repository | 100% (1 of 1)')
  expect(body).not.toContain('vault')
  expect(body).toContain('| **together** | 100% (3 of 3)')
  expect(body).toContain('They say **not-yet**: only one checkpoint has been reached')

  await stage.github.person('dev', LAYER).label(there.issue_number, 'offer: approved')
  await stage.settled()
  expect(await row()).toMatchObject({ state: 'open', pullNumber: null })
  await stage.github.person('mira', LAYER).label(there.issue_number, 'offer: approved')
  await stage.settled()
  const { pullNumber } = await row()
  const { data: files } = await stage.octokit.pulls.listFiles({
    owner: OWNER,
    repo: LAYER,
    pull_number: pullNumber ?? 0,
  })
  expect(files.map(({ filename }) => filename)).toEqual([VARIANT])
  await stage.github.person('mira', LAYER).merge(pullNumber ?? 0)
  await stage.settled()
  expect(await row()).toMatchObject({ state: 'merged' })
  expect((await issue()).state).toBe('closed')
  await stage.say('mira', asked, '/agent offer refactor+tests/swift')
  expect((await stage.replies(asked)).at(-1)).toContain('has a variant refactor+tests/swift already')
})

test('a pull request that another App has open from the branch of a pin is left alone', async () => {
  const pinned = await pushed({ 'README.md': '# Ours once more\n' }, LAYER)
  await pushed({ [SETTINGS]: `${PORTFOLIOS}inherit: organisation@${pinned}\n` })
  const head = 'purser/organisation-catalog'
  const files = { 'src/forged.js': '1\n' }
  const sha = await stage.github.person('mira').push({ branch: head, files, message: PIN_TITLE })
  await stage.settled()
  const job = new Octokit({ baseUrl: stage.github.url, auth: await stage.github.jobToken() })
  const forged = { owner: OWNER, repo: REPO, head, base: 'main', title: 'Forged', body: 'Forged' }
  const { number } = (await job.pulls.create(forged)).data
  await pushed({ [WORKFLOW]: TIDY.replace('usd: 1.00', 'usd: 1.50') }, LAYER)
  await stage.app.sweep()
  await stage.settled()
  const { data } = await stage.octokit.pulls.get({ owner: OWNER, repo: REPO, pull_number: number })
  expect(data).toMatchObject({ state: 'open', title: 'Forged', body: 'Forged', head: { sha } })
  await stage.github.person('mira').close(number)
  await stage.octokit.git.deleteRef({ owner: OWNER, repo: REPO, ref: `heads/${head}` })
  await pushed({ [WORKFLOW]: TIDY.replace('usd: 1.00', 'usd: 3.00') }, LAYER)
})

test('a pin gets one pull request, which follows the catalog and stays closed until it goes on', async () => {
  const pinned = await pushed({ 'README.md': '# Still ours\n' }, LAYER)
  const SETTLED = `${PORTFOLIOS}# Ours.\ninherit: organisation@${pinned}\n`
  await pushed({ [SETTINGS]: SETTLED })
  const pulls = async () => {
    const { data } = await stage.octokit.pulls.list({ owner: OWNER, repo: REPO, state: 'all' })
    return data.filter(({ head, user }) => head.ref === 'purser/organisation-catalog' && user?.login === 'purser[bot]')
  }
  const sweep = async () => {
    await stage.app.sweep()
    await stage.settled()
  }
  await pushed({ 'README.md': '# A commit beside the catalog\n' }, LAYER)
  await sweep()
  expect(await pulls()).toEqual([])

  // A change that is taken back leaves nothing to move to, though the commit is another.
  await pushed({ [WORKFLOW]: TIDY.replace('usd: 1.00', 'usd: 2.00') }, LAYER)
  await sweep()
  expect((await pulls()).map(({ state }) => state)).toEqual(['open'])
  await pushed({ [WORKFLOW]: TIDY.replace('usd: 1.00', 'usd: 3.00') }, LAYER)
  await sweep()
  expect((await pulls()).map(({ state }) => state)).toEqual(['closed'])
  expect((await pulls())[0]?.body).toContain(`is again what it was at \`${pinned.slice(0, 12)}\``)

  const dearer = (usd: string) => ({ [WORKFLOW]: TIDY.replace('usd: 1.00', `usd: ${usd}`) })
  await pushed(dearer('4.00'), LAYER)
  await sweep()
  const second = await pushed(
    {
      ...dearer('5.00'),
      '.github/purser/catalog/tidy/variants/mild.yml': 'summary: Tidy mildly\ncap: { usd: 0.50 }\n',
    },
    LAYER,
  )
  await sweep()
  const [pull, ...others] = (await pulls()).filter(({ state }) => state === 'open')
  expect(others).toEqual([])
  expect(pull?.title).toBe(`Move to the organisation’s catalog at ${second.slice(0, 12)}`)
  expect(pull?.body).toContain('### `tidy`\n\n```yaml\ncap:\n  usd: 5\n```')
  expect(pull?.body).toContain('never more than $5.00 a run (so far $3.00)')
  expect(pull?.body).toContain('### `tidy/mild` is new\n\nTidy mildly')
  const number = pull?.number ?? 0
  const { data: files } = await stage.octokit.pulls.listFiles({ owner: OWNER, repo: REPO, pull_number: number })
  expect(files.map(({ filename, additions, deletions }) => [filename, additions, deletions])).toEqual([
    [SETTINGS, 1, 1],
  ])

  await stage.github.person('mira').close(number)
  await pushed({ 'src/total.js': '// the same catalog\n' })
  expect((await pulls()).map(({ state }) => state)).toEqual(['closed', 'closed'])
  const third = await pushed(dearer('6.00'), LAYER)
  await sweep()
  const again = (await pulls()).find(({ state }) => state === 'open')
  await stage.github.person('mira').merge(again?.number ?? 0)
  await stage.settled()
  const { data } = await stage.octokit.repos.getContent({ owner: OWNER, repo: REPO, path: SETTINGS })
  const content = 'content' in data ? Buffer.from(data.content, 'base64').toString() : ''
  expect(content).toBe(SETTLED.replace(pinned, third))
})
