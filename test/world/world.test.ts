import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Octokit } from '@octokit/rest'
import { verify } from '@octokit/webhooks-methods'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GitHub } from './contract.ts'
import { git, tryGit } from './git-process.ts'
import { startGitHub } from './github.ts'
import { close, listen } from './server.ts'

const webhookSecret = 'a webhook secret'
const repo = { owner: 'acme', repo: 'shop' }

type Received = { event: string; id: string; payload: Record<string, unknown>; signed: boolean }

/** A listener where the App would be. */
const received: Received[] = []
const listener = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks).toString()
  const signed = await verify(webhookSecret, body, String(request.headers['x-hub-signature-256']))
  const event = String(request.headers['x-github-event'])
  received.push({ event, id: String(request.headers['x-github-delivery']), payload: JSON.parse(body), signed })
  response.writeHead(202).end()
})

const workflow = `
name: Purser
on:
  workflow_dispatch:
    inputs:
      goal: { required: true }
      mood: { default: calm }
  push: { branches: [main], paths: [trigger.txt] }
permissions: { contents: read, id-token: write }
jobs:
  run:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
        with: { persist-credentials: false }
      - id: purser
        uses: acme/purser@main
        env: { MODEL_KEY: "\${{ secrets.MODEL_KEY }}" }
        with: { goal: "\${{ inputs.goal || github.event_name }}", api-key: "\${{ secrets.MODEL_KEY }}" }
      - uses: someone/else@v1
      - run: test -f README.md && echo "greeting=\${{ steps.purser.outputs.greeting }}!" >> "$GITHUB_OUTPUT"
      - if: failure()
        run: exit 3
`

const slow = `
on: { workflow_dispatch: {} }
jobs:
  wait:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/purser@main
        with: { goal: wait }
      - run: echo never
`

const actionYml = `
name: fixture
inputs:
  goal: { required: true }
  api-key: {}
  audience: { default: purser }
  github-token: { default: "\${{ github.token }}" }
runs: { using: node24, main: main.mjs, post: post.mjs }
`

const main = `
import { appendFileSync, existsSync } from 'node:fs'
const say = (file, text) => appendFileSync(process.env[file], text)
if (process.env.INPUT_GOAL === 'wait') {
  say('GITHUB_STATE', 'waited=yes\\n')
  process.on('SIGINT', () => process.exit(130))
  console.log('waiting')
  setInterval(() => {}, 1000)
} else {
  const ask = await fetch(process.env.ACTIONS_ID_TOKEN_REQUEST_URL + '&audience=' + process.env.INPUT_AUDIENCE, {
    headers: { authorization: 'bearer ' + process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN },
  })
  const { value } = await ask.json()
  const api = process.env.GITHUB_API_URL + '/repos/' + process.env.GITHUB_REPOSITORY
  const headers = { authorization: 'Bearer ' + process.env['INPUT_GITHUB-TOKEN'] }
  const read = await fetch(api + '/contents/README.md', { headers })
  const write = await fetch(api + '/git/blobs', { method: 'POST', headers, body: '{"content":"x"}' })
  const comment = await fetch(api + '/issues', { method: 'POST', headers, body: '{"title":"x"}' })
  console.log('::add-mask::hush')
  console.log('hush, the key is ' + process.env['INPUT_API-KEY'])
  console.log('::stop-commands::tok')
  console.log('::error::not a command')
  console.log('::tok::')
  console.log('::warning file=a.ts,line=1::mind the gap')
  say('GITHUB_OUTPUT', 'greeting=' + process.env.INPUT_GOAL + '\\ntoken<<EOF\\n' + value + '\\nEOF\\n')
  say('GITHUB_OUTPUT', 'statuses=' + [read.status, write.status, comment.status] + '\\n')
  say('GITHUB_OUTPUT', 'inherited=' + String(process.env.WORLD_TEST_CANARY) + '\\n')
  say('GITHUB_STATE', 'left=behind\\n')
  say('GITHUB_STEP_SUMMARY', '# done\\n')
}
`

const post = `console.log('post saw ' + (process.env.STATE_left ?? process.env.STATE_waited) + ' at ' + process.env.INPUT_GOAL)`

const dir = mkdtempSync(join(tmpdir(), 'world-test-'))
let github: GitHub
let alice: Octokit
let app: Octokit

