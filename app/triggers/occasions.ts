/** The events on GitHub that may start something by themselves. */

import type { Moment } from '../../core/config/trigger.ts'
import { subjectKeyOf } from '../../core/plan/assignment.ts'
import type { Subject } from '../../core/plan/plan.ts'
import { lastHeadOf } from '../ledger/history.ts'
import { isSetNow } from '../observe/label.ts'
import type { Parts } from '../parts.ts'
import { fullNameOf, type Place } from '../subject/place.ts'
import { type FoundSubject, readIssue, readPullRequest } from '../subject/subject.ts'
import { headMoved, movedMeanwhile } from './at-its-turn.ts'
import { type Cause, startAll } from './start.ts'

export interface PullRequestEvent {
  readonly action: string
  readonly number: number
  readonly sender?: Cause | undefined
  readonly label?: { readonly name: string } | null | undefined
  readonly pull_request: { readonly draft?: boolean | undefined; readonly head: { readonly sha: string } }
}

const moments: Readonly<Record<string, Moment>> = {
  opened: 'opened',
  reopened: 'opened',
  ready_for_review: 'ready',
  synchronize: 'synchronize',
}

/** Once for each head: whoever opens, marks as ready and pushes in one minute has it looked at once. */
export async function startOnPullRequest(
  parts: Parts,
  place: Place,
  deliveryId: string,
  { action, number, sender, label, pull_request: pull }: PullRequestEvent,
): Promise<void> {
  if (sender === undefined) return
  if (action === 'labeled' && label) {
    const subject = once(() => readPullRequest(place, number))
    return startOnLabel(parts, place, {
      deliveryId,
      number,
      label: label.name,
      sender,
      kind: 'pull-request',
      subject,
      headSha: pull.head.sha,
    })
  }
  const moment = moments[action]
  if (moment === undefined || pull.draft) return
  const subject = once(() => readPullRequest(place, number))
  await startAll(parts, place, {
    happening: { kind: 'pull-request', moment },
    cause: sender,
    commandKey: (family, { subject: { headSha } }) => `head:${number}:${headSha}:${family}`,
    subject,
    // Another's head is theirs to start something on: their push tells of itself.
    isOver: async () => (await movedMeanwhile(parts, place, (await subject()).subject, pull.head.sha)) !== undefined,
  })
}

export async function startOnIssueLabel(
  parts: Parts,
  place: Place,
  deliveryId: string,
  event: {
    readonly action: string
    readonly issue: { readonly number: number; readonly title: string; readonly state?: string | undefined }
    readonly sender: Cause
    readonly label?: { readonly name: string } | null | undefined
  },
): Promise<void> {
  const { action, issue, sender, label } = event
  if (action !== 'labeled' || !label) return
  const { number, title, state } = issue
  const subject = once(() => readIssue(place, { number, title, open: state !== 'closed' }))
  await startOnLabel(parts, place, { deliveryId, number, label: label.name, sender, kind: 'issue', subject })
}

interface Labelled {
  readonly deliveryId: string
  readonly number: number
  readonly label: string
  readonly sender: Cause
  readonly kind: 'pull-request' | 'issue'
  subject(): Promise<FoundSubject>
  /** The head that whoever set it could see. */
  readonly headSha?: string | undefined
}

async function startOnLabel(
  parts: Parts,
  place: Place,
  { deliveryId, number, label, sender, kind, subject, headSha }: Labelled,
): Promise<void> {
  await startAll(parts, place, {
    happening: { kind: 'label', label, subject: kind },
    cause: sender,
    commandKey: (family) => `label:${number}:${deliveryId}:${family}`,
    subject,
    isOver: async () => !(await isSetNow(place, number, label)),
    refusal: ({ subject: now }) =>
      headSha === undefined || now.headSha === headSha ? undefined : headMoved(now.headSha),
  })
}

/** Commits of one push whose files are looked at. */
const COMMITS_MAX = 2_048

export async function startOnPush(
  parts: Parts,
  place: Place,
  event: {
    readonly ref: string
    readonly before: string
    readonly after: string
    readonly sender?: Cause | undefined
    readonly commits: readonly {
      readonly added?: readonly string[] | undefined
      readonly removed?: readonly string[] | undefined
      readonly modified?: readonly string[] | undefined
    }[]
  },
): Promise<void> {
  const { ref, before, after, sender, commits } = event
  if (ref !== `refs/heads/${place.defaultBranch}` || sender === undefined || isZeros(after)) return
  const changed = commits
    .slice(0, COMMITS_MAX)
    .flatMap(({ added = [], removed = [], modified = [] }) => [...added, ...removed, ...modified])
  await startAll(parts, place, {
    happening: { kind: 'push' },
    cause: sender,
    commandKey: (family) => `push:${after}:${family}`,
    subject: async (family) => onDefaultBranch(place, family, after, isZeros(before) ? undefined : before),
    changed: async () => changed,
  })
}

/** A branch's first push comes from nowhere, and its last leads there, which git writes as zeros. */
function isZeros(sha: string): boolean {
  return /^0+$/.test(sha)
}

export async function startOnDispatch(
  parts: Parts,
  place: Place,
  deliveryId: string,
  event: { readonly action: string; readonly sender: Cause },
): Promise<void> {
  await startAll(parts, place, {
    happening: { kind: 'dispatch', event: event.action },
    cause: event.sender,
    commandKey: (family) => `dispatch:${deliveryId}:${family}`,
    subject: (family) => defaultHead(parts, place, family),
  })
}

export async function startOnSchedule(
  parts: Parts,
  place: Place,
  { family, cron, dueAt }: { readonly family: string; readonly cron: string; readonly dueAt: Date },
): Promise<void> {
  await startAll(parts, place, {
    happening: { kind: 'schedule', family, cron },
    cause: 'clock',
    commandKey: () => `schedule:${family}:${dueAt.toISOString()}`,
    subject: () => defaultHead(parts, place, family),
  })
}

/** The default branch as it is; what is new is what came since the workflow was last worked through. */
async function defaultHead(parts: Parts, place: Place, family: string): Promise<FoundSubject> {
  const { data } = await place.octokit.rest.git.getRef({ ...place.name, ref: `heads/${place.defaultBranch}` })
  const last = await lastHeadOf(parts.prisma, place.repositoryId, family)
  return onDefaultBranch(place, family, data.object.sha, last)
}

export function onDefaultBranch(
  place: Place,
  family: string,
  headSha: string,
  baseSha: string | undefined,
): FoundSubject {
  const subject: Subject = {
    kind: 'push',
    repository: fullNameOf(place),
    headSha,
    headRef: place.defaultBranch,
    ...(baseSha === undefined || baseSha === headSha ? {} : { baseSha }),
  }
  return { subject, key: subjectKeyOf(subject, family), open: true, fork: false }
}

/** The subject is the same for every workflow that starts on it. */
export function once<T>(read: () => Promise<T>): () => Promise<T> {
  let known: Promise<T> | undefined
  return () => {
    known ??= read()
    return known
  }
}
