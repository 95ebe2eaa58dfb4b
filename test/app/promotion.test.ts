/** From a proposal to its decision: what a label, a command, a close and a merge make of it, once and only by who may. */
import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withMarker } from '../../delivery/say.ts'
import type { Run } from '../../prisma/client/client.ts'
import { putLike } from './like-run.ts'
import { OWNER, PORTFOLIOS, REPO, type Stage, setStage, ticking, workOn } from './stage.ts'

const DAY_MS = 86_400_000
const FAMILY = 'refactor+tests'
const FOLDER = `.github/purser/catalog/${FAMILY}`
const AT = { owner: OWNER, repo: REPO }

const SQUADS = `exploration:
  sprint: { days: 14, from: 2026-11-02 }   # the same for all
  every-squad: { usd: 50 }
  squads:
    payments: { paths: ['src/**'] }
`
const SWIFT = 'summary: Refactor swiftly\nsquad: payments\nsteps:\n  - { id: refactor, turns: 10 }\n'

/** A stage on which `refactor+tests/swift`, a squad's variant, is proposed after two checkpoints of two runs. */
async function proposed(options: { readonly end?: 'merged' | 'closed' } = {}) {
  let now = new Date()
  const stage = await setStage({
    app: { clock: ticking(() => now) },
    promotion: 'promote: { runs: 2, subjects: 2 }\nsunset: { runs: 2, accepted-below: 40% }\n',
    portfolios: `${PORTFOLIOS.replace('usd: 40', 'usd: 4000')}${SQUADS}`,
    files: { [`${FOLDER}/variants/swift.yml`]: SWIFT },
  })
  const { prisma } = stage.app.database
  const pass = (days: number) => {
    now = new Date(now.getTime() + days * DAY_MS)
  }
  const patterns = new Map<string | null, Run>()
  /** One real run of a side; the others are its like, on subjects of their own. */
  const patternOf = async (variant: string | null): Promise<Run> => {
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
  /** Runs that have ended and were merged or closed; the sweep decides their outcomes. */
  const runs = async (count: number, variant: string | null, end: 'merged' | 'closed' = 'merged') => {
    const pattern = await patternOf(variant)
    for (let index = 0; index < count; index += 1) {
      pass(0.01)
      await putLike(prisma, pattern, now, end)
    }
    pass(0.01)
    await stage.app.sweep()
    await stage.settled()
  }
  const row = async (decision: 'promote' | 'sunset' | 'rollback' = 'promote') =>
    prisma.promotion.findFirst({ where: { family: FAMILY, variant: 'swift', decision } })
  await runs(2, null)
  await runs(4, 'swift', options.end)
  const first = await row(options.end === 'closed' ? 'sunset' : 'promote')
  if (first?.issueNumber == null) throw new Error(`not proposed: ${stage.log().slice(-3000)}`)
  return { stage, pass, runs, row, issue: first.issueNumber }
}
type Proposed = Awaited<ReturnType<typeof proposed>>

async function issueOf(stage: Stage, number: number) {
  const { data } = await stage.octokit.issues.get({ ...AT, issue_number: number })
  const labels = data.labels.map((label) => (typeof label === 'string' ? label : (label.name ?? '')))
  return { state: data.state, title: data.title, body: data.body ?? '', labels }
}

async function pulls(stage: Stage, word = 'promote') {
  const { data } = await stage.octokit.pulls.list({ ...AT, state: 'all', per_page: 100 })
  return data.filter(({ head }) => head.ref.startsWith(`purser/${word}-`))
}

/** Another App, as anybody with write access can have act in a job. */
async function jobOf({ github }: Stage): Promise<Octokit> {
  return new Octokit({ baseUrl: github.url, auth: await github.jobToken() })
}

async function label(stage: Stage, number: number, name: string, who = 'mira') {
  await stage.github.person(who).label(number, name)
  await stage.settled()
}

describe('an approval that is merged, watched and rolled back', () => {
  let at: Proposed
  beforeAll(async () => {
    at = await proposed()
  }, 120_000)
  afterAll(() => at.stage.close())

  test('a label of somebody who may not maintain decides nothing and is taken off', async () => {
    const { stage, issue, row } = at
    const copied = withMarker(`promote-${issue}-not-permitted`, 'A copied marker.')
    const job = await jobOf(stage)
    const { data: forged } = await job.issues.createComment({ ...AT, issue_number: issue, body: copied })
    await label(stage, issue, 'promotion: approved', 'dev')
    expect((await job.issues.getComment({ ...AT, comment_id: forged.id })).data.body).toBe(copied)
    expect(await pulls(stage)).toEqual([])
    expect((await issueOf(stage, issue)).labels).toEqual(['promotion: proposed'])
    expect((await stage.replies(issue)).join()).toContain('somebody with the maintain role')
    await stage.say('dev', issue, '/agent promote')
    expect((await stage.replies(issue)).at(-1)).toContain('needs maintain access')
    expect(await row()).toMatchObject({ state: 'open', pullNumber: null })
  })

  test('where nothing is proposed there is nothing to approve', async () => {
    const { stage } = at
    const other = await stage.github.person('mira').openIssue('Something else')
    await stage.say('mira', other, '/agent promote')
    expect((await stage.replies(other)).at(-1)).toContain('Nothing is proposed here.')
  })

  test('GitHub’s answer to the pull request is lost: the retry adopts it; label, command and webhook again make no second', async () => {
    const { stage, issue, row } = at
    stage.github.fail({ method: 'POST', path: /\/pulls$/, status: 502, afterActing: true })
    await label(stage, issue, 'promotion: approved')
    const [pull, ...others] = await pulls(stage)
    expect(others).toEqual([])
    expect(await row()).toMatchObject({ state: 'approved', pullNumber: pull?.number })
    await stage.say('mira', issue, '/agent promote')
    const labeled = stage.github.hooks.deliveries().filter((one) => one.event === 'issues' && one.action === 'labeled')
    await stage.github.hooks.redeliver(labeled.at(-1)?.id ?? '')
    await stage.github.person('mira').unlabel(issue, 'promotion: approved')
    await label(stage, issue, 'promotion: approved')
    expect(await pulls(stage)).toHaveLength(1)
    expect((await stage.replies(issue)).filter((body) => body.includes('carries it out'))).toHaveLength(1)
  })

  test('the pull request says what changes, what it costs and how to undo it', async () => {
    const { stage, issue } = at
    const [pull] = await pulls(stage)
    expect(pull?.title).toBe('Make refactor+tests/swift the standard refactor+tests')
    const body = pull?.body ?? ''
    for (const said of [
      `#${issue} has the thresholds`,
      '`refactor+tests/before-swift`',
      'copied into this repository',
      'Usually $0.40 a run, nine in ten at most $0.40, over 4 runs',
      '**Never more than $0.60** (old baseline: $2.50).',
      'Squad **payments** gets $12.50',
      'Revert this pull request',
    ]) {
      expect(body).toContain(said)
    }
    const { data: files } = await stage.octokit.pulls.listFiles({ ...AT, pull_number: pull?.number ?? 0 })
    const names = files.map(({ filename, status }) => `${status} ${filename}`)
    expect(names).toContain(`added ${FOLDER}/workflow.yml`)
    expect(names).toContain(`added ${FOLDER}/variants/before-swift.yml`)
    expect(names).toContain('modified .github/purser/portfolios.yml')
    expect(names.find((name) => name.endsWith('variants/swift.yml'))).toMatch(/^(removed|renamed)|before-swift/)
  })

  test('closed without a merge, the proposal is open again; approved anew, it gets another pull request', async () => {
    const { stage, issue, row } = at
    const [first] = await pulls(stage)
    const number = first?.number ?? 0
    await stage.github.person('mira').close(number)
    await stage.settled()
    expect(await row()).toMatchObject({ state: 'open', pullNumber: null, givenUp: 1 })
    await stage.octokit.pulls.update({ ...AT, pull_number: number, state: 'open' })
    await stage.settled()
    expect(await row()).toMatchObject({ state: 'approved', pullNumber: number })
    await stage.github.person('mira').close(number)
    await stage.settled()
    expect(await row()).toMatchObject({ state: 'open', pullNumber: null, givenUp: 2 })
    expect((await issueOf(stage, issue)).labels).toEqual(['promotion: proposed'])
    expect((await stage.replies(issue)).join()).toContain(`#${first?.number} was closed without a merge`)
    await stage.say('mira', issue, '/agent promote')
    const [second] = (await pulls(stage)).filter(({ state }) => state === 'open')
    expect(second?.head.ref).toBe(`purser/promote-${issue}-3`)
    expect(await row()).toMatchObject({ state: 'approved', pullNumber: second?.number })
  })

  test('merged into another branch, nothing is carried out: the proposal is open again', async () => {
    const { stage, issue, row } = at
    const dev = stage.github.person('dev')
    await dev.push({ branch: 'scratch', files: { 'notes.md': 'Scratch\n' } })
    const { pullNumber } = (await row()) ?? {}
    await stage.octokit.pulls.update({ ...AT, pull_number: pullNumber ?? 0, base: 'scratch' })
    await dev.merge(pullNumber ?? 0, 'squash')
    await stage.settled()
    expect(await row()).toMatchObject({ state: 'open', pullNumber: null })
    expect((await stage.replies(issue)).join()).toContain(
      `#${pullNumber} was closed without a merge into the default branch`,
    )
    await label(stage, issue, 'promotion: approved')
    expect(await row()).toMatchObject({ state: 'approved', pullNumber: expect.any(Number) })
  })

  test('merged, although its webhook never came: the sweep finds it, thanks the squad and closes the issue', async () => {
    const { stage, issue, row, pass } = at
    const { pullNumber } = (await row()) ?? {}
    stage.github.hooks.fault({ event: 'pull_request', action: 'closed', kind: 'drop' })
    await stage.github.person('mira').merge(pullNumber ?? 0, 'squash')
    await stage.settled()
    expect(await row()).toMatchObject({ state: 'approved' })
    pass(0.1)
    await stage.app.sweep()
    expect(await row()).toMatchObject({ state: 'merged' })
    const { state } = await issueOf(stage, issue)
    expect(state).toBe('closed')
    expect((await stage.replies(issue)).at(-1)).toContain('worked out by squad **payments**: thank you')
  })

  test('the variant is the baseline, with credit; the old one can be chosen', async () => {
    const { stage } = at
    const text = async (path: string) => {
      const { data } = await stage.octokit.repos.getContent({ ...AT, path, mediaType: { format: 'raw' } })
      return String(data)
    }
    expect(await text(`${FOLDER}/workflow.yml`)).toMatch(/credit:\n {2}- squad: payments\n {4}variant: swift/)
    expect(await text('.github/purser/portfolios.yml')).toMatch(
      /usd: 12.5, reason: Promotion of refactor\+tests\/swift/,
    )
    expect(await text('.github/purser/portfolios.yml')).toContain('# the same for all')
    const pull = await stage.openPull()
    await stage.say('dev', pull.number, '/agent quote refactor+tests/before-swift')
    expect((await stage.replies(pull.number)).at(-1)).toContain('$2.50')
  })

  test('worse than the old one at two checkpoints in a row, one issue proposes the way back', async () => {
    const { stage, runs, row } = at
    await runs(2, null, 'closed')
    expect(await row('rollback')).toBeNull()
    await runs(2, null, 'closed')
    const rollback = await row('rollback')
    const issue = await issueOf(stage, rollback?.issueNumber ?? 0)
    expect(issue.title).toBe('Roll refactor+tests back to what it was before swift')
    expect(issue.labels).toEqual(['rollback: proposed'])
    expect(issue.body).toContain('twice in a row: at 2 and at 4 settled runs')
    expect(issue.body).toContain('not below the old baseline’s 100% (2 of 2) | 0% (0 of 2) ✗ | 0% (0 of 4) ✗')
    await runs(2, null, 'closed')
    const { data } = await stage.octokit.issues.listForRepo({ ...AT, labels: 'rollback: proposed', state: 'all' })
    expect(data).toHaveLength(1)
  })

  test('approved and merged, the old baseline is back, and the variant is not proposed again at once', async () => {
    const { stage, row, runs } = at
    const { issueNumber } = (await row('rollback')) ?? {}
    await label(stage, issueNumber ?? 0, 'rollback: approved')
    const [pull] = await pulls(stage, 'rollback')
    expect(pull?.body).toContain('the old baseline, the baseline of `refactor+tests` again')
    await stage.github.person('mira').merge(pull?.number ?? 0)
    await stage.settled()
    expect(await row('rollback')).toMatchObject({ state: 'merged' })
    expect(await row('promote')).toMatchObject({ state: 'rejected' })
    const other = await stage.openPull()
    await stage.say('dev', other.number, '/agent quote refactor+tests')
    expect((await stage.replies(other.number)).at(-1)).toContain('$2.50')
    await runs(2, null)
    await runs(4, 'swift')
    expect(await row('promote')).toMatchObject({ state: 'rejected' })
  })
}, 240_000)

describe('a proposal that is rejected, closed by hand, forgotten or changed', () => {
  let at: Proposed
  beforeAll(async () => {
    at = await proposed()
  }, 120_000)
  afterAll(() => at.stage.close())
  const say = (body: string) => at.stage.say('mira', at.issue, body)
  const lastReply = async () => (await at.stage.replies(at.issue)).at(-1)
  const close = async (state: 'open' | 'closed') => {
    await at.stage.octokit.issues.update({ ...AT, issue_number: at.issue, state })
    await at.stage.settled()
  }

  test('undecided for two weeks, it is overdue: its issue says so, and so does the list', async () => {
    const { stage, issue, pass } = at
    pass(13)
    await stage.app.sweep()
    expect((await issueOf(stage, issue)).body).not.toContain('**Overdue:**')
    pass(2)
    await stage.app.sweep()
    const { body } = await issueOf(stage, issue)
    expect(body.match(/\*\*Overdue:\*\* proposed on/g)).toHaveLength(1)
    await say('/agent list')
    expect(await lastReply()).toContain('**Overdue:** `refactor+tests/swift` is proposed as the standard in [#')
  })

  test('without a reason nothing is decided, and the reasons are listed', async () => {
    const { stage, issue, row } = at
    await label(stage, issue, 'promotion: rejected')
    expect((await stage.replies(issue)).join()).toContain('A rejection needs a reason, so nothing was decided.')
    await say('/agent reject')
    expect(await lastReply()).toContain('`too-dear`, `not-better-here`')
    await say('/agent reject ugly')
    expect(await lastReply()).toContain('One reason is expected after `reject`')
    expect(await row()).toMatchObject({ state: 'open' })
  })

  test('closed by hand, it is put off; opened again by hand, it can be decided', async () => {
    const { stage, issue, row } = at
    await close('closed')
    expect(await row()).toMatchObject({ state: 'closed' })
    expect(await lastReply()).toContain('counts as a refusal without a reason')
    await say('/agent promote')
    expect(await lastReply()).toContain('reopen the issue first')
    await close('open')
    expect(await row()).toMatchObject({ state: 'open' })
    expect((await issueOf(stage, issue)).labels).toEqual(['promotion: proposed'])
  })

  test('closed by hand, it comes back once two further checkpoints hold', async () => {
    const { stage, issue, row, runs } = at
    await close('closed')
    await runs(2, 'swift')
    expect(await row()).toMatchObject({ state: 'closed' })
    await runs(2, 'swift')
    expect(await row()).toMatchObject({ state: 'open', issueNumber: issue, overdue: false })
    expect((await issueOf(stage, issue)).state).toBe('open')
  })

  test('rejected with a reason, the issue closes; it is not proposed again before four more checkpoints', async () => {
    const { stage, issue, row, runs } = at
    await label(stage, issue, 'rejected: hard-to-review')
    expect(await row()).toMatchObject({ state: 'rejected', rejection: 'hard-to-review' })
    expect(await issueOf(stage, issue)).toMatchObject({
      state: 'closed',
      labels: expect.arrayContaining(['promotion: rejected', 'rejected: hard-to-review']),
    })
    expect(await lastReply()).toContain('`hard-to-review`, its work takes people too long to judge')
    await runs(7, 'swift')
    expect(await row()).toMatchObject({ state: 'rejected' })
    await runs(1, 'swift')
    expect(await row()).toMatchObject({ state: 'open', issueNumber: issue, rejection: null })
    expect(await issueOf(stage, issue)).toMatchObject({ state: 'open', labels: ['promotion: proposed'] })
  })

  test('a label that no webhook told of is found by the sweep, with whoever set it; a maintainer alone opens it again', async () => {
    const { stage, issue, row, pass } = at
    stage.github.hooks.pause()
    await stage.github.person('dev').label(issue, 'rejected: risk')
    stage.github.hooks.resume()
    pass(0.1)
    await stage.app.sweep()
    expect(await row()).toMatchObject({ state: 'open' })
    expect((await issueOf(stage, issue)).labels).toEqual(['promotion: proposed'])
    stage.github.hooks.pause()
    await stage.github.person('mira').label(issue, 'rejected: risk')
    stage.github.hooks.resume()
    pass(0.1)
    await stage.app.sweep()
    // The sweep has asked for the delivery that failed as well: whoever of the two rejects it also closes the issue.
    await stage.settled()
    expect(await row()).toMatchObject({ state: 'rejected', rejection: 'risk' })
    const dev = new Octokit({ baseUrl: stage.github.url, auth: stage.github.tokenOf('dev') })
    await dev.issues.update({ ...AT, issue_number: issue, state: 'open' })
    await stage.settled()
    expect(await row()).toMatchObject({ state: 'rejected', rejection: 'risk' })
    expect(await issueOf(stage, issue)).toMatchObject({ state: 'closed' })
    expect(await lastReply()).toContain('The issue was closed again, and the decision stands.')
    await close('open')
    expect(await row()).toMatchObject({ state: 'open', rejection: null })
  })

  test('declared differently than when it was judged: nothing opens until that holds twice', async () => {
    const { stage, issue, row, runs, pass } = at
    const files = { [`${FOLDER}/variants/swift.yml`]: SWIFT.replace('turns: 10', 'turns: 12') }
    await stage.github.person('mira').push({ branch: 'main', files })
    await stage.settled()
    await label(stage, issue, 'promotion: approved')
    expect((await stage.replies(issue)).join()).toContain('is declared differently now than when it was judged')
    expect((await issueOf(stage, issue)).labels).toEqual(['promotion: proposed'])
    expect(await pulls(stage)).toEqual([])
    pass(1)
    await runs(1, 'swift')
    await say('/agent promote')
    expect(await pulls(stage)).toEqual([])
    await runs(2, null)
    await runs(4, 'swift')
    expect(await row()).toMatchObject({ state: 'open' })
    await say('/agent promote')
    expect(await pulls(stage)).toHaveLength(1)
    expect(await row()).toMatchObject({ state: 'approved' })
  })

  test('its branch is deleted: GitHub closes the pull request, and the proposal is open again', async () => {
    const { stage, row } = at
    const [pull] = await pulls(stage)
    await stage.octokit.git.deleteRef({ ...AT, ref: `heads/${pull?.head.ref}` })
    await stage.github.person('mira').close(pull?.number ?? 0)
    await stage.settled()
    expect(await row()).toMatchObject({ state: 'open', pullNumber: null, givenUp: 1 })
  })

  test('what changed under it in another way is said instead of a pull request', async () => {
    const { stage, row } = at
    await stage.github
      .person('mira')
      .push({ branch: 'main', files: { '.github/purser/promotion.yml': 'promote: 3\n' } })
    await stage.settled()
    await say('/agent promote')
    expect((await stage.replies(at.issue)).join()).toContain(
      'No pull request was opened, and nothing was decided. What the default branch declares',
    )
    expect(await row()).toMatchObject({ state: 'open' })
  })
}, 240_000)

describe('a sunset', () => {
  let at: Proposed
  beforeAll(async () => {
    at = await proposed({ end: 'closed' })
  }, 120_000)
  afterAll(() => at.stage.close())

  test('a pull request of its branch’s name by another App, or from a fork, is none of its own when it is opened again', async () => {
    const { stage, issue, row } = at
    const dev = stage.github.person('dev')
    const head = `purser/sunset-${issue}`
    const app = new Octokit({ baseUrl: stage.github.url, auth: await stage.github.app.token() })
    // One that holds just what an approval would bring, one that does not although the App itself opened it, and a fork's.
    await dev.push({ branch: head, files: { [`${FOLDER}/variants/swift.yml`]: null } })
    await dev.push({ branch: `${head}-2`, files: { 'src/total.js': 'forged\n' } })
    const fork = await dev.openPull({ branch: head, title: 'From a fork', files: { 'src/far.js': '1\n' }, fork: true })
    await dev.close(fork.number)
    const open = async (by: Octokit, from: string) =>
      (await by.pulls.create({ ...AT, head: from, base: 'main', title: 'Forged' })).data.number
    const forged = [
      await open(await jobOf(stage), head),
      await open(await jobOf(stage), `dev:${head}`),
      await open(app, `${head}-2`),
    ]
    for (const number of forged) {
      await dev.close(number)
      await stage.octokit.pulls.update({ ...AT, pull_number: number, state: 'open' })
      await stage.settled()
    }
    expect(await row('sunset')).toMatchObject({ state: 'open', pullNumber: null })
  })

  test('approved and merged, the variant is gone and its issue closed', async () => {
    const { stage, issue, row } = at
    expect((await issueOf(stage, issue)).body).toContain('`sunset: approved`')
    // The repository was renamed, and nothing has told of it before the label does.
    await stage.app.database.prisma.repository.updateMany({ data: { name: 'as-it-was-called' } })
    await label(stage, issue, 'sunset: approved')
    const { pullNumber } = (await row('sunset')) ?? {}
    const pull = (await pulls(stage, 'sunset')).find(({ number }) => number === pullNumber)
    expect(pull).toMatchObject({ user: { login: 'purser[bot]' }, head: { ref: `purser/sunset-${issue}-3` } })
    const { data: files } = await stage.octokit.pulls.listFiles({ ...AT, pull_number: pull?.number ?? 0 })
    expect(files.map(({ filename, status }) => `${status} ${filename}`)).toEqual([
      `removed ${FOLDER}/variants/swift.yml`,
    ])
    await stage.github.person('mira').merge(pull?.number ?? 0)
    await stage.settled()
    expect(await row('sunset')).toMatchObject({ state: 'merged' })
    expect((await issueOf(stage, issue)).state).toBe('closed')
    const other = await stage.openPull()
    await stage.say('dev', other.number, '/agent refactor+tests/swift')
    expect((await stage.replies(other.number)).at(-1)).toContain('unknown-variant')
  })
}, 240_000)
