/** `/agent stop`: ends what runs or waits on this subject. A job under way hears of it with its next heartbeat. */
import { mayRun, refusePermission } from '../../core/permission.ts'
import { isRefusal, refuse } from '../../core/reason.ts'
import { accessFor } from '../../core/session-verb.ts'
import type { Run } from '../../prisma/client/client.ts'
import { type CommandAt, commandKeyOf, showRefusal } from '../command.ts'
import { openRun, waitingRun } from '../ledger/history.ts'
import { noteSpoken } from '../ledger/session-log.ts'
import { stopRun, type Told } from '../ledger/settle.ts'
import { declaredBy } from '../prepare.ts'
import { react } from '../show/react.ts'

export async function stop(at: CommandAt): Promise<void> {
  const { parts, place } = at
  const { key } = await at.subject()
  const run =
    (await openRun(parts.prisma, place.repositoryId, key)) ?? (await waitingRun(parts.prisma, place.repositoryId, key))
  if (!run) return showRefusal(place, at, refuse('no-session', 'Nothing runs or waits here.'))
  const declared = await declaredBy(parts, place)
  const family = isRefusal(declared) ? undefined : declared.configuration.families.get(run.family)
  const access = accessFor('stop', family?.baseline.access ?? 'write')
  if (!mayRun(access, at.permissions)) {
    return showRefusal(place, at, refusePermission(`To stop \`${run.family}\``, access))
  }
  await noteSpoken(parts.prisma, {
    sessionId: run.sessionId,
    verb: 'stop',
    spoken: {},
    commandKey: commandKeyOf(at),
  })
  await endOrTell(at, run, await stopRun(parts.ledger, run.id, parts.now()))
  await react(place, at.commentId, 'rocket')
  await parts.showLater(run.id)
}

/** A run that ended before a job claimed it needs no job any more; any other hears of it with its next heartbeat. */
export async function endOrTell({ parts, place }: CommandAt, run: Run, told: Told): Promise<void> {
  if (told !== 'ended' || run.actionsRunId === null) return
  try {
    await place.octokit.rest.actions.cancelWorkflowRun({ ...place.name, run_id: Number(run.actionsRunId) })
  } catch (error) {
    // The run is over in the books; a job that starts after all is turned away when it claims.
    parts.log.warn({ err: error, run: run.id }, 'GitHub did not cancel the Actions run')
  }
}
