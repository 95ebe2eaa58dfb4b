import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkTree } from '../../../delivery/in-the-way.ts'
import { openPullRequest } from '../../../delivery/pull-request.ts'
import { createTreeReader } from '../../../delivery/tree.ts'
import { OWNER, PORTFOLIOS, REPO, type Stage, setStage, workOn } from '../stage.ts'

let stage: Stage
const repository = { owner: OWNER, repo: REPO }
const REPORT = `name: report
summary: Look for trouble
value: quality
on: [pull-request, issue]
steps: [{ id: look, agent: engineer, prompt: report.md }]
deliver: issue
labels: [trouble]
cap: { usd: 1.00 }
`

beforeAll(async () => {
  stage = await setStage({
    portfolios: PORTFOLIOS.replace('changelog]', 'changelog, report, checked]'),
    files: {
      '.github/purser/catalog/report/workflow.yml': REPORT,
      '.github/purser/catalog/checked/workflow.yml': REPORT.replace('name: report', 'name: checked')
        .replace('on: [pull-request, issue]\n', '')
        .replace('deliver: issue\nlabels: [trouble]', 'deliver: commit\nguards: { run: [npm test] }'),
      '.github/purser/catalog/checked/report.md': 'Mend it.',
      '.github/purser/catalog/report/report.md': 'Look for trouble.',
    },
  })
})
afterAll(async () => {
  await stage.close()
})

async function started(command = '/agent refactor+tests') {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, command)
  const run = await stage.runOn(pull.number)
  return { pull, run, runner: await stage.runnerOf(run) }
}

async function headOf(branch: string): Promise<string> {
  const { data } = await stage.octokit.git.getRef({ ...repository, ref: `heads/${branch}` })
  return data.object.sha
}

async function contentOf(path: string, ref: string): Promise<string> {
  const { data } = await stage.octokit.repos.getContent({ ...repository, path, ref })
  return Buffer.from('content' in data ? data.content : '', 'base64').toString()
}

describe('a head that moved while the run worked', () => {
  test('gets the work on top when none of its files changed', async () => {
    const { pull, runner } = await started()
    const moved = await stage.github.person('dev').push({ branch: pull.branch, files: { 'src/else.js': '1\n' } })
    const answer = await runner.finish({ delivery: workOn(pull.head, 'src/total.js', 'export const total = 1\n') })
    expect(answer).toMatchObject({ json: { conclusion: 'completed' } })
    const { data } = await stage.octokit.git.getCommit({ ...repository, commit_sha: await headOf(pull.branch) })
    expect(data.parents.map(({ sha }) => sha)).toEqual([moved])
    expect(await contentOf('src/else.js', pull.branch)).toBe('1\n')
    expect(await contentOf('src/total.js', pull.branch)).toBe('export const total = 1\n')
  })

  test('keeps its own, and the work goes to a side branch, when one of its files changed', async () => {
    const { pull, run, runner } = await started()
    const moved = await stage.github.person('dev').push({ branch: pull.branch, files: { 'src/total.js': '2\n' } })
    const answer = await runner.finish({ delivery: workOn(pull.head, 'src/total.js', '1\n') })
    expect(answer).toMatchObject({ json: { conclusion: 'withheld', reason: 'head-moved-on' } })
    expect(await headOf(pull.branch)).toBe(moved)
    const branch = `purser/${run.sessionId}`
    expect(await contentOf('src/total.js', branch)).toBe('1\n')
    expect((await stage.replies(pull.number))[0]).toContain(branch)
    expect(await stage.runOn(pull.number)).toMatchObject({ deliveredSha: await headOf(branch), outcome: 'unknown' })
  })

  test.each([
    ['a file of the same name but for its case', 'src/SUM.js'],
    ['a file where a folder of the work goes', 'lib'],
    ['a folder where a file of the work goes', 'src/sum.js/x'],
  ])('keeps %s that came meanwhile', async (_, path) => {
    const { pull, run, runner } = await started()
    const moved = await stage.github.person('dev').push({ branch: pull.branch, files: { [path]: 'theirs\n' } })
    const added = ['src/sum.js', 'lib/sum.js'].map((path) => workOn(pull.head, path, '1\n').changeset?.files[0])
    const files = added.filter((file) => file !== undefined)
    const delivery = { title: 'Two', body: 'Two.', changeset: { baseSha: pull.head, files } }
    expect(await runner.finish({ delivery })).toMatchObject({ json: { reason: 'head-moved-on' } })
    expect(await headOf(pull.branch)).toBe(moved)
    expect(await contentOf('lib/sum.js', `purser/${run.sessionId}`)).toBe('1\n')
  })

  test('gets a pull request where commands have to pass on the work: nobody has run them on both together', async () => {
    const { pull, runner } = await started('/agent checked')
    await stage.github.person('dev').push({ branch: pull.branch, files: { 'src/else.js': '1\n' } })
    const answer = await runner.finish({ delivery: workOn(pull.head, 'src/total.js', 'export const total = 1\n') })
    expect(answer).toMatchObject({ json: { conclusion: 'completed' } })
    const { data } = await stage.octokit.pulls.list({ ...repository, base: pull.branch })
    expect(data.map(({ body }) => body?.includes('nobody has run them on both together'))).toEqual([true])
    expect(await contentOf('src/else.js', pull.branch)).toBe('1\n')
  })

  test('is not written to once the pull request is closed', async () => {
    const { pull, runner } = await started()
    await stage.github.person('dev').close(pull.number)
    const answer = await runner.finish({ delivery: workOn(pull.head, 'src/total.js', '1\n') })
    expect(answer).toMatchObject({ json: { reason: 'head-moved-on' } })
    expect(await headOf(pull.branch)).toBe(pull.head)
  })
})

