/**
 * Shows a run on GitHub as the database has it: the session's comment, its check run and, at the end, one reply. It may
 * be repeated at any time; what an earlier try made is found again and edited.
 */

import { accountsFor } from '../../core/account.ts'
import type { Configuration } from '../../core/config/configuration.ts'
import { portfolioPayer } from '../../core/payer.ts'
import { isRefusal } from '../../core/reason.ts'
import type { PayingAccount } from '../../core/text/paying-account.ts'
import type { Run, Session } from '../../prisma/client/client.ts'
import { markShown } from '../ledger/shown.ts'
import { storedPlan } from '../ledger/stored.ts'
import type { Parts, Progress } from '../parts.ts'
import { payingNow, payingOf } from '../paying.ts'
import { type Place, placeById } from '../place.ts'
import { declaredBy, squadPaying } from '../prepare.ts'
import { showCheck } from './check.ts'
import { showComment } from './comment.ts'
import { showReply } from './reply.ts'
import { actionsUrlOf } from './urls.ts'

export interface Shown {
  readonly run: Run
  readonly session: Session
  readonly configuration: Configuration | undefined
  readonly accounts: readonly PayingAccount[]
  readonly actionsUrl: string | undefined
  readonly progress: Progress | undefined
}

/** Two at once would both find no comment and make two. */
const underWay = new Map<string, Promise<void>>()

export function showRun(parts: Parts, runId: string, progress?: Progress): Promise<void> {
  const before = underWay.get(runId) ?? Promise.resolve()
  const mine = before
    .catch(() => undefined)
    .then(() => show(parts, runId, progress))
    .finally(() => {
      if (underWay.get(runId) === mine) underWay.delete(runId)
    })
  underWay.set(runId, mine)
  return mine
}

async function show(parts: Parts, runId: string, progress: Progress | undefined): Promise<void> {
  const found = await parts.prisma.run.findUnique({ where: { id: runId }, include: { session: true } })
  if (!found) return
  const { session, ...run } = found
  const place = await placeById(parts, run.repositoryId)
  const declared = await declaredBy(parts, place)
  const configuration = isRefusal(declared) ? undefined : declared.configuration
  const shown: Shown = {
    run,
    session,
    configuration,
    accounts: configuration ? await payers(parts, place, configuration, run) : [],
    actionsUrl: actionsUrlOf(parts, place, run),
    progress,
  }
  const commentUrl = await showComment(parts, place, shown)
  await showCheck(parts, place, shown)
  if (run.state === 'ended' && commentUrl !== undefined) await showReply(place, shown, commentUrl)
  await markShown(parts.prisma, run)
}

/** A run that waits holds nothing yet: the accounts that would pay are shown as they stand. */
async function payers(
  parts: Parts,
  place: Place,
  configuration: Configuration,
  run: Run,
): Promise<readonly PayingAccount[]> {
  const held = await payingOf(parts, configuration, run)
  const portfolio = configuration.portfolios.portfolios[run.portfolio]
  if (held.length > 0 || portfolio === undefined) return held
  const plan = storedPlan(run)
  const squad = run.variant === null ? undefined : await squadPaying(place, configuration, plan.subject)
  const payer = portfolioPayer(run.portfolio, portfolio)
  const specs = accountsFor(configuration, { payer, plan }, squad, parts.now())
  return payingNow(parts, run.repositoryId, configuration, specs, run.variant)
}
