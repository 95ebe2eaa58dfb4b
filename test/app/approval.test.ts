/** `approve: true`: finished work is shown whole and waits for a person. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Report } from '../../core/run/report.ts'
import { OWNER, PORTFOLIOS, REPO, type Stage, setStage, workOn } from './stage.ts'

let stage: Stage
const repository = { owner: OWNER, repo: REPO }
const asking = (name: string, deliver: string) => `name: ${name}
summary: Tidy what this pull request touches
value: quality
on: [pull-request${deliver === 'issue' ? ', issue' : ''}${starts[name] ?? ''}]
steps: [{ id: tidy, agent: engineer, prompt: tidy.md }]
guards: { diff: { lines: 5000 }, paths: { deny: [docs/**] } }
deliver: ${deliver}
approve: true
${deliver === 'issue' ? 'labels: [trouble]\n' : ''}cap: { usd: 1.00 }
`
/** What starts it by itself, where anything does. */
const starts: Readonly<Record<string, string>> = { watch: ', { pull-request: [opened], paths: [watched/**] }' }
const kinds = { tidy: 'commit', watch: 'commit', propose: 'pull-request', look: 'review', report: 'issue' }

beforeAll(async () => {
  stage = await setStage({
    portfolios: PORTFOLIOS.replace('changelog]', `changelog, ${Object.keys(kinds).join(', ')}]`),
    files: Object.fromEntries(
      Object.entries(kinds).flatMap(([name, deliver]) => [
        [`.github/purser/catalog/${name}/workflow.yml`, asking(name, deliver)],
        [`.github/purser/catalog/${name}/tidy.md`, 'Tidy it.'],
      ]),
    ),
  })
})
afterAll(async () => {
  await stage.close()
})

async function waiting(workflow: keyof typeof kinds, report: (head: string) => Partial<Report>) {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, `/agent ${workflow}`)
  const runner = await stage.runnerOf(await stage.runOn(pull.number))
  const message = 'Every step ended in order and every guard passed.'
  const answer = await runner.finish({ message, ...report(pull.head) })
  expect(answer.json).toMatchObject({ conclusion: 'withheld', reason: 'awaits-approval' })
  return { pull, comment: (await stage.replies(pull.number))[0] ?? '' }
}

const work = (head: string) => ({ delivery: workOn(head, 'src/total.js', 'export const total = 1\n') })
const deliver = (number: number, who = 'dev') => stage.say(who, number, '/agent deliver')
const lastReply = async (number: number) => (await stage.replies(number)).at(-1) ?? ''

async function headOf(branch: string): Promise<string> {
  const { data } = await stage.octokit.git.getRef({ ...repository, ref: `heads/${branch}` })
  return data.object.sha
}

async function contentOf(path: string, ref: string): Promise<string> {
  const { data } = await stage.octokit.repos.getContent({ ...repository, path, ref })
  return Buffer.from('content' in data ? data.content : '', 'base64').toString()
}

/** As if the two weeks were over, and the minute's sweep had come by. */
async function lapse(number: number) {
  const { id } = await stage.runOn(number)
  const { count } = await stage.app.database.prisma.run.updateMany({
    where: { id, approval: 'awaited' },
    data: { approveUntil: new Date(Date.now() - 1000) },
  })
  expect(count).toBe(1)
  await stage.app.sweep()
  await stage.settled()
  return stage.runOn(number)
}