describe('what stands where a file of the work goes', () => {
  const put = (path: string) => ({
    path,
    mode: '100644' as const,
    contentBase64: 'eA==',
    addedLines: 1,
    deletedLines: 0,
  })
  const gone = (path: string) => ({ path, mode: '100644' as const, addedLines: 0, deletedLines: 1 })
  const workOf = (baseSha: string, ...files: ReturnType<typeof put | typeof gone>[]) => ({
    title: 'Moved',
    body: 'Moved.',
    changeset: { baseSha, files },
  })
  let base: string

  beforeAll(async () => {
    const { git } = stage.octokit
    const blob = { mode: '100644', type: 'blob', content: '1\n' } as const
    const { data: tree } = await git.createTree({
      ...repository,
      tree: [
        { path: 'file', ...blob },
        { path: 'lib/a.js', ...blob },
        { path: 'lib/in/b.js', ...blob },
        { path: 'link', ...blob, mode: '120000', content: 'lib' },
        { path: 'sub', mode: '160000', type: 'commit', sha: '1'.repeat(40) },
        { path: 'with/sub', mode: '160000', type: 'commit', sha: '1'.repeat(40) },
      ],
    })
    const { data } = await git.createCommit({ ...repository, message: 'All kinds', tree: tree.sha, parents: [] })
    base = data.sha
  })

  test.each([
    ['a folder', [put('lib')], 'lib'],
    ['a folder of which something stays', [put('lib'), gone('lib/a.js')], 'lib/in'],
    ['a folder within one', [put('lib/in'), gone('lib/a.js')], 'lib/in'],
    ['a file above', [put('file/x/y')], 'file'],
    ['a link above', [put('link/a.js')], 'link'],
    ['a submodule', [put('sub'), gone('sub')], 'sub'],
    ['a submodule above', [put('sub/x'), gone('sub')], 'sub'],
    ['a folder with a submodule', [put('with'), gone('with/sub')], 'with/sub'],
    ['nothing: a folder that goes', [put('lib'), gone('lib/a.js'), gone('lib/in/b.js')], undefined],
    ['nothing: a file and a link that go', [put('file/x'), gone('file'), put('link/x'), gone('link')], undefined],
    [
      'nothing: a file, a link and a new folder',
      [put('file'), put('link'), put('new/x/y'), put('lib/c.js')],
      undefined,
    ],
  ])('is seen: %s', async (_, files, kept) => {
    const violations = await checkTree(createTreeReader(stage.octokit, repository), { baseSha: base, files })
    const message = `would take the place of \`${kept}\`, which the work does not delete`
    const [path] = files
    expect(violations).toMatchObject(
      kept === undefined
        ? []
        : [{ reason: 'guard-files', file: path?.path, message: expect.stringContaining(message) }],
    )
  })

  test.each(['src', 'src/total.js/x'])('keeps the work from being delivered: %s', async (path) => {
    const { pull, runner } = await started()
    const answer = await runner.finish({ delivery: workOf(pull.head, put(path)) })
    expect(answer).toMatchObject({ json: { conclusion: 'withheld', reason: 'guard-files' } })
    expect(await headOf(pull.branch)).toBe(pull.head)
    expect((await stage.replies(pull.number))[0]).toContain('would take the place of files')
    await stage.say('mira', pull.number, '/agent deliver')
    expect((await stage.replies(pull.number)).at(-1)).toContain('would take the place of `src')
    expect(await headOf(pull.branch)).toBe(pull.head)
  })

  test.each([[[]], [['src/theirs.js']]])(
    'is replaced where all of it goes; what came meanwhile is kept: %j',
    async (theirs) => {
      const { pull, run, runner } = await started()
      const { data } = await stage.octokit.git.getTree({ ...repository, tree_sha: pull.head, recursive: '1' })
      const all = data.tree.filter(({ type, path }) => type === 'blob' && path.startsWith('src/'))
      for (const path of theirs) {
        await stage.github.person('dev').push({ branch: pull.branch, files: { [path]: 'theirs\n' } })
      }
      await runner.finish({ delivery: workOf(pull.head, put('src'), ...all.map(({ path }) => gone(path))) })
      expect(await contentOf('src', theirs.length === 0 ? pull.branch : `purser/${run.sessionId}`)).toBe('x')
      for (const path of theirs) expect(await contentOf(path, pull.branch)).toBe('theirs\n')
    },
  )
})

