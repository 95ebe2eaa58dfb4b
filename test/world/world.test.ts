import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Octokit } from '@octokit/rest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GitHub } from './contract.ts'
import { git, tryGit } from './git-process.ts'
import { startGitHub } from './github.ts'
import { startReceiver } from './receiver.ts'

const webhookSecret = 'a webhook secret'
const repo = { owner: 'acme', repo: 'shop' }

const quiet = () => undefined
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
const client = (auth: string) => new Octokit({ baseUrl: github.url, auth, log })

const dir = mkdtempSync(join(tmpdir(), 'world-test-'))
const receiver = await startReceiver(webhookSecret)
const { received, events } = receiver
let github: GitHub
let alice: Octokit
let app: Octokit

beforeAll(async () => {
  github = await startGitHub({
    dir: join(dir, 'world'),
    app: { webhookUrl: receiver.url, webhookSecret },
    ci: 'test ! -f broken.txt',
    seed: {
      ...repo,
      files: { 'README.md': '# shop\n', 'src/a.js': 'one\ntwo\nthree\n' },
      users: { alice: 'write', bob: 'triage', mia: 'maintain', eve: 'none' },
    },
  })
  alice = client(github.tokenOf('alice'))
  app = client(await github.app.token())
})

afterAll(async () => {
  await github.close()
  await receiver.close()
  rmSync(dir, { recursive: true, force: true })
})

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
    const { data: pull } = await alice.pulls.get({ ...repo, pull_number: number })
    await app.pulls.createReview({
      ...repo,
      pull_number: number,
      commit_id: pull.head.sha,
      event: 'COMMENT',
      body: 'Well done',
    })
    expect((await app.pulls.listReviews({ ...repo, pull_number: number })).data).toMatchObject([
      { body: 'Well done', commit_id: pull.head.sha },
    ])
    expect((await alice.issues.get({ ...repo, issue_number: number })).data).toMatchObject({
      title: 'Talk',
      pull_request: {},
    })
    expect((await alice.pulls.list({ ...repo, head: 'acme:talk' })).data).toMatchObject([
      { number, head: { sha: pull.head.sha } },
    ])
    await github.person('alice').close(number)
    await github.settled()
    expect(events('pull_request_review', 'submitted')).toMatchObject([
      { review: { body: 'Well done' }, pull_request: { number } },
    ])
    expect(events('pull_request', 'closed').at(-1)).toMatchObject({
      number,
      pull_request: { merged: false, merge_commit_sha: null },
    })
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
    const url = `${github.url}/eve/shop.git`
    expect(await git(dir, ['ls-remote', url, 'refs/heads/forked'])).toBe(`${head}\trefs/heads/forked\n`)
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
    expect(
      events('check_suite', 'completed').map((one) => (one.check_suite as { conclusion: string }).conclusion),
    ).toEqual(expect.arrayContaining(['success', 'failure']))
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
    const stranger = client('ghs_invented')
    await expect(stranger.repos.get(repo)).rejects.toMatchObject({ status: 401 })
    const forged = client('eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiI0NzExIn0.AAAA')
    await expect(forged.apps.getAuthenticated()).rejects.toMatchObject({ status: 401 })
    const bob = client(github.tokenOf('bob'))
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

describe('another world', () => {
  test('keeps a clock of its own, further repositories, and webhooks for later', async () => {
    let now = new Date('2026-03-01T09:00:00Z')
    const world = await startGitHub({
      dir: join(dir, 'another'),
      app: { webhookSecret },
      now: () => now,
      seed: {
        ...repo,
        files: { 'a.txt': 'a' },
        users: { alice: 'admin' },
        others: { '.github': { '.github/purser/portfolios.yml': 'version: 1\n' } },
      },
    })
    try {
      const maintainer = new Octokit({ baseUrl: world.url, auth: world.tokenOf('alice'), log })
      const file = await maintainer.repos.getContent({
        owner: 'acme',
        repo: '.github',
        path: '.github/purser/portfolios.yml',
      })
      expect(file.data).toMatchObject({ type: 'file', encoding: 'base64' })
      const { number, head } = await world
        .person('alice')
        .openPull({ branch: 'b', title: 'B', files: { 'b.txt': 'b' } })
      now = new Date('2026-03-05T09:00:00Z')
      const comment_id = await world.person('alice').comment(number, 'later')
      const { data } = await maintainer.issues.getComment({ ...repo, comment_id })
      expect(data.created_at).toBe('2026-03-05T09:00:00Z')
      const commit = (await maintainer.git.getCommit({ ...repo, commit_sha: head })).data
      expect(commit.committer.date).toBe('2026-03-01T09:00:00Z')
      await world.settled()
      expect(world.hooks.deliveries().map((one) => [one.event, one.statuses])).toEqual([
        ['push', []],
        ['pull_request', []],
        ['issue_comment', []],
      ])
    } finally {
      await world.close()
    }
  })
})
