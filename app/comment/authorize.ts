/** Whether a command may start anything: its author's permission, and whether the head is still the one they saw. */
import type { GitHubPermissions } from '../../core/command/permission.ts'
import { type Refusal, refuse } from '../../core/reason.ts'
import { isMissing } from '../../delivery/github.ts'
import type { PrismaClient } from '../../prisma/client/client.ts'
import { runsByDeliveredSha } from '../ledger/history.ts'
import type { Place } from '../subject/place.ts'
import { pushedDigest } from '../webhooks/pushed-head.ts'

/** GitHub's booleans for somebody; `null` when they are no collaborator. Anything but an answer fails closed. */
export async function readPermissions(
  place: Place,
  login: string,
): Promise<{ permissions: GitHubPermissions | null } | Refusal> {
  try {
    const { data } = await place.octokit.rest.repos.getCollaboratorPermissionLevel({ ...place.name, username: login })
    return { permissions: data.user?.permissions ?? null }
  } catch (error) {
    return isMissing(error) ? { permissions: null } : refuse('permission-unreadable')
  }
}

export interface CommandTime {
  /** When GitHub says the comment was made; whole seconds. */
  readonly createdAt: string
  /** Of one that waited in line: the branch's head that its author could see when it was given. */
  readonly seenSha?: string | undefined
}

/** Pushes that are looked at, the newest first; only one of the App's own leads to the one before. */
const PUSHES_MAX = 30

/**
 * Whether the branch was pushed to after the command was given, by GitHub's own times: a commit's dates are its
 * author's to choose. Within the same second it was not only where GitHub had told the App of that very head before. What a run
 * delivered does not count: whoever gives a command while it works waits for it.
 */
export async function isHeadMoved(
  prisma: PrismaClient,
  place: Place,
  headRef: string,
  command: CommandTime,
): Promise<boolean> {
  const asked = secondOf(command.createdAt)
  const pushes = await pushesTo(place, headRef)
  for (const { timestamp, after } of pushes) {
    const pushed = secondOf(timestamp)
    if (pushed < asked || after === command.seenSha) return false
    if (await isDelivered(prisma, place, after)) continue
    if (command.seenSha !== undefined) return true
    return pushed > asked || !(await isHeard(prisma, place, headRef, after))
  }
  // All that is known is the App's own: what lies before is not known.
  return pushes.length === PUSHES_MAX
}

async function pushesTo(place: Place, headRef: string) {
  const ref = `refs/heads/${headRef}`
  const { data } = await place.octokit.rest.repos.listActivities({ ...place.name, ref, per_page: PUSHES_MAX })
  return data
}

async function isDelivered(prisma: PrismaClient, { repositoryId }: Place, sha: string): Promise<boolean> {
  return (await runsByDeliveredSha(prisma, repositoryId, sha)).length > 0
}

function secondOf(timestamp: string): number {
  return Math.floor(Date.parse(timestamp) / 1000)
}

/**
 * Webhooks of a repository are handled in order, so by now those of all pushes are that GitHub told of before the command; a push
 * of the same second whose webhook is on its way still, or was lost, may have come after it.
 */
async function isHeard(prisma: PrismaClient, { repositoryId }: Place, headRef: string, sha: string): Promise<boolean> {
  const pushed = pushedDigest(`refs/heads/${headRef}`, sha)
  return (await prisma.webhook.count({ where: { repositoryId, pushed } })) > 0
}