describe('a credential that no reader sees', () => {
  const token = `ghp_${'a1'.repeat(18)}`
  const split = `key: ${token.slice(0, 8)}\u200b${token.slice(8)}\n`

  test.each([
    ['split in a file', 'docs/keys.md', split],
    ['in the name of a file', `docs/${token}.md`, 'x\n'],
  ])('is looked for again, whatever the runner said: %s', async (_, path, content) => {
    const { pull, runner } = await started()
    const answer = await runner.finish({ delivery: workOn(pull.head, path, content) })
    expect(answer).toMatchObject({ json: { conclusion: 'withheld', reason: 'guard-secrets' } })
    expect(await headOf(pull.branch)).toBe(pull.head)
    expect((await stage.replies(pull.number))[0]).not.toContain(token)
  })

  test('is not held against work on a file that had it already', async () => {
    const pull = await stage.openPull({ 'docs/keys.md': split })
    await stage.say('dev', pull.number, '/agent refactor+tests')
    const runner = await stage.runnerOf(await stage.runOn(pull.number))
    const answer = await runner.finish({ delivery: workOn(pull.head, 'docs/keys.md', `${split}more\n`) })
    expect(answer).toMatchObject({ json: { conclusion: 'completed' } })
  })
})

test('a pull request with auto-merge on gets a pull request onto its branch', async () => {
  const { pull, runner } = await started()
  await stage.github.person('dev').autoMerge(pull.number, true)
  await runner.finish({ delivery: workOn(pull.head, 'src/total.js', '1\n') })
  expect(await headOf(pull.branch)).toBe(pull.head)
  const { data } = await stage.octokit.pulls.list({ ...repository, base: pull.branch })
  expect(data).toHaveLength(1)
  expect(data[0]?.body).toContain('auto-merge')
})

describe('a pull request in the merge queue', () => {
  test('gets a pull request onto its branch', async () => {
    const { pull, runner } = await started()
    await stage.github.person('dev').mergeQueue(pull.number, true)
    await runner.finish({ delivery: workOn(pull.head, 'src/total.js', '1\n') })
    expect(await headOf(pull.branch)).toBe(pull.head)
    const { data } = await stage.octokit.pulls.list({ ...repository, base: pull.branch })
    expect(data.map(({ body }) => body?.includes('is in the merge queue'))).toEqual([true])
  })

  test('is not taken to be in none because GitHub did not answer: the delivery is tried again', async () => {
    const { pull, runner } = await started()
    stage.github.fail({ method: 'POST', path: /^\/graphql$/, status: 502 })
    expect((await runner.finish({ delivery: workOn(pull.head, 'src/total.js', '1\n') })).status).toBe(503)
    expect(await headOf(pull.branch)).toBe(pull.head)
    await stage.app.sweep()
    await stage.settled()
    expect(await contentOf('src/total.js', pull.branch)).toBe('1\n')
  })
})

