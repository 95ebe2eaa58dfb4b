/** `/agent stop`: ends what runs or waits on this subject, all that waits in line too. A job under way hears of it with its next heartbeat. */
import { type Access, mayRun, refusePermission } from '../../core/command/permission.ts'
import { accessFor } from '../../core/command/session-verb.ts'
import { highestAccess, type Named, namedIn } from '../../core/plan/access.ts'
import { ASK } from '../../core/plan/resolve-ask.ts'
import { isRefusal, refuse } from '../../core/reason.ts'
import type { Run } from '../../prisma/client/client.ts'
import { type CommandAt, commandKeyOf, showRefusal } from '../comment/command.ts'
import { openRun, waitingRun } from '../ledger/history.ts'
import { noteSpoken } from '../ledger/session-log.ts'
import { stopRun, type Told } from '../ledger/settle.ts'
import { storedPlan } from '../ledger/stored.ts'
import { withdraw } from '../queue/line.ts'
import { declaredBy } from '../run/prepare.ts'
import { react } from '../show/react.ts'

export async function stop(at: CommandAt): Promise<void> {
  const { parts, place } = at
  const { key } = await at.subject()
  const run =
    (await openRun(parts.prisma, place.repositoryId, key)) ?? (await waitingRun(parts.prisma, place.repositoryId, key))
  const declared = await declaredBy(parts, place)
  const accessTo = (named: readonly Named[]): Access =>
    accessFor('stop', highestAccess(isRefusal(declared) ? undefined : declared.configuration, named))
  const here = run === null ? [] : namedIn(storedPlan(await speakingOf(at, run)))
  const turn = { repositoryId: place.repositoryId, subjectKey: key }
  const withdrawn = await withdraw(parts, place, turn, (named) =>
    mayRun(accessTo(named === undefined ? here : [named]), at.permissions),
  )
  if (!run) {
    if (withdrawn > 0) return react(place, at.commentId, 'rocket')
    return showRefusal(place, at, refuse('no-session', 'Nothing runs or waits here.'))
  }
  const access = accessTo(here)
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

/** A question's run stands for those of the session that it is asked about. */
async function speakingOf({ parts }: CommandAt, run: Run): Promise<Run> {
  if (run.family !== ASK) return run
  const about = await parts.prisma.run.findFirst({
    where: { sessionId: run.sessionId, family: { not: ASK } },
    orderBy: { createdAt: 'desc' },
  })
  return about ?? run
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
