/** A command on its way: what was said, where, and what its author may do there. The author's name goes no further. */
import type { Command } from '../../core/command/command.ts'
import type { GitHubPermissions } from '../../core/command/permission.ts'
import type { Refusal } from '../../core/reason.ts'
import { type RefusalView, refusalComment } from '../../core/text/refusal-comment.ts'
import { say, withMarker } from '../../delivery/say.ts'
import type { Parts } from '../parts.ts'
import { checkNameOf, showRefusedCheck } from '../show/check.ts'
import { react } from '../show/react.ts'
import type { Place } from '../subject/place.ts'
import type { FoundSubject } from '../subject/subject.ts'
import type { CommandTime } from './authorize.ts'

export interface Spoken {
  readonly commentId: number
  /** Of the pull request or issue. */
  readonly number: number
  readonly time: CommandTime
  /** Reads the subject anew each time, as its head may have moved. */
  subject(): Promise<FoundSubject>
}

export interface CommandAt extends Spoken {
  readonly parts: Parts
  readonly place: Place
  readonly command: Command
  readonly permissions: GitHubPermissions
}

/** What names the command for ever: the same comment never starts a second session. */
export function commandKeyOf(spoken: Spoken): string {
  return `comment:${spoken.commentId}`
}

/** Answers with a comment of its own, once. */
export async function answer(at: Pick<CommandAt, 'place'> & Spoken, body: string): Promise<void> {
  await say(at.place, at.number, withMarker(answerId(at), body))
}

/** What is refused may be no command that could be read. */
type Refused = Spoken & Partial<Pick<CommandAt, 'command'>>

/** What a refusal may name besides its reason. */
export type RefusedAbout = Partial<Omit<RefusalView, 'refusal' | 'sessionId'>>

/** A refusal is shown where the command was given; nothing was started and nothing spent. */
export async function showRefusal(
  place: Place,
  spoken: Refused,
  refusal: Refusal,
  about: RefusedAbout = {},
): Promise<void> {
  await react(place, spoken.commentId, 'confused')
  await say(place, spoken.number, refusalText(spoken, refusal, about))
}

/** The refusal of a run: also a neutral check on the head that it would have started from. */
export async function refuseRun(
  at: CommandAt,
  { subject, fork }: FoundSubject,
  refusal: Refusal,
  about: RefusedAbout & { readonly workflow: string },
): Promise<void> {
  await showRefusal(at.place, at, refusal, about)
  if (subject.kind !== 'pull-request' || fork) return
  await showRefusedCheck(at.parts, at.place, {
    name: checkNameOf(about),
    headSha: subject.headSha,
    id: answerId(at),
    summary: refusalText(at, refusal, about),
  })
}

function refusalText(spoken: Refused, refusal: Refusal, about: RefusedAbout): string {
  const { verb = 'run' } = spoken.command ?? {}
  const named = verb === 'run' || verb === 'go' ? {} : { verb }
  return refusalComment({ accounts: [], ...named, ...about, refusal, sessionId: answerId(spoken) })
}

/** Answers belong to no session; the comment that asked names them. */
function answerId(spoken: Spoken): string {
  return `answer-${spoken.commentId}`
}
