import type { Identity } from './identity.ts'
import { pullJson, setHead } from './pulls.ts'
import { type Answer, type Ask, page, type Route, route } from './router.ts'
import { announce, type Json, type RefMove, type Repository, repositoryOf, type World, zeros } from './world.ts'

/** GitHub lists at most this many commits in a push. */
const commitsMax = 2_048

/**
 * Everything that follows from branches having moved: the activity journal, the `push` webhook, and for each open
 * pull request of the branch its new head and `synchronize`.
 */
export async function refsMoved(
  world: World,
  repository: Repository,
  moves: RefMove[],
  who: Identity,
  sender: Json,
): Promise<void> {
  for (const move of moves) {
    const forced = await isForced(repository, move)
    record(world, repository, move, forced, sender)
    await announce(world, repository, 'push', sender, await pushPayload(world, repository, move, forced, sender))
    await moveHeads(world, repository, move, sender)
    for (const told of world.onPush) told(repository, move, who, sender)
  }
}

/** The branches and tags that differ between two listings of refs. */
export function movesBetween(before: Map<string, string>, after: Map<string, string>): RefMove[] {
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names]
    .filter((ref) => /^refs\/(heads|tags)\//.test(ref) && before.get(ref) !== after.get(ref))
    .map((ref) => ({ ref, before: before.get(ref) ?? zeros, after: after.get(ref) ?? zeros }))
}

async function isForced(repository: Repository, move: RefMove): Promise<boolean> {
  if (move.before === zeros || move.after === zeros) return false
  return !(await repository.store.isAncestor(move.before, move.after))
}

function record(world: World, repository: Repository, move: RefMove, forced: boolean, actor: Json): void {
  const kind =
    move.before === zeros
      ? 'branch_creation'
      : move.after === zeros
        ? 'branch_deletion'
        : forced
          ? 'force_push'
          : 'push'
  const at = `${world.now().toISOString().slice(0, 19)}Z`
  repository.activity.unshift({ id: world.nextId(), ...move, at, kind, actor })
}

async function pushPayload(
  world: World,
  repository: Repository,
  move: RefMove,
  forced: boolean,
  sender: Json,
): Promise<Json> {
  const { store } = repository
  const deleted = move.after === zeros
  const from = move.before === zeros ? await store.resolve('refs/heads/main') : move.before
  const shas = deleted ? [] : from === null || from === move.after ? [] : await store.between(from, move.after)
  const commits = await Promise.all(shas.slice(-commitsMax).map((sha) => pushCommit(world, repository, sha)))
  return {
    ref: move.ref,
    before: move.before,
    after: move.after,
    created: move.before === zeros,
    deleted,
    forced,
    base_ref: null,
    compare: `${world.url}/${repository.fullName}/compare/${move.before.slice(0, 12)}...${move.after.slice(0, 12)}`,
    commits,
    head_commit: deleted ? null : await pushCommit(world, repository, move.after),
    pusher: { name: sender.login, email: null },
  }
}

async function pushCommit(world: World, repository: Repository, sha: string): Promise<Json> {
  const commit = await repository.store.commit(sha)
  const parent = commit?.parents[0]
  const files = parent === undefined ? [] : await repository.store.diff(parent, sha)
  const named = (status: string): string[] =>
    files.filter((file) => file.status === status).map((file) => file.filename)
  return {
    id: sha,
    tree_id: commit?.tree,
    distinct: true,
    message: commit?.message,
    timestamp: commit?.committer.date,
    url: `${world.url}/${repository.fullName}/commit/${sha}`,
    author: commit?.author,
    committer: commit?.committer,
    added: named('added'),
    removed: named('removed'),
    modified: files.filter((file) => file.status !== 'added' && file.status !== 'removed').map((file) => file.filename),
  }
}

async function moveHeads(world: World, moved: Repository, move: RefMove, sender: Json): Promise<void> {
  if (move.after === zeros) return
  for (const repository of world.repositories.values()) {
    for (const pull of repository.pulls.values()) {
      const ours = pull.headRepository === moved && `refs/heads/${pull.headRef}` === move.ref
      if (!pull.open || !ours || pull.headSha === move.after) continue
      await setHead(repository, pull, move.after)
      const payload = { action: 'synchronize', number: pull.number, before: move.before, after: move.after }
      const json = await pullJson(world, repository, pull.number)
      await announce(world, repository, 'pull_request', sender, { ...payload, pull_request: json })
      for (const told of world.onHead) told(repository, pull, sender)
    }
  }
}

export function pushRoutes(world: World): Route[] {
  /** The repository activity API: who moved which ref when, newest first. */
  function activity(ask: Ask): Answer {
    const repository = repositoryOf(world, ask)
    const ref = ask.query.get('ref')
    const full = ref === null || ref.startsWith('refs/') ? ref : `refs/heads/${ref}`
    const type = ask.query.get('activity_type')
    const items = repository.activity.filter(
      (one) => (full === null || one.ref === full) && (type ?? one.kind) === one.kind,
    )
    const json = items.map(({ id, before, after, ref, at, kind, actor }) => ({
      id,
      before,
      after,
      ref,
      timestamp: at,
      activity_type: kind,
      actor,
    }))
    return page(ask, world.url, json)
  }
  return [route('GET', '/repos/:owner/:repo/activity', activity)]
}
