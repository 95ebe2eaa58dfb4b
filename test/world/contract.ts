/**
 * What the stand-ins offer to tests and to the demo. `startGitHub` (github.ts) returns a `GitHub`, `startModel`
 * (model.ts) a `Model`. Everything runs in this process on 127.0.0.1 with ports of its own and ends with `close()`.
 *
 * What is real: git objects, refs, merges and diffs (a bare repository, served over smart HTTP as well), webhook
 * signatures, OIDC tokens, the Action's process. Issues, comments, labels, reviews, check runs, users and
 * installation tokens live in `emulate`; the overlay in front of it adds what that lacks.
 */
import type { Model, ModelOptions } from './model-contract.ts'

export type { Model, ModelOptions }

/** What a person may do to a repository, as GitHub's roles are called. `none`: not a collaborator at all. */
export type Permission = 'admin' | 'maintain' | 'write' | 'triage' | 'read' | 'none'

export type FileMode = '100644' | '100755' | '120000'

/** Path to content; `null` removes the path. A string is a regular file, mode 100644. */
export type Files = Record<string, string | { content: string | Uint8Array; mode: FileMode } | null>

export type Seed = {
  /** The organisation that owns the repositories. */
  owner: string
  repo: string
  /** Committed to `main` as the first commit; a string is a directory to copy. */
  files: Files | string
  /** Login to permission; each gets a token (`tokenOf`) and hands (`person`). */
  users: Record<string, Permission>
  /** Further repositories of the same owner, such as `.github`. */
  others?: Record<string, Files | string>
  /** Those of all repositories that not everybody can read, by name. */
  privates?: readonly string[]
}

export type GitHubOptions = {
  /** An empty directory that this world may fill: repositories, checkouts, the jobs' workspaces. */
  dir: string
  app: {
    /** Where webhooks go. It may be left out and set later by `hooks.target(url)`, before the first event. */
    webhookUrl?: string
    webhookSecret: string
    slug?: string
    /** What the installation may do; by default what Purser's `app.yml` asks for. */
    permissions?: Record<string, 'read' | 'write'>
  }
  seed: Seed
  actions?: ActionsOptions
  /** A shell command run on every new head of a pull request in a fresh checkout; its exit code becomes a check run. */
  ci?: string
  /** The clock of everything that GitHub stamps: commits, pushes, comments, statuses, runs, ID tokens. */
  now?: () => Date
}

export type GitHub = {
  /** Base of the REST API and of git: `${url}/repos/...` and `${url}/${owner}/${repo}.git`. */
  url: string
  repository: RepositoryInfo
  app: {
    id: number
    slug: string
    privateKey: string
    installationId: number
    /** A fresh installation token of the App, as the App itself would ask for. */
    token(): Promise<string>
  }
  /** Some job's `GITHUB_TOKEN`, as its workflow's `permissions` let it have. */
  jobToken(permissions?: Record<string, string>): Promise<string>
  oidc: Oidc
  hooks: Webhooks
  actions: Actions
  ci: Ci
  /** In the seeded repository, or in another of its owner's. */
  person(login: string, repo?: string): Person
  /** The personal access token of a seeded user. */
  tokenOf(login: string): string
  /** Requests answered since the start, oldest first, the last 10,000. */
  calls(): Call[]
  /** Makes the next matching requests fail. */
  fail(fault: Fault): void
  /** Resolves when no webhook, job or check is under way, and none of them started another. */
  settled(): Promise<void>
  close(): Promise<void>
}

export type RepositoryInfo = {
  id: number
  owner: string
  ownerId: number
  name: string
  fullName: string
  /** The bare repository, to be read with git. */
  gitDir: string
}

export type Call = {
  method: string
  path: string
  status: number
  /** `anonymous` sent no credentials; `unknown` sent some that nobody issued. */
  who: 'app' | 'job' | 'person' | 'anonymous' | 'unknown'
  login: string | null
  body: unknown
}

export type Fault = {
  method?: string
  /** Matched against the path without its query. */
  path: RegExp
  status: number
  /** How many requests fail; 1 when absent. */
  times?: number
  headers?: Record<string, string>
  /** Answer with the fault only after GitHub has acted. */
  afterActing?: boolean
}

// --- webhooks -------------------------------------------------------------------------------------------------

export type Delivery = {
  /** The value of `X-GitHub-Delivery`; a redelivery repeats it. */
  id: string
  event: string
  action: string | null
  payload: Record<string, unknown>
  /** Statuses of the answers in order, one an attempt; 0 when nothing answered. Empty while queued or dropped. */
  statuses: number[]
}

export type HookFault = {
  event?: string
  action?: string
  /** `drop` never sends it and GitHub's log has forgotten it, `duplicate` sends it twice, `last` sends it after those queued behind it. */
  kind: 'drop' | 'duplicate' | 'last'
  times?: number
}

export type Webhooks = {
  target(url: string): void
  /** Oldest first, the last 2,000. */
  deliveries(): Delivery[]
  redeliver(id: string): Promise<number>
  fault(fault: HookFault): void
  /** Sends nothing more until `resume`: the App is down. Events are kept in the journal; GitHub's log says that nothing answered, or nothing at all where that is `forgotten`. */
  pause(how?: { forgotten: boolean }): void
  resume(): void
  /** Resolves when every queued delivery has been answered. */
  settled(): Promise<void>
}

// --- people ---------------------------------------------------------------------------------------------------

export type PullInfo = { number: number; branch: string; head: string }

export type NewPull = {
  branch: string
  title: string
  files: Files
  body?: string
  base?: string
  /** From the person's own fork, made when it isn't there. */
  fork?: boolean
}

