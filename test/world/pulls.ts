import { git } from './git-process.ts'
import type { FileDiff } from './git-store.ts'
import { commitJson } from './history-api.ts'
import { mayRead, mayWrite } from './identity.ts'
import { type Answer, type Ask, notFound, page, Refused, type Route, route, stringField } from './router.ts'
import { actorOf, announce, type Json, type PullFacts, type Repository, repositoryOf, type World } from './world.ts'

/** What `emulate` says of a pull request, corrected by what the bare repository knows. */
export async function pullJson(world: World, repository: Repository, number: number): Promise<Json> {
  const json = await world.emulate('GET', `/repos/${repository.fullName}/pulls/${number}`)
  return { ...corrected(world, repository, json), ...(await figures(repository, factsOf(repository, number))) }
}

/** Corrects heads, bases and the merge in any pull request that `emulate` answered with. */
export function corrected(world: World, repository: Repository, json: Json): Json {
  const facts = repository.pulls.get(Number(json.number))
  if (!facts) return json
  const fork = facts.headRepository !== repository
  const head = json.head as Json
  const base = json.base as Json
  const headRepo = head.repo as Json | null
  return {
    ...json,
    state: facts.open ? 'open' : 'closed',
    head: {
      ...head,
      label: `${facts.headRepository.owner}:${facts.headRef}`,
      ref: facts.headRef,
      sha: facts.headSha,
      repo: headRepo && { ...headRepo, id: facts.headRepository.id, full_name: facts.headRepository.fullName, fork },
    },
    base: { ...base, ref: facts.baseRef, sha: facts.baseSha },
    merged: facts.merged !== null,
    merged_at: facts.merged?.at ?? null,
    merged_by: facts.merged?.by ?? null,
    merge_commit_sha: facts.merged?.sha ?? null,
    auto_merge: facts.autoMerge,
    statuses_url: `${world.url}/repos/${repository.fullName}/statuses/${facts.headSha}`,
  }
}

async function figures(repository: Repository, facts: PullFacts): Promise<Json> {
  const { store } = repository
  const files = await filesOfPull(repository, facts)
  const mergeable = facts.open ? (await store.mergeTrees(facts.baseSha, facts.headSha)) !== null : null
  return {
    mergeable,
    mergeable_state: mergeable === null ? 'unknown' : mergeable ? 'clean' : 'dirty',
    commits: (await store.between(facts.baseSha, facts.headSha)).length,
    additions: files.reduce((sum, file) => sum + file.additions, 0),
    deletions: files.reduce((sum, file) => sum + file.deletions, 0),
    changed_files: files.length,
  }
}

export function factsOf(repository: Repository, number: number): PullFacts {
  const facts = repository.pulls.get(number)
  if (!facts) throw notFound()
  return facts
}

/** What the pull request changes, from where it left its base. A merged one shows what it changed. */
async function filesOfPull(repository: Repository, facts: PullFacts): Promise<FileDiff[]> {
  return repository.store.diff(await forkPoint(repository, facts), facts.headSha)
}

export const forkPoint = (repository: Repository, facts: PullFacts): Promise<string> =>
  repository.store.mergeBase(facts.baseSha, facts.headSha)

/** Puts a pull request's head into the base repository as `refs/pull/N/head`, fetching it from a fork. */
export async function setHead(repository: Repository, pull: PullFacts, sha: string): Promise<void> {
  const ref = `refs/pull/${pull.number}/head`
  const fork = pull.headRepository !== repository
  if (fork) await git(repository.gitDir, ['fetch', '-q', pull.headRepository.gitDir, `+${sha}:${ref}`])
  else await repository.store.setRef(ref, sha)
  pull.headSha = sha
  pull.baseSha = (await repository.store.resolve(`refs/heads/${pull.baseRef}`)) ?? pull.baseSha
}

export function fileJson(world: World, repository: Repository, file: FileDiff, sha: string): Json {
  const path = encodeURIComponent(file.filename)
  return {
    sha: file.sha,
    filename: file.filename,
    ...(file.previousFilename === null ? {} : { previous_filename: file.previousFilename }),
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    contents_url: `${world.url}/repos/${repository.fullName}/contents/${path}?ref=${sha}`,
    blob_url: `${world.url}/${repository.fullName}/blob/${sha}/${file.filename}`,
    raw_url: `${world.url}/${repository.fullName}/raw/${sha}/${file.filename}`,
    ...(file.patch === null ? {} : { patch: file.patch }),
  }
}

