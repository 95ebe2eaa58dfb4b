/** `/agent resume`: goes on with the session where it was paused, stopped, capped or lost; `cap=` may raise its ceiling. */
import { refuseResume } from '../../core/session/going-on.ts'
import { type CommandAt, showRefusal } from '../comment/command.ts'
import { sessionHere } from '../comment/session-here.ts'
import { storedPlan } from '../ledger/stored.ts'
import { goFurther, requestOf } from '../run/go-further.ts'
import { prepare } from '../run/prepare.ts'

export async function resume(at: CommandAt): Promise<void> {
  const here = await sessionHere(at, 'resume')
  if (!here) return
  const { last } = here
  const about = { workflow: last.family, variant: last.variant ?? undefined }
  const refusal = here.open === null ? refuseResume(last) : undefined
  if (refusal) return showRefusal(at.place, at, refusal, about)
  const request = requestOf(storedPlan(last), at.command.overrides)
  await goFurther(at, here, {
    verb: 'resume',
    about,
    from: 'checkpoint',
    fork: false,
    prepare: (declared, { subject }) => prepare(at.parts, at.place, declared, request, subject),
  })
}