beforeAll(async () => {
  process.env.WORLD_TEST_CANARY = 'leaked'
  const { writeFileSync, mkdirSync } = await import('node:fs')
  const action = join(dir, 'action')
  mkdirSync(action)
  for (const [name, text] of Object.entries({ 'action.yml': actionYml, 'main.mjs': main, 'post.mjs': post }))
    writeFileSync(join(action, name), text)
  github = await startGitHub({
    dir: join(dir, 'world'),
    app: { webhookUrl: await listen(listener), webhookSecret },
    ci: 'test ! -f broken.txt',
    seed: {
      ...repo,
      files: {
        'README.md': '# shop\n',
        'src/a.js': 'one\ntwo\nthree\n',
        '.github/workflows/purser.yml': workflow,
        '.github/workflows/slow.yml': slow,
      },
      users: { alice: 'write', bob: 'triage', mia: 'maintain', eve: 'none' },
    },
    actions: { action, secrets: { MODEL_KEY: 'sk-canary' } },
  })
  alice = new Octokit({ baseUrl: github.url, auth: github.tokenOf('alice') })
  app = new Octokit({ baseUrl: github.url, auth: await github.app.token() })
})

afterAll(async () => {
  delete process.env.WORLD_TEST_CANARY
  await github.close()
  await close(listener)
  rmSync(dir, { recursive: true, force: true })
})

const events = (name: string, action?: string): Record<string, unknown>[] =>
  received
    .filter((one) => one.event === name && (action === undefined || one.payload.action === action))
    .map((one) => one.payload)

describe('git', () => {
  test('is cloned over HTTP, pushed to, and the pull request follows', async () => {
    const pull = await github
      .person('alice')
      .openPull({ branch: 'feature', title: 'Feature', files: { 'src/b.js': 'new\n' } })
    const pushed = await github.person('alice').push({ branch: 'feature', files: { 'src/a.js': 'one\n2\nthree\n' } })
    await github.settled()

    const clone = join(dir, 'clone')
    await git(dir, ['clone', '-q', `${github.url}/acme/shop.git`, clone])
    expect((await git(clone, ['rev-parse', 'origin/feature'])).trim()).toBe(pushed)
    await git(clone, ['fetch', '-q', 'origin', pull.head])

    const { data } = await alice.pulls.get({ ...repo, pull_number: pull.number })
    expect(data).toMatchObject({
      head: { sha: pushed, ref: 'feature' },
      changed_files: 2,
      additions: 2,
      deletions: 1,
      mergeable: true,
    })
    const [synchronize] = events('pull_request', 'synchronize')
    expect(synchronize).toMatchObject({
      before: pull.head,
      after: pushed,
      pull_request: { head: { sha: pushed } },
      sender: { login: 'alice', type: 'User' },
    })
    expect(events('push').at(-1)).toMatchObject({
      ref: 'refs/heads/feature',
      after: pushed,
      commits: [{ id: pushed }],
      installation: { id: github.app.installationId },
    })
    expect(received.every((one) => one.signed)).toBe(true)

    const files = (await alice.pulls.listFiles({ ...repo, pull_number: pull.number })).data
    expect(files.map((file) => [file.filename, file.status, file.additions])).toEqual([
      ['src/a.js', 'modified', 1],
      ['src/b.js', 'added', 1],
    ])
    expect(files[0]?.patch).toContain('-two\n+2')
    const diff = await alice.pulls.get({ ...repo, pull_number: pull.number, mediaType: { format: 'diff' } })
    expect(String(diff.data)).toContain('diff --git a/src/b.js b/src/b.js')
    const compared = (await alice.repos.compareCommitsWithBasehead({ ...repo, basehead: 'main...feature' })).data
    expect(compared).toMatchObject({ status: 'ahead', ahead_by: 2 })
  })

  test('takes a commit through the Git Data API and refuses a ref that is not a fast-forward', async () => {
    const branch = await github.person('alice').push({ branch: 'data', files: { 'x.txt': 'x' } })
    const before = (await app.git.getCommit({ ...repo, commit_sha: branch })).data
    const blob = (
      await app.git.createBlob({ ...repo, content: Buffer.from('bytes\0').toString('base64'), encoding: 'base64' })
    ).data.sha
    const tree = await app.git.createTree({
      ...repo,
      base_tree: before.tree.sha,
      tree: [
        { path: 'bin/run', mode: '100755', type: 'blob', sha: blob },
        { path: 'x.txt', mode: '100644', type: 'blob', sha: null },
      ],
    })
    const commit = (
      await app.git.createCommit({ ...repo, message: 'by the App', tree: tree.data.sha, parents: [branch] })
    ).data.sha
    await app.git.updateRef({ ...repo, ref: 'heads/data', sha: commit })
    const listed = (await app.git.getTree({ ...repo, tree_sha: commit, recursive: '1' })).data.tree
    expect(listed.find((entry) => entry.path === 'bin/run')).toMatchObject({ mode: '100755', sha: blob, size: 6 })
    expect(listed.some((entry) => entry.path === 'x.txt')).toBe(false)

    const aside = (await app.git.createCommit({ ...repo, message: 'aside', tree: tree.data.sha, parents: [branch] }))
      .data.sha
    await expect(app.git.updateRef({ ...repo, ref: 'heads/data', sha: aside })).rejects.toMatchObject({ status: 422 })
    expect((await git(github.repository.gitDir, ['rev-parse', 'data'])).trim()).toBe(commit)
    await app.git.updateRef({ ...repo, ref: 'heads/data', sha: aside, force: true })
    const got = (await app.repos.getContent({ ...repo, path: 'bin/run', ref: 'data' })).data
    expect(got).toMatchObject({ type: 'file', size: 6 })
    await github.settled()
    expect(events('push').at(-1)).toMatchObject({
      after: aside,
      forced: true,
      sender: { login: 'purser[bot]', type: 'Bot' },
    })
    const moves = await alice.request('GET /repos/{owner}/{repo}/activity', { ...repo, ref: 'refs/heads/data' })
    expect(moves.data.map((move: { activity_type: string }) => move.activity_type)).toEqual([
      'force_push',
      'push',
      'branch_creation',
    ])
  })
})