describe('a commit', () => {
  test('is shown whole with the guards that it passed, and goes nowhere', async () => {
    const { pull, comment } = await waiting('tidy', work)
    expect(await headOf(pull.branch)).toBe(pull.head)
    expect(comment).toContain('### `tidy`: waits for a person')
    expect(comment).toContain('+export const total = 1')
    expect(comment).toMatch(/^-export const total = \(\.\.\.all\)/m)
    expect(comment).toContain('> One function takes them all now.')
    expect(comment).not.toContain('left no summary')
    expect(comment).not.toContain('mode 100644')
    expect(comment).toContain('**Guards passed:** at most 5000 lines; nothing in `docs/**`.')
    expect(comment).toContain('`/agent deliver` (write access)')
    expect(await lastReply(pull.number)).toContain('`/agent deliver` delivers it.')
    const run = await stage.runOn(pull.number)
    expect(run).toMatchObject({ conclusion: 'withheld', outcome: 'pending', deliveredSha: null })
    const days = ((run.approveUntil?.getTime() ?? 0) - Date.now()) / 86_400_000
    expect(days).toBeCloseTo(14, 2)
    await stage.say('dev', pull.number, '/agent resume')
    expect(await lastReply(pull.number)).toContain('its work waits for a person')
  })

  test('is delivered by somebody with the workflow’s access, onto the head as it is by then, and once', async () => {
    const { pull } = await waiting('tidy', work)
    await deliver(pull.number, 'guest')
    expect(await lastReply(pull.number)).toContain('Reason `not-permitted`')
    const moved = await stage.github.person('dev').push({ branch: pull.branch, files: { 'src/else.js': '1\n' } })
    await deliver(pull.number)
    const run = await stage.runOn(pull.number)
    expect(run).toMatchObject({ conclusion: 'completed', reason: null, approval: 'given', approveUntil: null })
    const { data } = await stage.octokit.git.getCommit({ ...repository, commit_sha: await headOf(pull.branch) })
    expect(data.parents.map(({ sha }) => sha)).toEqual([moved])
    expect(run.deliveredSha).toBe(data.sha)
    expect((await stage.replies(pull.number))[0]).toContain('### `tidy`: done')
    await deliver(pull.number, 'mira')
    expect(await lastReply(pull.number)).toContain('Reason `nothing-withheld`')
  })

  test('that nobody approved in time is on a side branch, and can still be delivered', async () => {
    const { pull } = await waiting('tidy', work)
    const run = await lapse(pull.number)
    expect(run).toMatchObject({ conclusion: 'withheld', reason: 'approval-lapsed', outcome: 'unknown' })
    expect(await contentOf('src/total.js', `purser/${run.sessionId}`)).toBe('export const total = 1\n')
    expect((await stage.replies(pull.number))[0]).toContain('Nobody has approved the work in time')
    expect((await stage.replies(pull.number))[0]).toContain(`purser/${run.sessionId}`)
    expect(await headOf(pull.branch)).toBe(pull.head)
    await deliver(pull.number)
    expect(await contentOf('src/total.js', pull.branch)).toBe('export const total = 1\n')
  })

  test('of a run that a machine started is shown in a comment all the same', async () => {
    const pull = await stage.openPull({ 'watched/a.js': '1\n' })
    expect(await stage.replies(pull.number)).toEqual([])
    const runner = await stage.runnerOf(await stage.runOn(pull.number))
    await runner.finish(work(pull.head))
    expect((await stage.replies(pull.number))[0]).toContain('### `watch`: waits for a person')
    await deliver(pull.number)
    expect(await stage.runOn(pull.number)).toMatchObject({ conclusion: 'completed', approval: 'given' })
  })

  test('that a guard refuses does not wait: it is withheld as any other', async () => {
    const pull = await stage.openPull()
    await stage.say('dev', pull.number, '/agent tidy')
    const runner = await stage.runnerOf(await stage.runOn(pull.number))
    const answer = await runner.finish({ delivery: workOn(pull.head, 'docs/a.md', 'x\n') })
    expect(answer.json).toMatchObject({ conclusion: 'withheld', reason: 'guard-paths' })
    expect(await stage.runOn(pull.number)).toMatchObject({ approval: null })
  })

  test('larger than a comment is cut where GitHub would refuse it; what can’t be seen is shown', async () => {
    const lines = Array.from(
      { length: 3000 },
      (_, index) => `export const a${index} = '\u200b@mira \`\`\`' // ${index}`,
    )
    const { pull, comment } = await waiting('tidy', (head) => ({
      delivery: workOn(head, 'src/new.js', `${lines.join('\n')}\n`, 3000),
    }))
    expect(comment.length).toBeLessThanOrEqual(65_536)
    expect(comment.length).toBeGreaterThan(60_000)
    expect(comment).toContain("+export const a0 = '<U+200B>@mira")
    expect(comment).toMatch(/\d+ more lines do not fit into this comment/)
    expect(comment).toContain('````diff')
    await deliver(pull.number)
    expect(await stage.runOn(pull.number)).toMatchObject({ conclusion: 'completed' })
  })
})

test('a pull request waits and comes when it is approved', async () => {
  const { pull } = await waiting('propose', work)
  expect((await stage.octokit.pulls.list({ ...repository, state: 'all', per_page: 100 })).data).toHaveLength(
    pull.number,
  )
  await deliver(pull.number)
  const { deliveredNumber } = await stage.runOn(pull.number)
  const { data } = await stage.octokit.pulls.get({ ...repository, pull_number: deliveredNumber ?? 0 })
  expect(data.title).toBe('propose: Sum any number of amounts')
})

describe('words', () => {
  const finding = { path: 'src/total.js', line: 1, severity: 'high' as const, text: 'Ask @mira.' }
  const review = { summary: 'Not safe.', findings: [finding], left: 0 }
  const words = () => ({ delivery: { title: 'Not safe.', body: 'Not safe, in words.', review } })

  test('of a review are shown with their findings, and posted on their lines when approved', async () => {
    const { pull, comment } = await waiting('look', words)
    expect(comment).toContain('> - `src/total.js:1` **High.** Ask @\u200bmira.')
    const subject = { ...repository, pull_number: pull.number }
    expect((await stage.octokit.pulls.listReviews(subject)).data).toEqual([])
    await deliver(pull.number)
    expect((await stage.octokit.pulls.listReviewComments(subject)).data).toMatchObject([{ line: 1 }])
    expect(await stage.runOn(pull.number)).toMatchObject({ conclusion: 'completed', reason: null })
  })

  test('of an issue are shown with title and labels; unapproved they stay in the report', async () => {
    const { pull, comment } = await waiting('report', () => ({ delivery: { title: 'A leak', body: 'It leaks.' } }))
    expect(comment).toContain('An issue with the label trouble')
    expect(comment).toContain('> A leak\n>\n> It leaks.')
    const run = await lapse(pull.number)
    expect(run).toMatchObject({ conclusion: 'withheld', reason: 'approval-lapsed', deliveredNumber: null })
    expect((await stage.replies(pull.number))[0]).toMatch(/the work is kept\]\(\S+\/actions\/runs\/\d+\)/)
  })
})

test('the label agent/rejected says no while it waits', async () => {
  const { pull } = await waiting('tidy', work)
  await stage.github.person('mira').label(pull.number, 'agent/rejected')
  await stage.settled()
  expect(await stage.runOn(pull.number)).toMatchObject({ outcome: 'rejected' })
})