export function pullRoutes(world: World, forward: (ask: Ask) => Promise<Answer>): Route[] {
  async function create(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayWrite(ask.who, 'pull_requests', 'none')
    const { headRepository, headRef } = headOf(world, repository, stringField(ask.body, 'head'))
    const baseRef = stringField(ask.body, 'base')
    const headSha = await headRepository.store.resolve(`refs/heads/${headRef}`)
    const baseSha = await repository.store.resolve(`refs/heads/${baseRef}`)
    if (headSha === null || baseSha === null) throw new Refused(422, 'Validation Failed: head or base is invalid')
    const same = (pull: PullFacts) => pull.open && pull.headRepository === headRepository && pull.headRef === headRef
    if ([...repository.pulls.values()].some(same))
      throw new Refused(422, `A pull request already exists for ${headRef}.`)
    const answer = await forward(ask)
    if (answer.status !== 201) return answer
    const number = Number((answer.json as Json).number)
    const facts: PullFacts = {
      number,
      headRepository,
      headRef,
      headSha,
      baseRef,
      baseSha,
      open: true,
      autoMerge: null,
      queued: false,
      merged: null,
    }
    repository.pulls.set(number, facts)
    await setHead(repository, facts, headSha)
    const json = await pullJson(world, repository, number)
    const sender = await actorOf(world, ask.who)
    await announce(world, repository, 'pull_request', sender, { action: 'opened', number, pull_request: json })
    for (const told of world.onHead) told(repository, facts, sender)
    return { status: 201, json }
  }

  async function read(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayRead(ask.who, 'pull_requests')
    const facts = factsOf(repository, Number(ask.params.number))
    const accept = String(ask.headers.accept ?? '')
    if (!accept.includes('diff')) return { status: 200, json: await pullJson(world, repository, facts.number) }
    const text = await repository.store.textDiff(await forkPoint(repository, facts), facts.headSha)
    return { status: 200, text, headers: { 'content-type': 'application/vnd.github.diff; charset=utf-8' } }
  }

  async function list(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    const answer = await forward(ask)
    if (!Array.isArray(answer.json)) return answer
    return { ...answer, json: answer.json.map((pull: Json) => corrected(world, repository, pull)) }
  }

  async function update(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    const facts = factsOf(repository, Number(ask.params.number))
    const answer = await forward(ask)
    if (answer.status !== 200) return answer
    const wasOpen = facts.open
    const { state, base } = ask.body
    if (state === 'open' && facts.merged)
      throw new Refused(422, 'Validation Failed: a merged pull request stays closed')
    if (state === 'open' || state === 'closed') facts.open = state === 'open'
    if (typeof base === 'string') facts.baseRef = base
    const json = await pullJson(world, repository, facts.number)
    const action = wasOpen === facts.open ? 'edited' : facts.open ? 'reopened' : 'closed'
    const sender = await actorOf(world, ask.who)
    await announce(world, repository, 'pull_request', sender, { action, number: facts.number, pull_request: json })
    return { status: 200, json }
  }

  async function files(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    mayRead(ask.who, 'pull_requests')
    const facts = factsOf(repository, Number(ask.params.number))
    const all = await filesOfPull(repository, facts)
    return page(
      ask,
      world.url,
      all.map((file) => fileJson(world, repository, file, facts.headSha)),
    )
  }

  async function commits(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    const facts = factsOf(repository, Number(ask.params.number))
    const shas = await repository.store.between(facts.baseSha, facts.headSha)
    return page(ask, world.url, await Promise.all(shas.map((sha) => commitJson(world, repository, sha))))
  }

  async function ofCommit(ask: Ask): Promise<Answer> {
    const repository = repositoryOf(world, ask)
    const sha = ask.params.sha ?? ''
    const found = [...repository.pulls.values()].filter(
      (pull) => pull.headSha === sha || pull.merged?.commits.includes(sha),
    )
    return page(ask, world.url, await Promise.all(found.map((pull) => pullJson(world, repository, pull.number))))
  }

  return [
    route('POST', '/repos/:owner/:repo/pulls', create),
    route('GET', '/repos/:owner/:repo/pulls', list),
    route('GET', '/repos/:owner/:repo/pulls/:number', read),
    route('PATCH', '/repos/:owner/:repo/pulls/:number', update),
    route('GET', '/repos/:owner/:repo/pulls/:number/files', files),
    route('GET', '/repos/:owner/:repo/pulls/:number/commits', commits),
    route('GET', '/repos/:owner/:repo/commits/:sha/pulls', ofCommit),
  ]
}

function headOf(world: World, base: Repository, head: string): { headRepository: Repository; headRef: string } {
  const [owner, ref] = head.includes(':') ? (head.split(':', 2) as [string, string]) : [base.owner, head]
  const headRepository = world.repositories.get(`${owner}/${base.name}`)
  if (!headRepository) throw new Refused(422, 'Validation Failed: head is invalid')
  return { headRepository, headRef: ref }
}