describe('pull requests', () => {
  test.each(['merge', 'squash', 'rebase'] as const)('are merged by %s, and the App is told', async (method) => {
    const person = github.person('mia')
    const { number } = await person.openPull({
      branch: `by-${method}`,
      title: `By ${method}`,
      files: { [`${method}.txt`]: `${method}\n` },
    })
    const before = (await git(github.repository.gitDir, ['rev-parse', 'main'])).trim()
    const sha = await person.merge(number, method)
    await github.settled()
    const [parents, subject] = (await git(github.repository.gitDir, ['show', '-s', '--format=%P%n%s', sha]))
      .trim()
      .split('\n')
    expect(parents?.split(' ').length).toBe(method === 'merge' ? 2 : 1)
    expect(parents).toContain(before)
    expect(subject).toBe(
      {
        merge: `Merge pull request #${number} from acme/by-merge`,
        squash: `By squash (#${number})`,
        rebase: 'By rebase',
      }[method],
    )
    expect((await git(github.repository.gitDir, ['rev-parse', 'main'])).trim()).toBe(sha)
    const closed = events('pull_request', 'closed').at(-1)
    expect(closed).toMatchObject({
      number,
      pull_request: { merged: true, merge_commit_sha: sha, merged_by: { login: 'mia' } },
    })
    const { data } = await alice.pulls.get({ ...repo, pull_number: number })
    expect(data).toMatchObject({ state: 'closed', merged: true, merge_commit_sha: sha, changed_files: 1 })
  })

  test('are reverted by a real commit that says what it reverts', async () => {
    const person = github.person('mia')
    const { number } = await person.openPull({ branch: 'regret', title: 'Regret', files: { 'regret.txt': 'no\n' } })
    const sha = await person.merge(number)
    const reverting = await person.revert(number)
    await github.settled()
    const { data } = await alice.pulls.get({ ...repo, pull_number: reverting.number })
    expect(data).toMatchObject({ title: 'Revert "Regret"', body: `Reverts acme/shop#${number}`, merged: true })
    expect(await git(github.repository.gitDir, ['show', '-s', '--format=%B', reverting.head])).toContain(
      `This reverts commit ${sha}`,
    )
    expect((await git(github.repository.gitDir, ['ls-tree', '-r', '--name-only', 'main'])).split('\n')).not.toContain(
      'regret.txt',
    )
  })

  test('carry labels, comments and reactions, and say who did what', async () => {
    const { number } = await github
      .person('alice')
      .openPull({ branch: 'talk', title: 'Talk', files: { 'talk.txt': 'hi\n' } })
    await github.person('bob').label(number, 'agent/rejected')
    await github.person('bob').unlabel(number, 'agent/rejected')
    await expect(github.person('eve').label(number, 'agent/accepted')).rejects.toThrow(/403/)
    const id = await github.person('alice').comment(number, '/agent review')
    await github.person('alice').editComment(id, '/agent review please')
    const reaction = await app.reactions.createForIssueComment({ ...repo, comment_id: id, content: 'eyes' })
    expect(reaction.status).toBe(201)
    expect((await app.reactions.createForIssueComment({ ...repo, comment_id: id, content: 'eyes' })).status).toBe(200)
    const own = (await app.issues.createComment({ ...repo, issue_number: number, body: 'working' })).data
    expect(own).toMatchObject({
      user: { login: 'purser[bot]', type: 'Bot' },
      performed_via_github_app: { id: github.app.id },
    })
    await github.settled()
    expect(events('pull_request', 'labeled')).toMatchObject([
      { number, label: { name: 'agent/rejected' }, sender: { login: 'bob' } },
    ])
    expect(events('pull_request', 'unlabeled')).toMatchObject([
      { number, label: { name: 'agent/rejected' }, sender: { login: 'bob' } },
    ])
    expect(events('issue_comment', 'created')[0]).toMatchObject({
      comment: { id, body: '/agent review', user: { login: 'alice', type: 'User' }, author_association: 'MEMBER' },
      issue: { number, pull_request: { url: expect.stringContaining(`/pulls/${number}`) } },
      repository: { full_name: 'acme/shop', default_branch: 'main' },
    })
    expect(events('issue_comment', 'edited')[0]).toMatchObject({ changes: { body: { from: '/agent review' } } })
  })

  test('from a fork say so', async () => {
    const { number, head } = await github
      .person('eve')
      .openPull({ branch: 'forked', title: 'From a fork', files: { 'f.txt': 'f\n' }, fork: true })
    const { data } = await alice.pulls.get({ ...repo, pull_number: number })
    expect(data.head).toMatchObject({ sha: head, repo: { full_name: 'eve/shop', fork: true } })
    expect(data.base.repo.id).toBe(github.repository.id)
    expect(data.head.repo?.id).not.toBe(github.repository.id)
    const later = await git(join(dir, 'world/people/eve'), ['rev-parse', 'HEAD'])
    expect(later.trim()).toBe(head)
  })

  test('get check runs from real tests, from other Apps, and statuses', async () => {
    const good = await github.person('alice').openPull({ branch: 'good', title: 'Good', files: { 'good.txt': '' } })
    const bad = await github.person('alice').openPull({ branch: 'bad', title: 'Bad', files: { 'broken.txt': '' } })
    await github.settled()
    const conclusions = async (sha: string) => {
      const { check_runs } = (await app.checks.listForRef({ ...repo, ref: sha })).data
      return check_runs.map((run) => [run.name, run.app?.id, run.conclusion])
    }
    expect(await conclusions(good.head)).toEqual([['test', 15368, 'success']])
    expect(await conclusions(bad.head)).toEqual([['test', 15368, 'failure']])
    await github.ci.check(good.head, 'test', 'failure', 99)
    await github.ci.status(good.head, 'deploy', 'success')
    expect(await conclusions(good.head)).toEqual([
      ['test', 99, 'failure'],
      ['test', 15368, 'success'],
    ])
    expect((await app.repos.getCombinedStatusForRef({ ...repo, ref: good.head })).data).toMatchObject({
      state: 'success',
    })
    await github.settled()
    expect(events('check_run', 'completed').at(-1)).toMatchObject({
      check_run: { head_sha: good.head, app: { id: 99 }, pull_requests: [{ number: good.number }] },
    })
    expect(events('status').at(-1)).toMatchObject({ sha: good.head, context: 'deploy' })
  })
})

