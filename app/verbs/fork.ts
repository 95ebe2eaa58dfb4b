/**
 * `/agent fork [<workflow>[/<variant>]]`: a second session on the same subject, which starts from what the first one has made
 * and draws from the same ceiling.
 */
import type { Configuration } from '../../core/config/configuration.ts'
import type { RunRequest } from '../../core/plan/resolve.ts'
import type { CommandAt } from '../comment/command.ts'
import { sessionHere } from '../comment/session-here.ts'
import { storedPlan } from '../ledger/stored.ts'
import { goFurther, requestOf } from '../run/go-further.ts'
import { prepare } from '../run/prepare.ts'

export async function fork(at: CommandAt): Promise<void> {
  const here = await sessionHere(at, 'fork')
  if (!here) return
  const { workflow, variant, overrides } = at.command
  const plan = storedPlan(here.last)
  const same = requestOf(plan, overrides)
  const asked = {
    workflow: workflow ?? plan.workflow,
    variant: (workflow === null ? plan.variant : variant) ?? undefined,
  }
  const request = workflow === null ? same : { ...same, ...asked, assigned: undefined }
  await goFurther(at, here, {
    verb: 'fork',
    about: asked,
    from: 'checkpoint',
    fork: true,
    prepare: (declared, { subject }) =>
      prepare(at.parts, at.place, declared, withKnownInputs(declared.configuration, request), subject),
  })
}

/** Another workflow takes over what it has an input for. */
function withKnownInputs({ families }: Configuration, request: RunRequest): RunRequest {
  const taken = families.get(request.workflow)?.baseline.inputs ?? {}
  return { ...request, inputs: Object.fromEntries(Object.entries(request.inputs).filter(([name]) => name in taken)) }
}