describe('an obstacle', () => {
  const refusedOnce = { method: 'PATCH', path: /\/git\/refs\/heads/, status: 422 }

  test('a rule of the branch: the work comes as a pull request onto it, which says why', async () => {
    const { pull, runner } = await started()
    stage.github.fail(refusedOnce)
    const answer = await runner.finish({ delivery: workOn(pull.head, 'src/total.js', '1\n') })
    expect(answer).toMatchObject({ json: { conclusion: 'completed' } })
    expect(await headOf(pull.branch)).toBe(pull.head)
    const { data } = await stage.octokit.pulls.list({ ...repository, base: pull.branch })
    expect(data.map(({ body }) => body?.includes('A rule of the branch'))).toEqual([true])
  })

  test('no pull request may be opened: the work stays on its branch, and the reply names it', async () => {
    const { pull, run, runner } = await started()
    stage.github.fail(refusedOnce)
    stage.github.fail({ method: 'POST', path: /\/pulls$/, status: 403 })
    const answer = await runner.finish({ delivery: workOn(pull.head, 'src/total.js', '1\n') })
    expect(answer).toMatchObject({ json: { conclusion: 'withheld', reason: 'delivery-refused' } })
    expect(await contentOf('src/total.js', `purser/${run.sessionId}`)).toBe('1\n')
    expect((await stage.replies(pull.number))[0]).toContain(`purser/${run.sessionId}`)
  })

  test('the names of side branches are taken by somebody else: theirs stay as they are', async () => {
    const { pull, run, runner } = await started()
    const [first, second] = [`purser/${run.sessionId}`, `purser/${run.sessionId}-${run.id}`]
    const theirs = await stage.github.person('dev').push({ branch: first, files: { 'src/total.js': 'evil\n' } })
    // A branch below a name leaves no room for the name itself.
    await stage.github.person('dev').push({ branch: `${second}/x`, files: { 'src/total.js': 'evil\n' } })
    await stage.github.person('dev').close(pull.number)
    await runner.finish({ delivery: workOn(pull.head, 'src/total.js', '1\n') })
    expect(await headOf(first)).toBe(theirs)
    expect(await contentOf('src/total.js', `${second}-2`)).toBe('1\n')
    expect((await stage.replies(pull.number))[0]).toContain(`${second}-2`)
  })

  test('a branch that is gone: the work goes to a side branch', async () => {
    const { pull, run, runner } = await started()
    await stage.octokit.git.deleteRef({ ...repository, ref: `heads/${pull.branch}` })
    const answer = await runner.finish({ delivery: workOn(pull.head, 'src/total.js', '1\n') })
    expect(answer).toMatchObject({ json: { conclusion: 'withheld', reason: 'head-moved-on' } })
    expect(await contentOf('src/total.js', `purser/${run.sessionId}`)).toBe('1\n')
  })

  test('a repository that nobody may write to: the work is kept in the report, and the job’s page is named', async () => {
    const { pull, runner } = await started()
    stage.github.fail({ method: 'POST', path: /\/git\/trees$/, status: 403 })
    const answer = await runner.finish({ delivery: workOn(pull.head, 'src/total.js', '1\n') })
    expect(answer).toMatchObject({ json: { conclusion: 'withheld', reason: 'delivery-refused' } })
    expect((await stage.replies(pull.number))[0]).toMatch(/the work is kept\]\(\S+\/actions\/runs\/\d+\)/)
  })
})

test('modes, bytes that are no text and deletions arrive as they are', async () => {
  const { pull, runner } = await started()
  const bytes = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0x00])
  const lines = { addedLines: 1, deletedLines: 0 }
  const files = [
    {
      path: 'bin/run.sh',
      mode: '100755' as const,
      contentBase64: Buffer.from('#!/bin/sh\r\n').toString('base64'),
      ...lines,
    },
    { path: 'logo.png', mode: '100644' as const, contentBase64: bytes.toString('base64'), ...lines },
    { path: 'README.md', mode: '100644' as const, ...lines },
    { path: 'never/was.md', mode: '100644' as const, ...lines },
  ]
  await runner.finish({ delivery: { title: 'Several', body: '', changeset: { baseSha: pull.head, files } } })
  const { data } = await stage.octokit.git.getTree({
    ...repository,
    tree_sha: await headOf(pull.branch),
    recursive: '1',
  })
  const modes = new Map(data.tree.map(({ path, mode }) => [path, mode]))
  expect(modes.get('bin/run.sh')).toBe('100755')
  expect(modes.has('README.md')).toBe(false)
  expect(modes.has('src/total.js')).toBe(true)
  expect(await contentOf('bin/run.sh', pull.branch)).toBe('#!/bin/sh\r\n')
  const sha = data.tree.find(({ path }) => path === 'logo.png')?.sha ?? ''
  const blob = await stage.octokit.git.getBlob({ ...repository, file_sha: sha })
  expect(Buffer.from(blob.data.content, 'base64')).toEqual(bytes)
})