describe('permissions', () => {
  test('are told by booleans, since the name folds roles', async () => {
    const asked = (username: string) => app.repos.getCollaboratorPermissionLevel({ ...repo, username })
    expect((await asked('mia')).data).toMatchObject({
      permission: 'write',
      role_name: 'maintain',
      user: { permissions: { maintain: true, admin: false } },
    })
    expect((await asked('bob')).data).toMatchObject({
      permission: 'read',
      user: { permissions: { triage: true, push: false } },
    })
    await expect(asked('eve')).rejects.toMatchObject({ status: 404 })
    github.fail({ path: /\/permission$/, status: 502 })
    await expect(asked('mia')).rejects.toMatchObject({ status: 502 })
    expect((await asked('mia')).status).toBe(200)
  })

  test('are refused to tokens that nobody issued, and to people without the right', async () => {
    const stranger = new Octokit({ baseUrl: github.url, auth: 'ghs_invented' })
    await expect(stranger.repos.get(repo)).rejects.toMatchObject({ status: 401 })
    const forged = new Octokit({ baseUrl: github.url, auth: 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiI0NzExIn0.AAAA' })
    await expect(forged.apps.getAuthenticated()).rejects.toMatchObject({ status: 401 })
    const bob = new Octokit({ baseUrl: github.url, auth: github.tokenOf('bob') })
    await expect(bob.git.createBlob({ ...repo, content: 'x' })).rejects.toMatchObject({ status: 403 })
    const pushed = await tryGit(join(dir, 'clone'), [
      'push',
      `http://x-access-token:${github.tokenOf('bob')}@${new URL(github.url).host}/acme/shop.git`,
      'HEAD:refs/heads/bobs',
    ])
    expect(pushed.code).not.toBe(0)
    expect(pushed.stderr).toContain('403')
    await expect(alice.request('GET /repos/{owner}/{repo}/traffic/views', repo)).rejects.toMatchObject({ status: 501 })
    expect(github.calls().some((call) => call.status === 401 && call.who === 'unknown')).toBe(true)
  })
})

describe('webhooks', () => {
  test('can be dropped, doubled, held back and sent again', async () => {
    const number = await github.person('alice').openIssue('Webhooks')
    await github.settled()
    const from = received.length
    github.hooks.fault({ event: 'issue_comment', kind: 'drop' })
    await github.person('alice').comment(number, 'dropped')
    github.hooks.fault({ event: 'issue_comment', kind: 'duplicate' })
    await github.person('alice').comment(number, 'doubled')
    github.hooks.fault({ event: 'issue_comment', kind: 'last' })
    await Promise.all([
      github.person('alice').comment(number, 'held'),
      github.person('bob').comment(number, 'overtakes'),
    ])
    await github.settled()
    const bodies = () => received.slice(from).map((one) => (one.payload.comment as { body: string }).body)
    expect(bodies().slice(0, 2)).toEqual(['doubled', 'doubled'])
    expect(bodies()).not.toContain('dropped')
    const dropped = github.hooks.deliveries().find((one) => one.statuses.length === 0)
    expect(await github.hooks.redeliver(dropped?.id ?? '')).toBe(202)
    expect(received.at(-1)).toMatchObject({ id: dropped?.id, payload: { comment: { body: 'dropped' } } })
  })
})

describe('Actions', () => {
  const dispatch = (workflow_id: string, inputs: Record<string, string> = {}) =>
    app.request('POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches', {
      ...repo,
      workflow_id,
      ref: 'main',
      inputs,
      return_run_details: true,
    })

  test('starts the Action as the runner does, with a token that cannot write and an identity that verifies', async () => {
    const { status, data } = await dispatch('purser.yml', { goal: 'greet' })
    expect(status).toBe(200)
    await github.settled()
    const id = (data as { workflow_run_id: number }).workflow_run_id
    const run = github.actions.runs().find((one) => one.id === id)
    expect(run).toMatchObject({
      event: 'workflow_dispatch',
      status: 'completed',
      conclusion: 'success',
      problem: null,
      inputs: { goal: 'greet', mood: 'calm' },
      actor: 'purser[bot]',
    })
    const [checkout, action, other, shell, failure] = run?.jobs[0]?.steps ?? []
    expect(checkout?.conclusion).toBe('success')
    expect(action).toMatchObject({
      exitCode: 0,
      state: { left: 'behind' },
      summary: '# done\n',
      annotations: [{ level: 'warning', message: 'mind the gap' }],
    })
    expect(action?.outputs).toMatchObject({ greeting: 'greet', statuses: '200,403,403', inherited: 'undefined' })
    expect(action?.log).toBe('***, the key is ***\n::error::not a command\nwarning: mind the gap\n')
    expect(action?.post).toEqual({ exitCode: 0, log: 'post saw behind at greet\n' })
    expect(other).toMatchObject({ conclusion: 'skipped', log: expect.stringContaining('someone/else@v1') })
    expect(shell?.outputs).toEqual({ greeting: 'greet!' })
    expect(failure).toMatchObject({ conclusion: 'skipped', exitCode: null })

    const keys = createRemoteJWKSet(new URL(`${github.oidc.issuer}/.well-known/jwks`))
    const { payload } = await jwtVerify(action?.outputs.token ?? '', keys, {
      issuer: github.oidc.issuer,
      audience: 'purser',
    })
    expect(payload).toMatchObject({
      repository: 'acme/shop',
      repository_id: String(github.repository.id),
      run_id: String(id),
      run_attempt: '1',
      event_name: 'workflow_dispatch',
      workflow_ref: 'acme/shop/.github/workflows/purser.yml@refs/heads/main',
      check_run_id: String(run?.jobs[0]?.checkRunId),
    })
    const forged = await github.oidc.sign('purser', { repository: 'acme/shop' }, { key: true })
    await expect(jwtVerify(forged, keys, { issuer: github.oidc.issuer, audience: 'purser' })).rejects.toThrow(
      /signature/,
    )

    expect(events('workflow_job').map((one) => one.action)).toEqual(['queued', 'in_progress', 'completed'])
    expect(events('workflow_run', 'completed').at(-1)).toMatchObject({ workflow_run: { id, conclusion: 'success' } })
    expect((await app.actions.getWorkflowRun({ ...repo, run_id: id })).data).toMatchObject({
      status: 'completed',
      conclusion: 'success',
    })
    expect((await app.actions.listJobsForWorkflowRun({ ...repo, run_id: id })).data.jobs[0]).toMatchObject({
      run_id: id,
      conclusion: 'success',
    })
  })

  test('refuses a dispatch whose inputs are wrong', async () => {
    await expect(dispatch('purser.yml')).rejects.toMatchObject({ status: 422 })
    await expect(dispatch('purser.yml', { goal: 'x', invented: 'y' })).rejects.toMatchObject({ status: 422 })
    await expect(dispatch('absent.yml')).rejects.toMatchObject({ status: 404 })
  })

  test('starts what listens to pushes of the default branch, by path', async () => {
    const before = github.actions.runs().length
    await github.person('mia').push({ branch: 'main', files: { 'other.txt': 'x' } })
    await github.person('mia').push({ branch: 'main', files: { 'trigger.txt': 'x' } })
    await github.settled()
    const started = github.actions.runs().slice(before)
    expect(started).toMatchObject([{ event: 'push', workflow: '.github/workflows/purser.yml', actor: 'mia' }])
    expect(started[0]?.jobs[0]?.steps[1]?.outputs.greeting).toBe('push')
  })

  test('cancels with an interrupt, runs post and skips the rest', async () => {
    const { data } = await dispatch('slow.yml')
    const id = (data as { workflow_run_id: number }).workflow_run_id
    const run = github.actions.runs().find((one) => one.id === id)
    await expect.poll(() => run?.jobs[0]?.status).toBe('in_progress')
    await expect.poll(() => run?.jobs[0]?.steps.length).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 400))
    github.actions.cancel(id)
    await github.settled()
    expect(run).toMatchObject({ conclusion: 'cancelled' })
    expect(run?.jobs[0]?.steps).toMatchObject([
      { conclusion: 'cancelled', exitCode: 130, post: { exitCode: 0 } },
      { conclusion: 'skipped' },
    ])
  })

  test('can accept a dispatch whose job never starts', async () => {
    github.actions.neverStart()
    const { data } = await dispatch('purser.yml', { goal: 'wait for ever' })
    await github.settled()
    const run_id = (data as { workflow_run_id: number }).workflow_run_id
    expect((await app.actions.getWorkflowRun({ ...repo, run_id })).data).toMatchObject({
      status: 'queued',
      conclusion: null,
    })
  })
})
