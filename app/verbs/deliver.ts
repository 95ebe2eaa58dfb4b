/**
 * `/agent deliver`: a maintainer has withheld work delivered after all. The guards that refused it are named; only those that
 * its workflow lets be set aside are. Work that GitHub or a moved head kept back is tried again.
 */

import { waiversFor } from '../../core/changes/waive.ts'
import { isRefusal, refuse } from '../../core/reason.ts'
import type { Report } from '../../core/run/report.ts'
import { isDeliveryDue } from '../../core/run/run-life.ts'
import { countLines } from '../../delivery/count-lines.ts'
import { checkTree } from '../../delivery/in-the-way.ts'
import { createTreeReader } from '../../delivery/tree.ts'
import { violationsOf } from '../../delivery/validate.ts'
import type { Run } from '../../prisma/client/client.ts'
import { type CommandAt, commandKeyOf, showRefusal } from '../comment/command.ts'
import { note, sessionHere } from '../comment/session-here.ts'
import { deliverOnce } from '../door/finish.ts'
import { deliverAgain } from '../ledger/delivery.ts'
import { wasSpoken } from '../ledger/session-log.ts'
import { standingOf } from '../ledger/standing.ts'
import { storedPlan, storedReport } from '../ledger/stored.ts'
import { updateOutcomeAndShow } from '../outcome/outcome.ts'
import { react } from '../show/react.ts'
import { refuseSubject } from './run.ts'

export async function deliver(at: CommandAt): Promise<void> {
  const { parts, place } = at
  const here = await sessionHere(at, 'deliver')
  if (!here) return
  const { last, session, open, found } = here
  const about = { workflow: last.family, variant: last.variant ?? undefined }
  if (await wasSpoken(parts.prisma, session.id, commandKeyOf(at))) return carryOut(at, last)
  if (open !== null) {
    const message = `The session \`${open.sessionId}\` has a run under way here, whose work this would get in the way of.`
    return showRefusal(place, at, refuse('already-running', message), about)
  }
  const report = storedReport(last)
  if (last.conclusion !== 'withheld' || report?.delivery === undefined) {
    return showRefusal(place, at, refuse('nothing-withheld'), about)
  }
  const refusal = refuseSubject(found)
  if (refusal) return showRefusal(place, at, refusal, about)
  const waived = await waiversOf(at, last, report)
  if (isRefusal(waived)) return showRefusal(place, at, waived, about)
  const isWaived = report.conclusion === 'withheld'
  const conclusion = isWaived ? 'completed' : report.conclusion
  const reason = isWaived ? 'guard-waived' : report.reason
  await deliverAgain(parts.prisma, last.id, { conclusion, reason, waived })
  await note(at, 'deliver', session.id)
  await carryOut(at, last)
}

async function carryOut(at: CommandAt, { id }: Run): Promise<void> {
  const { parts, place } = at
  const run = await parts.prisma.run.findUniqueOrThrow({ where: { id } })
  if (isDeliveryDue({ ...run, ...standingOf(run) })) {
    await deliverOnce(parts, id)
    await updateOutcomeAndShow(parts, id)
  } else await parts.showLater(id)
  await react(place, at.commentId, 'rocket')
}

/** Lines are counted against the repository: what the report says of them is the runner's word. */
async function waiversOf({ place }: CommandAt, run: Run, report: Report) {
  const plan = storedPlan(run)
  const changeset = report.delivery?.changeset
  const reader = createTreeReader(place.octokit, place.name)
  const counted =
    changeset === undefined || plan.guards.diff?.lines === undefined
      ? changeset
      : await countLines(place.octokit, place.name, reader, changeset)
  const replaced = changeset === undefined ? [] : await checkTree(reader, changeset)
  return waiversFor(plan, report, (guarded) => [...replaced, ...violationsOf(guarded, counted)])
}
