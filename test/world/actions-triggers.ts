import type { ActionsEngine } from './actions.ts'
import { actionsApp } from './emulator.ts'
import type { Identity } from './identity.ts'
import { pullJson } from './pulls.ts'
import { startsOnPush } from './workflow-file.ts'
import { actorOf, type Json, type PullFacts, type RefMove, type Repository, type World, zeros } from './world.ts'

const skipping = /\[(skip ci|ci skip|no ci|skip actions|actions skip)\]/

/** What starts Actions workflows by itself: pushes to the default branch, and the clock. */
export function createTriggers(world: World, engine: Pick<ActionsEngine, 'begin' | 'workflows'>) {
  /** A push with a job's token starts nothing; nor does one to a branch other than the default one, here. */
  async function pushed(repository: Repository, move: RefMove, who: Identity, sender: Json): Promise<void> {
    if (move.ref !== 'refs/heads/main' || move.after === zeros || who.kind === 'job' || repository.fork) return
    const head = await repository.store.commit(move.after)
    if (skipping.test(head?.message ?? '')) return
    const files = move.before === zeros ? [] : await repository.store.diff(move.before, move.after)
    const paths = files.flatMap((file) => [file.filename, file.previousFilename ?? file.filename])
    const head_commit = { id: move.after, message: head?.message }
    const payload = { ref: move.ref, before: move.before, after: move.after, sender, head_commit }
    for (const { path, file } of await engine.workflows(repository, move.after)) {
      if (!file || !startsOnPush(file, 'main', paths)) continue
      await engine.begin({ ...startOf(repository, path, move.after, sender), event: 'push', payload })
    }
  }

  /** A new head of a pull request, by a person: `pull_request` by the head's own files, `pull_request_target` by the default branch's. */
  async function pulled(repository: Repository, pull: PullFacts, sender: Json): Promise<void> {
    const sha = await repository.store.resolve('refs/heads/main')
    if (sha === null || sender.type === 'Bot') return
    const json = await world.emulate('GET', `/repos/${repository.fullName}`)
    const payload = {
      number: pull.number,
      pull_request: await pullJson(world, repository, pull.number),
      repository: json,
    }
    const ofHead = repository.fork ? [] : await engine.workflows(repository, pull.headSha)
    for (const { path, file } of ofHead) {
      if (!file?.on.pull_request) continue
      const start = { ...startOf(repository, path, pull.headSha, sender), ref: `refs/pull/${pull.number}/merge` }
      await engine.begin({ ...start, event: 'pull_request', payload })
    }
    for (const { path, file } of await engine.workflows(repository, sha)) {
      if (!file?.on.pull_request_target) continue
      await engine.begin({ ...startOf(repository, path, sha, sender), event: 'pull_request_target', payload })
    }
  }

  async function schedule(): Promise<void> {
    const sender = await actorOf(world, {
      kind: 'app',
      login: `${actionsApp.slug}[bot]`,
      app: actionsApp,
      permissions: {},
    })
    for (const repository of world.repositories.values()) {
      const sha = await repository.store.resolve('refs/heads/main')
      if (sha === null || repository.fork) continue
      for (const { path, file } of await engine.workflows(repository, sha)) {
        if (!file?.on.schedule) continue
        const payload = { schedule: file.on.schedule, sender }
        await engine.begin({ ...startOf(repository, path, sha, sender), event: 'schedule', payload })
      }
    }
  }

  return { pushed, pulled, schedule }
}

const startOf = (repository: Repository, path: string, sha: string, sender: Json) => ({
  repository,
  path,
  ref: 'refs/heads/main',
  sha,
  inputs: {},
  actor: String(sender.login),
  sender,
})
