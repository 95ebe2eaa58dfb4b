/** Which station each webhook goes to. Handlers are Probot's; what they do is in the files they name. */
import type { Probot } from 'probot'
import { appNamed, isMachine } from '../delivery/author.ts'
import { onComment } from './comment/on-comment.ts'
import type { Octokit } from './github.ts'
import { noteAway, noteBack } from './ledger/away.ts'
import { onCheckRun, onCheckSuite, onStatus } from './observe/checks.ts'
import { onIssue } from './observe/issue.ts'
import { onJob, onWorkflowRun } from './observe/job.ts'
import { onPullRequest } from './observe/pull-request.ts'
import { onPush } from './observe/push.ts'
import { onReview } from './observe/review.ts'
import type { Parts } from './parts.ts'
import { beginReading } from './reconcile/readings.ts'
import { onInstalled } from './subject/installation.ts'
import { noteRepository, type Place, placeOf } from './subject/place.ts'
import { startOnDispatch, startOnIssueLabel, startOnPullRequest, startOnPush } from './triggers/occasions.ts'
import { actionsRunOf, startOnFailed } from './triggers/on-check.ts'
import { followSchedules } from './triggers/schedules.ts'

/** What every handled payload has. */
interface EventContext {
  readonly octokit: Octokit
  readonly payload: {
    readonly repository?: Parameters<typeof noteRepository>[1] | undefined
    readonly installation?: { readonly id: number } | undefined
  }
}

/** Those that say what became of an issue. */
const issueEvents = [
  'issues.opened',
  'issues.labeled',
  'issues.unlabeled',
  'issues.closed',
  'issues.reopened',
  'issues.deleted',
  'issues.transferred',
] as const

export function loadHandlers(probot: Probot, parts: Parts): void {
  const at = async ({ payload, octokit }: EventContext): Promise<Place | undefined> => {
    if (!payload.repository || !payload.installation) return undefined
    return placeOf(parts, octokit, await noteRepository(parts.prisma, payload.repository, payload.installation.id))
  }
  probot.on('issue_comment.created', async (context) => {
    const place = await at(context)
    const { comment, issue } = context.payload
    if (!place || !comment.user) return
    await onComment(parts, place, {
      deliveryId: context.id,
      commentId: comment.id,
      createdAt: comment.created_at,
      body: comment.body,
      author: { login: comment.user.login, type: comment.user.type ?? 'User' },
      issue: {
        number: issue.number,
        title: issue.title,
        open: issue.state === 'open',
        isPullRequest: Boolean(issue.pull_request),
      },
    })
  })
  probot.on('pull_request', async (context) => {
    const place = await at(context)
    if (!place) return
    await onPullRequest(parts, place, context.payload)
    await startOnPullRequest(parts, place, context.id, context.payload)
  })
  probot.on('pull_request_review', async (context) => {
    const place = await at(context)
    if (place) await onReview(parts, place, context.payload)
  })
  probot.on([...issueEvents], async (context) => {
    const place = await at(context)
    if (!place) return
    await onIssue(parts, place, context.payload)
    await startOnIssueLabel(parts, place, context.id, context.payload)
  })
  probot.on('push', async (context) => {
    const place = await at(context)
    if (!place) return
    await onPush(parts, place, context.payload)
    await followSchedules(parts, place, context.payload.ref)
    await startOnPush(parts, place, context.payload)
  })
  probot.on('check_run.completed', async (context) => {
    const place = await at(context)
    if (!place) return
    await onCheckRun(parts, place, context.payload)
    const { name, head_sha: headSha, conclusion, details_url: url, app } = context.payload.check_run
    const isFailed = conclusion === 'failure' || conclusion === 'timed_out'
    if (!isFailed || app?.id === parts.appId) return
    const reporter = { app: app?.slug ?? '' }
    await startOnFailed(parts, place, { name, headSha, reporter, actionsRunId: actionsRunOf(url) })
  })
  probot.on('check_suite.completed', async (context) => {
    const place = await at(context)
    if (place) await onCheckSuite(parts, place, context.payload)
  })
  probot.on('status', async (context) => {
    const place = await at(context)
    if (!place) return
    await onStatus(parts, place, context.payload)
    const { state, context: name, sha: headSha, sender } = context.payload
    if (state !== 'failure' && state !== 'error') return
    const reporter = sender && isMachine(sender) ? { app: appNamed(sender) } : { person: sender }
    await startOnFailed(parts, place, { name, headSha, reporter })
  })
  probot.on('repository_dispatch', async (context) => {
    const place = await at(context)
    if (place) await startOnDispatch(parts, place, context.id, context.payload)
  })
  probot.on('workflow_run.completed', async (context) => {
    const place = await at(context)
    if (place) await onWorkflowRun(parts, place, context.payload)
  })
  probot.on('workflow_job.completed', async (context) => {
    const place = await at(context)
    if (place) await onJob(parts, place, context.payload)
  })
  // GitHub tells every App of its installations, without a subscription.
  probot.on(['installation.created', 'installation_repositories.added'], async ({ octokit, payload }) => {
    await onInstalled(parts, octokit, payload)
  })
  probot.on(['installation.deleted', 'installation.suspend'], async ({ payload }) => {
    await noteAway(parts.prisma, payload.installation.id)
  })
  probot.on('installation.unsuspend', async ({ payload }) => {
    await beginReading(parts.prisma, await noteBack(parts.prisma, payload.installation.id))
  })
  probot.on('installation_repositories.removed', async ({ payload }) => {
    const removed = payload.repositories_removed.map(({ id }) => id)
    await noteAway(parts.prisma, payload.installation.id, removed)
  })
  // A rename or a new default branch is noted by `at`; nothing else follows from it.
  probot.on('repository', async (context) => {
    await at(context)
  })
}