describe('work that stopped at its cap', () => {
  const capped = {
    conclusion: 'capped',
    reason: 'cap-reached',
    message: 'The next call would not have fitted.',
  } as const

  test('is kept on a side branch when a step had not come to its end', async () => {
    const { pull, run, runner } = await started()
    const steps = [
      { id: 'refactor', kind: 'agent', ok: true, turns: 3, attempts: 1, spentMicroUsd: 1n, summary: '' },
      { id: 'tests', kind: 'agent', ok: false, turns: 3, attempts: 1, spentMicroUsd: 1n, summary: '' },
    ] as const
    await runner.finish({ ...capped, steps: [...steps], delivery: workOn(pull.head, 'src/total.js', '1\n') })
    expect(await headOf(pull.branch)).toBe(pull.head)
    expect(await contentOf('src/total.js', `purser/${run.sessionId}`)).toBe('1\n')
    expect(await stage.runOn(pull.number)).toMatchObject({ conclusion: 'capped', reason: 'cap-reached' })
  })

  test('is delivered when every step had', async () => {
    const { pull, runner } = await started()
    const step = { kind: 'agent', ok: true, turns: 3, attempts: 1, spentMicroUsd: 1n, summary: '' } as const
    const steps = [
      { id: 'refactor', ...step },
      { id: 'tests', ...step },
    ]
    await runner.finish({ ...capped, steps, delivery: workOn(pull.head, 'src/total.js', '1\n') })
    expect(await contentOf('src/total.js', pull.branch)).toBe('1\n')
  })
})

test('a run that changed nothing says so', async () => {
  const { pull, runner } = await started()
  expect(await runner.finish({})).toMatchObject({ json: { conclusion: 'completed', reason: 'nothing-to-deliver' } })
  expect(await headOf(pull.branch)).toBe(pull.head)
  expect(await stage.runOn(pull.number)).toMatchObject({ outcome: 'unknown' })
})

describe('an issue', () => {
  const said = { title: 'The total of nothing fails', body: 'Call total(), as @octocat did.' }
  const issuesOf = async (sessionId: string) => {
    const { data } = await stage.octokit.issues.listForRepo({ ...repository, state: 'all', per_page: 100 })
    return data.filter(({ body }) => body?.startsWith(`<!-- purser:session ${sessionId} delivery`))
  }

  test('is opened once, with the labels of the workflow, and its close decides', async () => {
    const { pull, run, runner } = await started('/agent report')
    stage.github.fail({ method: 'POST', path: /\/issues$/, status: 502, afterActing: true })
    expect((await runner.finish({ delivery: said })).status).toBe(503)
    expect(await runner.finish({ delivery: said })).toMatchObject({ status: 200, json: { conclusion: 'completed' } })
    const [issue, ...others] = await issuesOf(run.sessionId)
    expect(others).toEqual([])
    expect(issue).toMatchObject({ title: 'report: The total of nothing fails', labels: [{ name: 'trouble' }] })
    expect(issue?.body).not.toContain('@octocat')
    expect((await stage.replies(pull.number))[0]).toContain(`issue [#${issue?.number}]`)
    await stage.octokit.issues.update({ ...repository, issue_number: issue?.number ?? 0, state: 'closed' })
    await stage.settled()
    expect(await stage.runOn(pull.number)).toMatchObject({ deliveredNumber: issue?.number, outcome: 'accepted' })
  })

  test.each([410, 404])('is a comment that says why where issues are switched off (%i)', async (status) => {
    const { pull, run, runner } = await started('/agent report')
    stage.github.fail({ method: 'POST', path: /\/issues$/, status })
    expect(await runner.finish({ delivery: said })).toMatchObject({ json: { conclusion: 'completed' } })
    expect(await issuesOf(run.sessionId)).toEqual([])
    const replies = await stage.replies(pull.number)
    expect(replies.filter((text) => text.includes('Call total()') && text.includes('switched off'))).toHaveLength(1)
    expect(replies[0]).toContain('Delivered: a [comment]')
  })
})

