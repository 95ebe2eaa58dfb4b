/** From a comment to the command in it. Only the first line of a newly created comment by a person can be one. */
import { type Command, parseComment } from '../../core/command/command.ts'
import { invalidProblem } from '../../core/command/command-problem.ts'
import { mayRun, refusePermission } from '../../core/command/permission.ts'
import { isRefusal, refuse } from '../../core/reason.ts'
import { isMachine } from '../../delivery/author.ts'
import type { Parts } from '../parts.ts'
import { declaredBy } from '../run/prepare.ts'
import type { Place } from '../subject/place.ts'
import { readIssue, readPullRequest } from '../subject/subject.ts'
import { carryOut } from '../verbs/carry-out.ts'
import { readPermissions } from './authorize.ts'
import { type RefusedAbout, type Spoken, showRefusal } from './command.ts'
import { isStale, takeUp } from './heard.ts'

export interface NewComment {
  readonly deliveryId: string
  readonly commentId: number
  readonly createdAt: string
  readonly body: string
  /** Read once, for GitHub's permission answer, and then forgotten. */
  readonly author: { readonly login: string; readonly type: string }
  readonly issue: {
    readonly number: number
    readonly title: string
    readonly open: boolean
    readonly isPullRequest: boolean
  }
}

export async function onComment(parts: Parts, place: Place, comment: NewComment): Promise<void> {
  // Bots start nothing, Purser's own comments least of all: two bots that quote each other would never stop.
  if (isMachine(comment.author)) return
  const command = parseComment(comment.body)
  if (command.kind === 'none') return
  if (!(await takeUp(parts.prisma, place, comment))) return
  const spoken = spokenIn(place, comment)
  const about = command.kind === 'command' ? nameOf(command) : {}
  const read = await readPermissions(place, comment.author.login)
  if (isRefusal(read)) return showRefusal(place, spoken, read, about)
  const { permissions } = read
  // What Purser says here names budgets and sessions, so even a look needs what every workflow needs at the least.
  if (permissions === null || !mayRun('triage', permissions)) {
    return showRefusal(place, spoken, refusePermission('Every command', 'triage'), about)
  }
  if (await isStale(parts.prisma, spoken.time)) return showRefusal(place, spoken, refuse('command-stale'), about)
  if (command.kind === 'invalid') {
    const declared = await declaredBy(parts, place)
    const problem = isRefusal(declared) ? command.problem : invalidProblem(command, declared.configuration)
    return showRefusal(place, spoken, refuse('invalid-command', problem))
  }
  await carryOut[command.verb]({ ...spoken, parts, place, command, permissions })
}

/** The workflow that a command names, for the heading of its refusal. */
function nameOf({ workflow, variant }: Command): RefusedAbout {
  return { workflow: workflow ?? undefined, variant: variant ?? undefined }
}

function spokenIn(place: Place, comment: NewComment): Spoken {
  const { issue, commentId, createdAt } = comment
  return {
    commentId,
    number: issue.number,
    time: { createdAt },
    subject: () => (issue.isPullRequest ? readPullRequest(place, issue.number) : readIssue(place, issue)),
  }
}
