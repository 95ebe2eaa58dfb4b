/** What becomes of an offer to the organisation's catalog: a whole workflow, one that is turned down, one that not everybody may read. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OWNER, PORTFOLIOS, REPO, type Stage, setStage } from './stage.ts'

const LAYER = '.github'
const SETTINGS = '.github/purser/portfolios.yml'
const FOLDER = '.github/purser/catalog/tidy'
const WORKFLOW = `${FOLDER}/workflow.yml`
const TIDY = `name: tidy
summary: Tidy the code
value: quality
access: write
steps:
  - { id: work, agent: tidier, prompt: work.md }
deliver: commit
cap: { usd: 1.00 }
`
const AGENT = '---\nname: tidier\ndescription: Tidies\ntools: [read, edit]\n---\nTidy up.\n'
const MILD = 'summary: A secret way to tidy\ncap: { usd: 0.50 }\n'
const OWN = PORTFOLIOS.replace('[refactor+tests, review, changelog]', '[refactor+tests, tidy]')
const TRIALS = 'trials: { refactor+tests/swift: 100% }'
/** The organisation's portfolio, which assigns its variant to every subject. */
const SHARED = PORTFOLIOS.replace('overrides: { cap: 2x }', `overrides: { cap: 2x }\n    ${TRIALS}`)

let stage: Stage

beforeAll(async () => {
  stage = await setStage({
    portfolios: OWN,
    privates: ['vault'],
    files: {
      [WORKFLOW]: TIDY,
      [`${FOLDER}/work.md`]: 'Tidy up.\n',
      '.github/purser/catalog/agents/tidier.agent.md': AGENT,
    },
    others: {
      [LAYER]: {
        [SETTINGS]: SHARED,
        '.github/purser/catalog/refactor+tests/variants/swift.yml':
          'summary: Refactor swiftly\nsteps:\n  - { id: refactor, turns: 10 }\n',
      },
      vault: {
        [SETTINGS]: OWN,
        [WORKFLOW]: TIDY.replace('tidier', 'engineer'),
        [`${FOLDER}/work.md`]: 'Hide.\n',
        [`${FOLDER}/variants/mild.yml`]: MILD,
      },
      web: { [SETTINGS]: 'version: 1\ninherit: organisation\n', 'src/page.js': '1\n' },
      api: { [SETTINGS]: `${PORTFOLIOS}inherit: organisation\n`, 'src/door.js': '1\n' },
    },
  })
}, 120_000)
afterAll(async () => {
  await stage.close()
})

/** The App's last word on a command in a new issue there. */
async function answerIn(repo: string, command: string, where?: number): Promise<string> {
  const number = where ?? (await stage.github.person('mira', repo).openIssue('What next?'))
  await stage.github.person('mira', repo).comment(number, command)
  await stage.settled()
  const { data } = await stage.octokit.issues.listComments({ owner: OWNER, repo, issue_number: number })
  return data.filter(({ user }) => user?.type === 'Bot').at(-1)?.body ?? ''
}

async function offers() {
  const rows = await stage.app.database.prisma.promotion.findMany({ where: { decision: 'offer' } })
  return rows.toSorted((one, other) => (one.issueNumber ?? 0) - (other.issueNumber ?? 0))
}

async function offered(number: number) {
  const { data } = await stage.octokit.issues.get({ owner: OWNER, repo: LAYER, issue_number: number })
  const labels = data.labels.map((label) => (typeof label === 'string' ? label : label.name))
  return { title: data.title, body: data.body ?? '', state: data.state, labels }
}

test('a private repository can’t offer to a catalog that everybody reads, and nothing of it is said there', async () => {
  const said = await answerIn('vault', '/agent offer tidy/mild')
  expect(said).toContain(
    'This repository is private and `.github` is public, so everybody would read what it declares.',
  )
  expect(said).toContain('`.github-private`')
  expect(await offers()).toEqual([])
  const { data } = await stage.octokit.issues.listForRepo({ owner: OWNER, repo: LAYER, state: 'all' })
  expect(data).toEqual([])
})

