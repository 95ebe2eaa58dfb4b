/** `/agent go`: starts what was quoted on this subject and waits, with today's configuration, head and prices. */

import { mayRun, refusePermission } from '../../core/command/permission.ts'
import { startedBy } from '../../core/config/trigger.ts'
import { formatAtMostUsd, usdDecimal } from '../../core/money/money.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import { type CommandAt, commandKeyOf, refuseRun, showRefusal } from '../comment/command.ts'
import { runByGo, waitingRun } from '../ledger/history.ts'
import { storedPlan } from '../ledger/stored.ts'
import { mustWait, waitInLine } from '../queue/line.ts'
import { begin, goOn, onlyQuotes } from '../run/begin.ts'
import { requestOf } from '../run/go-further.ts'
import { payingNow } from '../run/paying.ts'
import { declaredBy, prepare, triedIn } from '../run/prepare.ts'
import { reactTo, refusalOf } from './run.ts'

export async function go(at: CommandAt): Promise<void> {
  const { parts, place } = at
  const found = await at.subject()
  const goKey = commandKeyOf(at)
  const answered = await runByGo(parts.prisma, place.repositoryId, found.key, goKey)
  if (answered) return reactTo(at, await goOn(parts, place, answered))
  const waiting = await waitingRun(parts.prisma, place.repositoryId, found.key)
  if (!waiting) return showRefusal(place, at, refuse('no-session', 'Nothing here waits for a go.'))
  const about = { workflow: waiting.family, variant: waiting.variant ?? undefined }
  const declared = await declaredBy(parts, place)
  if (isRefusal(declared)) return refuseRun(at, found, declared, about)
  const prepared = await prepare(parts, place, declared, requestOf(storedPlan(waiting)), found.subject)
  if (isRefusal(prepared)) return refuseRun(at, found, prepared, about)
  const { access } = prepared.resolved
  if (!mayRun(access, at.permissions)) {
    return refuseRun(at, found, refusePermission(`\`${waiting.family}\``, access), about)
  }
  const refusal = await refusalOf(at, found)
  if (refusal) return refuseRun(at, found, refusal, about)
  const { commandKey } = waiting.session
  // What it was quoted for: a machine may have started it.
  const trigger = startedBy.find((one) => one === waiting.session.trigger) ?? 'comment'
  const agreedMicroUsd = waiting.capMicroUsd
  const beginning = { prepared, found, trigger, commandKey, go: { key: goKey, agreedMicroUsd } } as const
  // Said before it is stored: once it is, a repeated try can't tell what had been shown before.
  const isDearer = onlyQuotes(beginning)
  if (!isDearer && (await mustWait(at, found.key))) return waitInLine(at, found)
  if (isDearer) await showRefusal(place, at, dearer(agreedMicroUsd, prepared.plan.capMicroUsd), about)
  const begun = await begin(parts, place, beginning)
  if (!isRefusal(begun)) return reactTo(at, begun)
  if (begun.reason === 'already-running') return waitInLine(at, found)
  const accounts = await payingNow(
    parts,
    place.repositoryId,
    declared.configuration,
    prepared.accounts,
    triedIn(prepared.plan),
  )
  const { floorMicroUsd, plan } = prepared.resolved
  await refuseRun(at, found, begun, { ...about, accounts, floorMicroUsd, capMicroUsd: plan.capMicroUsd })
}

function dearer(shownMicroUsd: bigint, capMicroUsd: bigint): Refusal {
  const shown = [formatAtMostUsd(shownMicroUsd), formatAtMostUsd(capMicroUsd)]
  // What differs by less than a cent is told exactly.
  const exact = [`$${usdDecimal(shownMicroUsd)}`, `$${usdDecimal(capMicroUsd)}`]
  const [then, now] = shown[0] === shown[1] ? exact : shown
  return refuse(
    'confirmation-needed',
    `The price has risen since it was quoted: never more than ${then} then, never more than ${now} now.`,
    'Comment `/agent go` again to start it at the new price.',
  )
}
