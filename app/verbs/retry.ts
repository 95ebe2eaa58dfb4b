/** `/agent retry`: the session's workflow once more from the start, with its inputs, on the subject as it is now. */
import type { CommandAt } from '../comment/command.ts'
import { sessionHere } from '../comment/session-here.ts'
import { storedPlan } from '../ledger/stored.ts'
import { goFurther, requestOf } from '../run/go-further.ts'
import { prepare } from '../run/prepare.ts'

export async function retry(at: CommandAt): Promise<void> {
  const here = await sessionHere(at, 'retry')
  if (!here) return
  const { last } = here
  const request = requestOf(storedPlan(last), at.command.overrides)
  await goFurther(at, here, {
    verb: 'retry',
    about: { workflow: last.family, variant: last.variant ?? undefined },
    from: 'anew',
    fork: false,
    prepare: (declared, { subject }) => prepare(at.parts, at.place, declared, request, subject),
  })
}