test('an offer that is turned down stays so until it is declared differently', async () => {
  expect(await answerIn(REPO, '/agent offer tidy')).toContain('`tidy` is offered to the organisation’s catalog')
  const [first] = await offers()
  const number = first?.issueNumber ?? 0
  expect(await offered(number)).toMatchObject({ title: 'Take tidy into the organisation’s catalog', state: 'open' })
  expect(await answerIn(LAYER, '/agent reject', number)).toContain('A rejection needs a reason')
  await stage.github.person('dev', LAYER).label(number, 'rejected: upkeep')
  await stage.settled()
  expect(await offers()).toMatchObject([{ state: 'open' }])
  await stage.github.person('mira', LAYER).label(number, 'rejected: upkeep')
  await stage.settled()
  expect(await offers()).toMatchObject([{ state: 'rejected', rejection: 'upkeep' }])
  expect(await offered(number)).toMatchObject({ state: 'closed' })
  expect((await offered(number)).labels).toEqual(expect.arrayContaining(['offer: rejected', 'rejected: upkeep']))

  expect(await answerIn(REPO, '/agent offer tidy')).toContain('It has been offered as it is declared now')
  expect(await offers()).toHaveLength(1)
  await stage.github.person('mira').push({ branch: 'main', files: { [WORKFLOW]: TIDY.replace('1.00', '0.80') } })
  await stage.settled()
  expect(await answerIn(REPO, '/agent offer tidy')).toContain('is offered to the organisation’s catalog')
  const [again] = await offers()
  expect(again).toMatchObject({ state: 'open', rejection: null })
  expect(again?.issueNumber).not.toBe(number)
})

test('a workflow comes into the catalog with its prompt and its agent, and without a baseline to be held against', async () => {
  const [offer] = await offers()
  const number = offer?.issueNumber ?? 0
  const { body } = await offered(number)
  expect(body).toContain('A run of it costs never more than $0.80')
  expect(body).not.toContain('beside exactly the same baseline')
  expect(body).not.toContain('Runs of the baseline')
  expect(body).toContain('No run of it has been settled yet')
  await stage.github.person('mira', LAYER).label(number, 'offer: approved')
  await stage.settled()
  const { pullNumber } = (await offers())[0] ?? {}
  const { data } = await stage.octokit.pulls.listFiles({ owner: OWNER, repo: LAYER, pull_number: pullNumber ?? 0 })
  expect(data.map(({ filename }) => filename.replace('.github/purser/catalog/', '')).sort()).toEqual([
    'agents/tidier.agent.md',
    'tidy/work.md',
    'tidy/workflow.yml',
  ])
  await stage.github.person('mira', LAYER).merge(pullNumber ?? 0)
  await stage.settled()
  expect(await offers()).toMatchObject([{ state: 'merged' }])
  expect((await offered(number)).state).toBe('closed')
  expect(await answerIn(REPO, '/agent offer tidy')).toContain('The organisation’s catalog has a workflow tidy already')
  expect(await answerIn(REPO, '/agent offer lone/mild')).toContain('There is no workflow lone here')
})

test('an offer of a repository that has become private since tells nothing more, and opens no pull request', async () => {
  const { prisma } = stage.app.database
  const variant = '.github/purser/catalog/refactor+tests/variants/mild.yml'
  await stage.github.person('mira').push({ branch: 'main', files: { [variant]: MILD.replace('secret', 'public') } })
  await stage.settled()
  expect(await answerIn(REPO, '/agent offer refactor+tests/mild')).toContain('is offered to the organisation’s catalog')
  const mild = async () => prisma.promotion.findFirstOrThrow({ where: { variant: 'mild' } })
  const number = (await mild()).issueNumber ?? 0
  const before = await offered(number)
  // As a webhook of that repository has told.
  await prisma.repository.updateMany({ where: { name: REPO }, data: { private: true } })
  await stage.github.person('mira', LAYER).label(number, 'offer: approved')
  await stage.settled()
  expect(await mild()).toMatchObject({ state: 'open', pullNumber: null })
  const { data } = await stage.octokit.issues.listComments({ owner: OWNER, repo: LAYER, issue_number: number })
  expect(data.at(-1)?.body).toContain('is private by now, and everybody can read this one')
  expect((await offered(number)).body).toBe(before.body)
})

test('a share in the organisation’s portfolio is assigned where that is inherited, not where the portfolio is declared anew', async () => {
  const trialOf = async (repo: string) => {
    const pull = await stage.github
      .person('dev', repo)
      .openPull({ branch: 'work', title: 'Work', files: { 'src/more.js': '1\n' } })
    await stage.settled()
    await answerIn(repo, '/agent refactor+tests', pull.number)
    const run = await stage.app.database.prisma.run.findFirstOrThrow({
      where: { headSha: pull.head },
    })
    return { variant: run.variant, assignment: run.assignment }
  }
  expect(await trialOf('web')).toMatchObject({
    variant: 'swift',
    assignment: 'assigned',
  })
  expect(await trialOf('api')).toMatchObject({ variant: null, assignment: 'baseline' })
})
