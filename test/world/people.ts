import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Files, NewPull, Person } from './contract.ts'
import { git } from './git-process.ts'
import { type Identified, initStore } from './git-store.ts'
import type { Json, Repository, World } from './world.ts'

/** A person's hands: the REST API with their token, and for a revert a clone of their own and git over HTTP. */
export function createPerson(world: World, repository: Repository, login: string, token: string): Person {
  const checkout = join(world.dir, 'people', repository.fullName, login)
  const remote = (target: Repository): string => {
    const { host } = new URL(world.url)
    return `http://x-access-token:${token}@${host}/${target.fullName}.git`
  }
  let last: Promise<unknown> = Promise.resolve()

  /** One hand at a time in the checkout. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work, work)
    last = turn.catch(() => undefined)
    return turn
  }

  async function api(method: string, path: string, body?: unknown, on = repository): Promise<Json> {
    const response = await fetch(`${world.url}/repos/${on.fullName}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${login}: ${method} ${path} was answered with ${response.status}: ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Json)
  }

  const author = (): Identified => ({ name: login, email: `${login}@example.com`, date: world.now().toISOString() })

  /**
   * The checkout at what `main` is on GitHub, as `branch`. It borrows the objects of the repository, since a fetch of the
   * little that it lacks takes a dozen processes.
   */
  async function checkOut(branch: string): Promise<void> {
    if (!existsSync(join(checkout, '.git'))) {
      await mkdir(checkout, { recursive: true })
      await git(checkout, ['init', '-q', '--template=', '--initial-branch=main'])
      await mkdir(join(checkout, '.git/objects/info'), { recursive: true })
      await writeFile(join(checkout, '.git/objects/info/alternates'), `${join(repository.gitDir, 'objects')}\n`)
    }
    const start = (await repository.store.resolve('refs/heads/main')) ?? 'main'
    await git(checkout, ['checkout', '-q', '--force', '-B', branch, start])
  }

  /**
   * One new commit on `branch`, or on `base` where the branch is new or begun again: what `git push` brings about, written
   * straight into the repository and told to GitHub as a moved ref, since cloning and pushing take two dozen processes.
   */
  async function commitAndPush(
    to: Repository,
    branch: string,
    files: Files,
    message: string,
    base = 'main',
    force = false,
  ): Promise<string> {
    const { store } = to
    const there = await store.resolve(`refs/heads/${branch}`)
    const start = (force ? null : there) ?? (await store.resolve(`refs/heads/${base}`)) ?? base
    const sha = await store.commitFiles(start, files, message, author())
    if (there === null) await api('POST', '/git/refs', { ref: `refs/heads/${branch}`, sha }, to)
    else await api('PATCH', `/git/refs/heads/${branch}`, { sha, force }, to)
    return sha
  }

  async function forked(): Promise<Repository> {
    const fullName = `${login}/${repository.name}`
    const there = world.repositories.get(fullName)
    if (there) return there
    const json = await api('POST', '/forks', {})
    const gitDir = join(world.dir, 'repositories', `${fullName}.git`)
    const store = await initStore(gitDir)
    await git(gitDir, ['fetch', '-q', repository.gitDir, '+refs/heads/*:refs/heads/*'])
    const ownerId = Number((json.owner as Json).id)
    const fork = { ...repository, id: Number(json.id), owner: login, ownerId, fullName, gitDir, store, fork: true }
    const empty = { pulls: new Map(), activity: [], statuses: [], checks: new Map() }
    world.repositories.set(fullName, { ...fork, ...empty, events: new Map(), touched: new Map(), comments: [] })
    return forked()
  }

  async function openPull(pull: NewPull) {
    const to = pull.fork ? await forked() : repository
    const base = pull.base ?? 'main'
    const head = await inTurn(() => commitAndPush(to, pull.branch, pull.files, pull.title, base))
    const from = pull.fork ? `${login}:${pull.branch}` : pull.branch
    const json = await api('POST', '/pulls', { title: pull.title, head: from, base, body: pull.body ?? '' })
    return { number: Number(json.number), branch: pull.branch, head }
  }

  async function revert(number: number) {
    const pull = await api('GET', `/pulls/${number}`)
    const merged = String(pull.merge_commit_sha)
    const title = `Revert "${pull.title}"`
    const branch = `revert-${number}`
    const head = await inTurn(async () => {
      await checkOut(branch)
      const parents = (await git(checkout, ['show', '-s', '--format=%P', merged])).trim().split(' ')
      await git(
        checkout,
        ['revert', '--no-edit', ...(parents.length > 1 ? ['-m', '1'] : []), merged],
        '',
        identityEnv(author()),
      )
      await git(checkout, ['push', '-q', remote(repository), `HEAD:refs/heads/${branch}`])
      return (await git(checkout, ['rev-parse', 'HEAD'])).trim()
    })
    const body = `Reverts ${repository.fullName}#${number}`
    const json = await api('POST', '/pulls', { title, head: branch, base: 'main', body })
    await api('PUT', `/pulls/${json.number}/merge`, {})
    return { number: Number(json.number), branch, head }
  }

  async function set(what: 'auto-merge' | 'merge-queue', number: number, on: boolean): Promise<void> {
    const response = await fetch(`${world.url}/_world/repos/${repository.fullName}/pulls/${number}/${what}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ on }),
    })
    if (!response.ok)
      throw new Error(`${login}: ${what} was answered with ${response.status}: ${await response.text()}`)
  }

  return {
    login,
    token,
    openPull,
    revert,
    autoMerge: (number, on) => set('auto-merge', number, on),
    mergeQueue: (number, on) => set('merge-queue', number, on),
    push: ({ branch, files, message, force }) =>
      inTurn(() =>
        commitAndPush(repository, branch, files, message ?? `Change ${Object.keys(files).join(', ')}`, 'main', force),
      ),
    openIssue: async (title, body) => Number((await api('POST', '/issues', { title, body: body ?? '' })).number),
    comment: async (number, body) => Number((await api('POST', `/issues/${number}/comments`, { body })).id),
    editComment: async (id, body) => void (await api('PATCH', `/issues/comments/${id}`, { body })),
    label: async (number, name) => void (await api('POST', `/issues/${number}/labels`, { labels: [name] })),
    unlabel: async (number, name) => void (await api('DELETE', `/issues/${number}/labels/${encodeURIComponent(name)}`)),
    merge: async (number, method = 'merge') =>
      String((await api('PUT', `/pulls/${number}/merge`, { merge_method: method })).sha),
    close: async (number) => void (await api('PATCH', `/pulls/${number}`, { state: 'closed' })),
  }
}

const identityEnv = (who: Identified): Record<string, string> => ({
  GIT_AUTHOR_NAME: who.name,
  GIT_AUTHOR_EMAIL: who.email,
  GIT_AUTHOR_DATE: who.date,
  GIT_COMMITTER_NAME: who.name,
  GIT_COMMITTER_EMAIL: who.email,
  GIT_COMMITTER_DATE: who.date,
})
