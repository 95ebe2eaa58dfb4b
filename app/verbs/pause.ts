/** `/agent pause`: lets the run that is under way put its work away and end; what is left of its hold goes back. */
import { refuse } from '../../core/reason.ts'
import { type CommandAt, showRefusal } from '../comment/command.ts'
import { note, sessionHere } from '../comment/session-here.ts'
import { pauseRun } from '../ledger/settle.ts'
import { react } from '../show/react.ts'
import { endOrTell } from './stop.ts'

export async function pause(at: CommandAt): Promise<void> {
  const { parts, place } = at
  const here = await sessionHere(at, 'pause')
  if (!here) return
  const { open } = here
  if (open === null) return showRefusal(place, at, refuse('no-session', 'Nothing runs here that could rest.'))
  await note(at, 'pause', open.sessionId)
  await endOrTell(at, open, await pauseRun(parts.ledger, open.id, parts.now()))
  await react(place, at.commentId, 'rocket')
  await parts.showLater(open.id)
}
