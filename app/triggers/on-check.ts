/** A check or status that failed on a head: of an open pull request, or of the default branch. */

import { mayReport } from '../../core/outcome/observed-checks.ts'
import { isAwaited } from '../../core/plan/starts.ts'
import { isRefusal } from '../../core/reason.ts'
import { isOurActionsRun } from '../ledger/history.ts'
import type { Parts } from '../parts.ts'
import { declaredBy } from '../run/prepare.ts'
import type { Place } from '../subject/place.ts'
import { readPullRequest } from '../subject/subject.ts'
import { once, onDefaultBranch } from './occasions.ts'
import { pusherOf } from './pusher.ts'
import { type Cause, startAll } from './start.ts'

export interface FailedCheck {
  readonly name: string
  readonly headSha: string
  /** An App by its short name, or whoever set a status, for which write access is enough. */
  readonly reporter: { readonly app: string } | { readonly person: Cause | undefined }
  /** The Actions run that it belongs to, where it is one. */
  readonly actionsRunId?: number | undefined
}

/**
 * Once for each head and workflow, however many of its checks fail. Whoever pushed the head is the cause; where a person says that
 * it failed they need the access too, since what they say is theirs to choose.
 */
export async function startOnFailed(parts: Parts, place: Place, check: FailedCheck): Promise<void> {
  // A run of Purser's own that fails is no failure of the repository's.
  if (check.actionsRunId !== undefined && (await isOurActionsRun(parts.prisma, place.repositoryId, check.actionsRunId)))
    return
  const declared = await declaredBy(parts, place)
  if (isRefusal(declared) || !isAwaited(declared.configuration, 'check')) return
  const { name, headSha, reporter } = check
  if ('app' in reporter && !mayReport(reporter.app, declared.configuration.portfolios.checks.apps)) return
  const alsoCause = 'app' in reporter ? undefined : reporter.person
  if (!('app' in reporter) && alsoCause === undefined) return
  const { data: pulls } = await place.octokit.rest.repos.listPullRequestsAssociatedWithCommit({
    ...place.name,
    commit_sha: headSha,
    per_page: 10,
  })
  const pull = pulls.find(({ state, head }) => state === 'open' && head.sha === headSha)
  if (pull !== undefined) {
    const cause = await pusherOf(place, pull.head.ref, headSha, 1)
    if (cause === undefined) return
    return startAll(parts, place, {
      happening: { kind: 'check', name, subject: 'pull-request' },
      cause,
      alsoCause,
      commandKey: (family) => `check:${headSha}:${family}`,
      subject: once(() => readPullRequest(place, pull.number)),
    })
  }
  // Where the branch has another head by now nothing starts.
  const cause = await pusherOf(place, place.defaultBranch, headSha, 1)
  if (cause === undefined) return
  await startAll(parts, place, {
    happening: { kind: 'check', name, subject: 'push' },
    cause,
    alsoCause,
    commandKey: (family) => `check:${headSha}:${family}`,
    subject: async (family) => onDefaultBranch(place, family, headSha, undefined),
  })
}

/** `https://github.com/acme/shop/actions/runs/12/job/34`. */
export function actionsRunOf(detailsUrl: string | null | undefined): number | undefined {
  const id = /\/actions\/runs\/(\d{1,15})(?:\/|$)/.exec(detailsUrl ?? '')?.[1]
  return id === undefined ? undefined : Number(id)
}
