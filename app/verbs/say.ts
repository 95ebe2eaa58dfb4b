/**
 * `/agent say "..."`: tells the session's own agent. A run that is under way hears it before its next turn; else a further one
 * goes on with the conversation.
 */

import { ASK } from '../../core/plan/resolve-ask.ts'
import { isRefusal, refuse } from '../../core/reason.ts'
import { type CommandAt, showRefusal } from '../comment/command.ts'
import { note, type SessionHere, sessionHere } from '../comment/session-here.ts'
import { storedPlan } from '../ledger/stored.ts'
import { goFurther, requestOf } from '../run/go-further.ts'
import { prepare } from '../run/prepare.ts'
import { react } from '../show/react.ts'

export async function say(at: CommandAt): Promise<void> {
  const here = await sessionHere(at, 'say')
  if (!here) return
  const { last } = here
  const about = { workflow: last.family, variant: last.variant ?? undefined }
  if (here.open !== null) {
    const heard = hearing(here)
    if (isRefusal(heard)) return showRefusal(at.place, at, heard, about)
    await note(at, 'say', heard.sessionId)
    return react(at.place, at.commentId, 'rocket')
  }
  const request = requestOf(storedPlan(last))
  await goFurther(at, here, {
    verb: 'say',
    about,
    from: 'checkpoint',
    fork: false,
    prepare: (declared, { subject }) => prepare(at.parts, at.place, declared, request, subject),
  })
}

/** Who under way would hear it. */
function hearing({ open, last }: SessionHere) {
  if (open?.family === ASK) {
    return refuse(
      'already-running',
      'An agent answers a question here.',
      'Repeat the command when its answer is there.',
    )
  }
  if (open?.stopRequested || open?.pauseRequested) {
    return refuse(
      'already-running',
      `The session \`${open.sessionId}\` was told to ${open.stopRequested ? 'stop' : 'rest'} and hears nothing any more.`,
      'Repeat the command when its comment says that it has ended, which takes a minute or two.',
    )
  }
  return last
}
