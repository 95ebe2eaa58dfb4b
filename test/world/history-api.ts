import { gitCommitJson } from './git-api.ts'
import type { TreeEntry } from './git-store.ts'
import { mayRead } from './identity.ts'
import { fileJson } from './pulls.ts'
import { type Answer, type Ask, notFound, page, type Route, route } from './router.ts'
import { type Json, type Repository, repositoryOf, type World } from './world.ts'

/** Contents, commits, comparisons and branches, from the bare repository. */
export function historyRoutes(world: World): Route[] {
  function reading(ask: Ask): Repository {
    mayRead(ask.who, 'contents')
    return repositoryOf(world, ask)
  }

  async function resolved(repository: Repository, revision: string | undefined): Promise<string> {
    const name = revision === undefined || revision === 'HEAD' ? 'refs/heads/main' : revision
    const { store } = repository
    const sha = (await store.resolve(`refs/heads/${name}`)) ?? (await store.resolve(name))
    if (sha === null) throw notFound()
    return sha
  }

  async function contents(ask: Ask): Promise<Answer> {
    const repository = reading(ask)
    const sha = await resolved(repository, ask.query.get('ref') ?? undefined)
    const path = (ask.params.path ?? '').replace(/\/$/, '')
    const entries = await repository.store.tree(sha, true)
    const found = entries.find((entry) => entry.path === path)
    if (found?.type === 'blob') return fileContents(ask, repository, sha, found)
    if (path !== '' && found?.type !== 'tree') throw notFound()
    const prefix = path === '' ? '' : `${path}/`
    const children = entries.filter(
      (entry) => entry.path.startsWith(prefix) && !entry.path.slice(prefix.length).includes('/'),
    )
    return { status: 200, json: children.map((entry) => contentJson(world, repository, sha, entry)) }
  }

  async function fileContents(ask: Ask, repository: Repository, sha: string, entry: TreeEntry): Promise<Answer> {
    const content = (await repository.store.blob(entry.sha)) ?? Buffer.alloc(0)
    if (String(ask.headers.accept ?? '').includes('raw')) return { status: 200, text: content.toString() }
    const json = contentJson(world, repository, sha, entry)
    return {
      status: 200,
      json: { ...json, encoding: 'base64', content: content.toString('base64').replace(/.{60}/g, '$&\n') },
    }
  }

  async function commit(ask: Ask): Promise<Answer> {
    const repository = reading(ask)
    const sha = await resolved(repository, ask.params.ref)
    const accept = String(ask.headers.accept ?? '')
    if (accept.includes('.sha')) return { status: 200, text: sha }
    const parent = (await repository.store.commit(sha))?.parents[0]
    if (accept.includes('diff'))
      return { status: 200, text: parent === undefined ? '' : await repository.store.textDiff(parent, sha) }
    const diff = parent === undefined ? [] : await repository.store.diff(parent, sha)
    const sum = (pick: 'additions' | 'deletions'): number => diff.reduce((total, file) => total + file[pick], 0)
    const stats = {
      additions: sum('additions'),
      deletions: sum('deletions'),
      total: sum('additions') + sum('deletions'),
    }
    const files = diff.map((file) => fileJson(world, repository, file, sha))
    return { status: 200, json: { ...(await commitJson(world, repository, sha)), stats, files } }
  }

  async function commits(ask: Ask): Promise<Answer> {
    const repository = reading(ask)
    const from = await resolved(repository, ask.query.get('sha') ?? undefined)
    const since = ask.query.get('since')
    const shas = await repository.store.log(from, ask.query.get('path'))
    const all = await Promise.all(shas.map((sha) => commitJson(world, repository, sha)))
    const late = all.filter((one) => since === null || committedAt(one) >= Date.parse(since))
    return page(ask, world.url, late)
  }

  async function compare(ask: Ask): Promise<Answer> {
    const repository = reading(ask)
    const [base = '', head = ''] = (ask.params.basehead ?? '').split('...')
    const { store } = repository
    const [from, to] = [await resolved(repository, base), await resolved(repository, head)]
    const shared = await store.mergeBase(from, to)
    if (String(ask.headers.accept ?? '').includes('diff'))
      return { status: 200, text: await store.textDiff(shared, to) }
    const ahead = await store.between(from, to)
    const behind = await store.between(to, from)
    const files = await store.diff(shared, to)
    return {
      status: 200,
      json: {
        status:
          ahead.length === 0
            ? behind.length === 0
              ? 'identical'
              : 'behind'
            : behind.length === 0
              ? 'ahead'
              : 'diverged',
        ahead_by: ahead.length,
        behind_by: behind.length,
        total_commits: ahead.length,
        base_commit: await commitJson(world, repository, from),
        merge_base_commit: await commitJson(world, repository, shared),
        commits: await Promise.all(ahead.map((sha) => commitJson(world, repository, sha))),
        files: files.map((file) => fileJson(world, repository, file, to)),
      },
    }
  }

  const branchJson = async (repository: Repository, ref: string, sha: string): Promise<Json> => ({
    name: ref.replace('refs/heads/', ''),
    commit: await commitJson(world, repository, sha),
    protected: false,
  })

  async function branch(ask: Ask): Promise<Answer> {
    const repository = reading(ask)
    const ref = `refs/heads/${ask.params.branch}`
    const sha = (await repository.store.refs(ref)).get(ref)
    if (sha === undefined) throw notFound()
    return { status: 200, json: await branchJson(repository, ref, sha) }
  }

  async function branches(ask: Ask): Promise<Answer> {
    const repository = reading(ask)
    const all = [...(await repository.store.refs('refs/heads/'))]
    return page(ask, world.url, await Promise.all(all.map(([ref, sha]) => branchJson(repository, ref, sha))))
  }

  const base = '/repos/:owner/:repo'
  return [
    route('GET', `${base}/contents`, contents),
    route('GET', `${base}/contents/:path+`, contents),
    route('GET', `${base}/commits`, commits),
    route('GET', `${base}/compare/:basehead+`, compare),
    route('GET', `${base}/branches`, branches),
    route('GET', `${base}/branches/:branch+`, branch),
    // Last, as a ref may hold slashes: the routes of a commit's checks, statuses and pulls stand before it.
    route('GET', `${base}/commits/:ref+`, commit),
  ]
}

const committedAt = (json: Json): number => Date.parse(String(((json.commit as Json).committer as Json).date))

export async function commitJson(world: World, repository: Repository, sha: string): Promise<Json> {
  const { author, committer, message, tree, verification, parents } = await gitCommitJson(world, repository, sha)
  return {
    sha,
    url: `${world.url}/repos/${repository.fullName}/commits/${sha}`,
    html_url: `${world.url}/${repository.fullName}/commit/${sha}`,
    commit: { author, committer, message, tree, verification },
    author: null,
    committer: null,
    parents,
  }
}

function contentJson(world: World, repository: Repository, sha: string, entry: TreeEntry): Json {
  const kinds = { blob: entry.mode === '120000' ? 'symlink' : 'file', tree: 'dir', commit: 'submodule' }
  return {
    name: entry.path.slice(entry.path.lastIndexOf('/') + 1),
    path: entry.path,
    sha: entry.sha,
    size: entry.size ?? 0,
    type: kinds[entry.type],
    url: `${world.url}/repos/${repository.fullName}/contents/${entry.path}?ref=${sha}`,
    html_url: `${world.url}/${repository.fullName}/blob/${sha}/${entry.path}`,
    git_url: `${world.url}/repos/${repository.fullName}/git/${entry.type}s/${entry.sha}`,
    download_url: null,
  }
}