describe('when GitHub answers with an error', () => {
  test('after it has acted, nothing is delivered or said twice', async () => {
    const { pull, run, runner } = await started()
    stage.github.fail({ method: 'PATCH', path: /\/git\/refs\/heads/, status: 502, afterActing: true })
    stage.github.fail({ method: 'POST', path: /\/issues\/\d+\/comments$/, status: 502, afterActing: true })
    const report = { delivery: workOn(pull.head, 'src/total.js', '1\n') }
    expect((await runner.finish(report)).status).toBe(503)
    expect(await runner.finish(report)).toMatchObject({ status: 200, json: { conclusion: 'completed' } })
    const { data } = await stage.octokit.repos.listCommits({ ...repository, sha: pull.branch })
    expect(data.filter(({ commit }) => commit.message.includes(`Purser-Run: ${run.id}`))).toHaveLength(1)
    expect(await stage.replies(pull.number)).toHaveLength(2)
  })

  test('and the runner is gone, the sweep delivers', async () => {
    const { pull, runner } = await started()
    stage.github.fail({ method: 'POST', path: /\/git\/trees$/, status: 500 })
    const delivery = workOn(pull.head, 'src/total.js', '1\n')
    expect((await runner.finish({ delivery })).status).toBe(503)
    expect(await headOf(pull.branch)).toBe(pull.head)
    await stage.app.sweep()
    await stage.settled()
    expect(await contentOf('src/total.js', pull.branch)).toBe('1\n')
    expect(await stage.runOn(pull.number)).toMatchObject({ deliveredSha: await headOf(pull.branch) })
  })

  test('to a command, it is tried again and starts one run', async () => {
    const pull = await stage.openPull()
    stage.github.fail({ method: 'POST', path: /\/dispatches$/, status: 502 })
    stage.github.fail({ method: 'POST', path: /\/reactions$/, status: 500, afterActing: true })
    await stage.say('dev', pull.number, '/agent refactor+tests')
    expect(await stage.runOn(pull.number)).toMatchObject({ state: 'dispatched' })
    expect(await stage.app.database.prisma.run.count({ where: { subjectKey: `pull-request:${pull.number}` } })).toBe(1)
    expect(await stage.replies(pull.number)).toHaveLength(1)
    const { data } = await stage.octokit.checks.listForRef({ ...repository, ref: pull.head })
    expect(data.check_runs).toHaveLength(1)
  })

  test('that refuses the dispatch, the hold is released and the comment says why', async () => {
    const pull = await stage.openPull()
    stage.github.fail({ method: 'POST', path: /\/dispatches$/, status: 404 })
    await stage.say('dev', pull.number, '/agent refactor+tests')
    const run = await stage.runOn(pull.number)
    expect(run).toMatchObject({ state: 'ended', conclusion: 'refused', reason: 'dispatch-failed', spentMicroUsd: 0n })
    const holds = await stage.app.database.prisma.hold.findMany({ where: { runId: run.id } })
    expect(holds.map(({ state }) => state)).toEqual(['released'])
    expect((await stage.replies(pull.number))[0]).toContain('dispatch-failed')
  })
})

test('a pull request is adopted by whoever opened it, and never from a fork', async () => {
  const { github } = stage
  const branch = 'purser/found'
  const order = { branch, base: 'main', title: 'Found', body: 'Found' }
  const placeOf = (token: string, self: string) => ({
    octokit: new Octokit({ baseUrl: github.url, auth: token }),
    name: repository,
    defaultBranch: 'main',
    self: async () => self,
  })
  const job = placeOf(await github.jobToken(), 'github-actions[bot]')
  const app = placeOf(await github.app.token(), 'purser[bot]')
  const dev = github.person('dev')
  const { number: far } = await dev.openPull({ branch, title: 'Far', files: { 'far.js': '1\n' }, fork: true })
  await dev.close(far)
  const { data: fork } = await app.octokit.pulls.create({
    ...repository,
    head: `dev:${branch}`,
    base: 'main',
    title: 'F',
  })
  await dev.push({ branch, files: { 'found.js': '1\n' } })
  const made = await openPullRequest(job, order)
  expect(await openPullRequest(job, order)).toEqual(made)
  await expect(openPullRequest(app, order)).rejects.toMatchObject({ status: 422 })
  await dev.close(made.number)
  const own = await openPullRequest(app, order)
  expect([made.number, fork.number]).not.toContain(own.number)
  expect(await openPullRequest(app, order)).toEqual(own)
})
