/** `/agent retry`: the session's workflow once more from the start, with its inputs, on the subject as it is now. */
import type { CommandAt } from '../command.ts'
import { goFurther, requestOf } from '../go-further.ts'
import { storedPlan } from '../ledger/stored.ts'
import { prepare } from '../prepare.ts'
import { sessionHere } from '../session-here.ts'

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
