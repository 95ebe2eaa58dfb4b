/** The job this process runs in: its repository, its event and what the run is about, from what Actions provides. */
import { context } from '@actions/github'
import { z } from 'zod/mini'
import type { Subject } from '../../core/plan/plan.ts'
import { type Refusal, refuse } from '../../core/reason.ts'
import { discussion } from '../../core/session/subject-words.ts'
import type { CommitSource } from '../workspace/checkout.ts'

const NO_COMMIT = /^0+$/

const refSchema = z.object({
  ref: z.string().check(z.maxLength(250)),
  sha: z.string(),
  repo: z.nullish(z.object({ id: z.number() })),
})

const written = { number: z.int().check(z.positive()), title: z.string(), body: z.nullish(z.string()) }

const eventSchema = z.object({
  before: z.optional(z.string()),
  repository: z.optional(z.object({ default_branch: z.string().check(z.maxLength(250)) })),
  pull_request: z.optional(z.object({ ...written, head: refSchema, base: refSchema })),
  issue: z.optional(z.object(written)),
})
export type Event = z.infer<typeof eventSchema>

export interface Job {
  readonly repository: string
  readonly sha: string
  readonly ref: string
  readonly event: Event
  readonly serverUrl: string
}

export function readJob(): Job {
  const { owner, repo } = context.repo
  return {
    repository: `${owner}/${repo}`,
    // The toolkit's types promise what only a real job has.
    sha: context.sha ?? '',
    ref: context.ref ?? '',
    event: eventSchema.safeParse(context.payload).data ?? {},
    serverUrl: context.serverUrl,
  }
}

/** What a job's own run is about, where no App says it. */
export function jobSubject(job: Job): Subject | Refusal {
  const pull = job.event.pull_request
  if (pull !== undefined) {
    if (pull.head.repo?.id !== pull.base.repo?.id) return refuse('fork')
    return {
      kind: 'pull-request',
      repository: job.repository,
      number: pull.number,
      title: pull.title.slice(0, 500),
      ...textOf(pull),
      headSha: pull.head.sha,
      headRef: pull.head.ref,
      baseSha: pull.base.sha,
    }
  }
  if (!/^[0-9a-f]{40,64}$/.test(job.sha)) {
    return refuse('checkout-failed', 'GITHUB_SHA names no commit, so there is nothing to work on.')
  }
  const { issue } = job.event
  if (issue !== undefined) {
    return {
      kind: 'issue',
      repository: job.repository,
      number: issue.number,
      title: issue.title.slice(0, 500),
      ...textOf(issue),
      headSha: job.sha,
    }
  }
  const before = pushedFrom(job)
  return {
    kind: 'push',
    repository: job.repository,
    headSha: job.sha,
    ...(job.ref.startsWith('refs/heads/') && { headRef: job.ref.slice('refs/heads/'.length) }),
    ...(before !== undefined && { baseSha: before }),
  }
}

/** Comments are not part of an event. */
function textOf({ body }: { body?: string | null | undefined }): Pick<Subject, 'text'> {
  const text = discussion(body ?? '')
  return text === '' ? {} : { text }
}

/** The commit that a push started from; a new branch has none. */
export function pushedFrom(job: Job): string | undefined {
  const { before } = job.event
  return before === undefined || NO_COMMIT.test(before) || !/^[0-9a-f]{40,64}$/.test(before) ? undefined : before
}

/** GitHub. The token is in no file: git gets it for one fetch. */
export function commitSource(job: Job, token: string | undefined): CommitSource {
  const authorization =
    token === undefined ? undefined : `basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`
  return {
    remote: { url: `${job.serverUrl}/${job.repository}.git`, authorization },
  }
}