export type Person = {
  login: string
  token: string
  /** Commits `files` on a new branch made from `base` (default `main`), pushes it by git and opens the pull request. */
  openPull(pull: NewPull): Promise<PullInfo>
  /** Commits and pushes by git; makes the branch from `main` when it isn't there. `force` starts from main again. */
  push(push: { branch: string; files: Files; message?: string; force?: boolean }): Promise<string>
  openIssue(title: string, body?: string): Promise<number>
  comment(number: number, body: string): Promise<number>
  editComment(id: number, body: string): Promise<void>
  label(number: number, name: string): Promise<void>
  unlabel(number: number, name: string): Promise<void>
  /** Answers the sha of the merge commit. */
  merge(number: number, method?: 'merge' | 'squash' | 'rebase'): Promise<string>
  close(number: number): Promise<void>
  /** Switches GitHub's auto-merge on or off. Nothing merges by itself here. */
  autoMerge(number: number, on: boolean): Promise<void>
  /** Puts a pull request into the merge queue of its base, or takes it out. Nothing merges by itself here. */
  mergeQueue(number: number, on: boolean): Promise<void>
  /** Opens "Revert ..." with the body "Reverts owner/repo#N", a real revert commit, and merges it. */
  revert(number: number): Promise<PullInfo>
}

// --- the repository's own CI, and what other Apps report ------------------------------------------------------

export type Conclusion = 'success' | 'failure' | 'neutral'

export type Ci = {
  /**
   * A completed check run by an App: GitHub Actions (15368) unless another id is given. One of the same name stands beside it
   * where it is of another `suite`, as of another Actions workflow or event, and else takes its place.
   */
  check(sha: string, name: string, conclusion: Conclusion, appId?: number, suite?: string): Promise<number>
  status(sha: string, context: string, state: 'success' | 'failure' | 'error' | 'pending'): Promise<void>
  /** What the `ci` command said, oldest first. */
  runs(): { sha: string; exitCode: number; output: string }[]
  idle(): Promise<void>
}

// --- OIDC -----------------------------------------------------------------------------------------------------

export type JobClaims = Record<string, string>

export type Oidc = {
  issuer: string
  /** Signs a token as GitHub would for `claims`; with `forge`, by a key nobody published or under another issuer. */
  sign(
    audience: string,
    claims: JobClaims,
    forge?: { key?: boolean; issuer?: string; expired?: boolean },
  ): Promise<string>
  /** The address and bearer that a job asks with; the claims are the job's. */
  grant(claims: JobClaims): { requestUrl: string; requestToken: string; revoke(): void }
  close(): Promise<void>
}

// --- Actions --------------------------------------------------------------------------------------------------

export type ActionsOptions = {
  /** The directory whose `action.yml` stands for Purser's Action (any `uses: .../purser@...`, or `./`). */
  action: string
  secrets?: Record<string, string>
  vars?: Record<string, string>
  /** Added to the environment of the Action's process and of `run:` steps. */
  extraEnv?: Record<string, string>
  /** Jobs at a time; 2 when absent. */
  concurrency?: number
  /** `run:` steps that this machine must not run (installing packages, `sudo`); they count as succeeded and are named. */
  skip?: (step: { name: string; run: string }) => boolean
}

export type StepRun = {
  name: string
  uses: string | null
  run: string | null
  conclusion: 'success' | 'failure' | 'cancelled' | 'skipped'
  /** Null when nothing was started: a skipped step, or an Action that this stand-in doesn't have. */
  exitCode: number | null
  outputs: Record<string, string>
  state: Record<string, string>
  summary: string
  /** Standard output and error as a reader of the log sees them: masked, commands taken out. */
  log: string
  annotations: { level: 'error' | 'warning' | 'notice'; message: string }[]
  post: { exitCode: number | null; log: string } | null
}

export type Job = {
  id: number
  checkRunId: number
  /** Its name in the file's `jobs:`. */
  key: string
  name: string
  status: 'queued' | 'in_progress' | 'completed'
  conclusion: 'success' | 'failure' | 'cancelled' | 'skipped' | null
  steps: StepRun[]
  workspace: string
}

export type ActionsRun = {
  id: number
  /** Path of the Actions workflow file, `.github/workflows/purser.yml`. */
  workflow: string
  /** The file's `name:`. */
  name: string
  event: string
  ref: string
  sha: string
  attempt: number
  inputs: Record<string, string>
  actor: string
  status: 'queued' | 'in_progress' | 'completed'
  conclusion: 'success' | 'failure' | 'cancelled' | 'skipped' | null
  jobs: Job[]
  /** Why the run failed before a step could: a syntax error, an expression this stand-in doesn't know. */
  problem: string | null
}

export type Actions = {
  runs(): ActionsRun[]
  /** Stops a run as GitHub does: SIGINT, SIGTERM after 7.5 s, SIGKILL 2.5 s later; then `post`. */
  cancel(runId: number): void
  /** Kills the processes of a run at once, without `post`, as a lost runner: the job ends as cancelled. */
  lose(runId: number): void
  /** The next `times` (default 1) dispatches are accepted and their jobs stay queued for ever. */
  neverStart(times?: number): void
  /** Takes that back for the Actions runs that begin from now on. */
  startAgain(): void
  /** Adds to what `vars.X` says, from the next job on. */
  vars(more: Record<string, string>): void
  /** Starts the Actions workflows of the default branch that listen to `schedule`. */
  schedule(): Promise<void>
  idle(): Promise<void>
}
