import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Files, NewPull, Person } from './contract.ts'
import { git } from './git-process.ts'
import { type Identified, initStore } from './git-store.ts'
import { commitFiles, identityEnv } from './working-copy.ts'
import type { Json, Repository, World } from './world.ts'

/** A person's hands: a clone of their own, git over HTTP with their token, and the REST API. */
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

  async function api(method: string, path: string, body?: unknown): Promise<Json> {
    const response = await fetch(`${world.url}/repos/${repository.fullName}${path}`, {
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
   * The checkout at `branch` as it is on GitHub, or at `base` when the branch is new or to be started again. It borrows
   * the objects of the repositories that it pushes to, since a fetch of the little that it lacks takes a dozen processes.
   */
  async function at(branch: string, base: string, from: Repository, again: boolean): Promise<void> {
    if (!existsSync(join(checkout, '.git'))) {
      await mkdir(checkout, { recursive: true })
      await git(checkout, ['init', '-q', '--template=', '--initial-branch=main'])
    }
    const borrowed = [repository, from].map(({ gitDir }) => `${join(gitDir, 'objects')}\n`)
    await mkdir(join(checkout, '.git/objects/info'), { recursive: true })
    await writeFile(join(checkout, '.git/objects/info/alternates'), [...new Set(borrowed)].join(''))
    const known = again ? null : await from.store.resolve(`refs/heads/${branch}`)
    const start = known ?? (await from.store.resolve(`refs/heads/${base}`)) ?? base
    await git(checkout, ['checkout', '-q', '--force', '-B', branch, start])
  }

  async function commitAndPush(
    to: Repository,
    branch: string,
    files: Files,
    message: string,
    base = 'main',
    force = false,
  ): Promise<string> {
    await at(branch, base, to, force)
    const sha = await commitFiles(checkout, files, message, author())
    await git(checkout, ['push', '-q', ...(force ? ['--force'] : []), remote(to), `HEAD:refs/heads/${branch}`])
    return sha
  }

  async function forked(): Promise<Repository> {
    const fullName = `${login}/${repository.name}`
    const there = world.repositories.get(fullName)
    if (there) return there
    const json = await api('POST', '/forks', {})
    const gitDir = join(world.dir, 'repositories', `${fullName}.git`)
    await mkdir(gitDir, { recursive: true })
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
      await at(branch, 'main', repository, true)
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
