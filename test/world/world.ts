import type { Permission, RepositoryInfo } from './contract.ts'
import type { GitStore } from './git-store.ts'
import type { AppIdentity, Identities, Identity } from './identity.ts'
import { type Ask, notFound } from './router.ts'
import type { HookQueue } from './webhooks.ts'

export type Json = Record<string, unknown>

/** What the bare repositories know of a pull request; `emulate` keeps its title, labels, state and talk. */
export type PullFacts = {
  number: number
  headRepository: Repository
  headRef: string
  headSha: string
  baseRef: string
  baseSha: string
  open: boolean
  autoMerge: Json | null
  queued: boolean
  /** `commits`: all that came in by it. */
  merged: { sha: string; at: string; by: Json; commits: readonly string[] } | null
}

/** One movement of a ref, as the repository activity API tells it. */
export type Activity = { id: number; ref: string; before: string; after: string; at: string; kind: string; actor: Json }

export type Status = {
  id: number
  sha: string
  state: string
  context: string
  description: string | null
  target_url: string | null
  created_at: string
  creator: Json
}

/** One of an issue's events: a label that came or went. */
export type IssueEvent = { id: number; event: string; actor: Json; created_at: string; label: { name: string } }

export type Repository = RepositoryInfo & {
  store: GitStore
  fork: boolean
  pulls: Map<number, PullFacts>
  activity: Activity[]
  statuses: Status[]
  /** Which App made a check run, and in which of its suites; `emulate` doesn't keep it. */
  checks: Map<number, { sha: string; app: AppIdentity; suite: string }>
  /** Of issues and pull requests, by number. */
  events: Map<number, IssueEvent[]>
  /** When an issue or pull request was last changed. */
  touched: Map<number, string>
  /** Of issues and pull requests, in the order in which they were written. */
  comments: Json[]
}

/** A branch or tag that moved. `before` or `after` is forty zeros when it was made or deleted. */
export type RefMove = { ref: string; before: string; after: string }

/** What all parts of the overlay share. */
export type World = {
  url: string
  dir: string
  owner: string
  now: () => Date
  identities: Identities
  hooks: HookQueue
  repositories: Map<string, Repository>
  permissions: Map<string, Permission>
  app: { id: number; slug: string; privateKey: string; installationId: number }
  /** Asks `emulate` itself, as the site's administrator unless a token is given. Throws on a refusal. */
  emulate(method: string, path: string, body?: unknown, token?: string): Promise<Json>
  /** Told of every push, after its webhooks are queued. */
  onPush: ((repository: Repository, move: RefMove, who: Identity, sender: Json) => void)[]
  /** Told when a pull request has a new head. */
  onHead: ((repository: Repository, pull: PullFacts, sender: Json) => void)[]
  nextId(): number
  /** An installation token of the App under test or of GitHub Actions, known to the overlay. */
  appToken(app: 'purser' | 'actions', permissions?: Record<string, string>): Promise<string>
}

export const zeros = '0'.repeat(40)

export function repositoryOf(world: World, ask: Ask): Repository {
  const found = world.repositories.get(`${ask.params.owner}/${ask.params.repo}`)
  if (!found) throw notFound()
  return found
}

/** `emulate`'s user for whoever asks: a person, or the bot of an App. */
export async function actorOf(world: World, who: Identity): Promise<Json> {
  if (who.login === null) throw notFound()
  return world.emulate('GET', `/users/${encodeURIComponent(who.login)}`).then(briefUser)
}

/** The fields of a user that GitHub puts into other objects. */
export function briefUser(user: Json): Json {
  const { login, id, node_id, avatar_url, url, html_url, type, site_admin } = user
  return { login, id, node_id, avatar_url, url, html_url, type, site_admin }
}

export const appJson = (app: AppIdentity): Json => ({ id: app.id, slug: app.slug, name: app.name })

/** As GitHub writes times: in whole seconds. */
export const stampOf = (world: World): string => `${world.now().toISOString().slice(0, 19)}Z`

/** Queues a webhook with what every payload carries. */
export async function announce(
  world: World,
  repository: Repository,
  event: string,
  sender: Json,
  payload: Json,
): Promise<void> {
  const { number } = (payload.issue ?? payload.pull_request ?? {}) as Json
  if (number !== undefined) repository.touched.set(Number(number), stampOf(world))
  if (repository.owner !== world.owner) return
  world.hooks.queue(event, {
    ...payload,
    repository: await world.emulate('GET', `/repos/${repository.fullName}`),
    organization: { login: world.owner, id: repository.ownerId },
    sender,
    installation: { id: world.app.installationId, node_id: `I_${world.app.installationId}` },
  })
}
