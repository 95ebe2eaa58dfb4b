/**
 * Shows a run on GitHub as the database has it: the session's comment, its check run and, at the end, one reply. It may
 * be repeated at any time; what an earlier try made is found again and edited.
 */

import type { Configuration } from '../../core/config/configuration.ts'
import { machines } from '../../core/config/trigger.ts'
import { accountsFor } from '../../core/money/account.ts'
import { portfolioPayer } from '../../core/money/payer.ts'
import { ASK } from '../../core/plan/resolve-ask.ts'
import { isRefusal } from '../../core/reason.ts'
import type { Repeated } from '../../core/run/failure.ts'
import type { AcceptedLately } from '../../core/text/accepted-line.ts'
import type { NewStandard } from '../../core/text/new-standard.ts'
import type { PayingAccount } from '../../core/text/paying-account.ts'
import type { SessionStanding } from '../../core/text/session-standing.ts'
import type { Run, Session } from '../../prisma/client/client.ts'
import { noteFailure } from '../ledger/failure.ts'
import { markShown } from '../ledger/shown.ts'
import { storedPlan } from '../ledger/stored.ts'
import type { Parts, Progress } from '../parts.ts'
import { newStandard } from '../promotion/new-standard.ts'
import { acceptedLately } from '../run/accepted.ts'
import { payingNow, payingOf } from '../run/paying.ts'
import { declaredBy, isChosen, squadPaying, triedIn } from '../run/prepare.ts'
import { type Place, placeById } from '../subject/place.ts'
import { showCheck } from './check.ts'
import { showComment } from './comment.ts'
import { showReply } from './reply.ts'
import { newestOf, sessionStanding } from './standing.ts'
import { actionsUrlOf } from './urls.ts'

export interface Shown {
  readonly run: Run
  readonly session: Session
  readonly configuration: Configuration | undefined
  readonly accounts: readonly PayingAccount[]
  readonly actionsUrl: string | undefined
  readonly progress: Progress | undefined
  /** How often it failed so, where it failed. */
  readonly repeated: Repeated | undefined
  /** Of the whole session. */
  readonly standing: SessionStanding
  /** Left out while it runs. */
  readonly accepted: AcceptedLately | undefined
  /** Of a run of the baseline; left out while it runs. */
  readonly newStandard: NewStandard | undefined
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
  const newest = await newestOf(parts.prisma, session.id)
  const place = await placeById(parts, run.repositoryId)
  const declared = await declaredBy(parts, place)
  const configuration = isRefusal(declared) ? undefined : declared.configuration
  const standing = await sessionStanding(parts.prisma, session, newest, configuration)
  const shownOf = async (one: Run): Promise<Shown> => ({
    run: one,
    session,
    configuration,
    accounts: configuration ? await payers(parts, place, configuration, one) : [],
    actionsUrl: actionsUrlOf(parts, place, one),
    progress: one.id === run.id ? progress : undefined,
    repeated: await noteFailure(parts.prisma, one),
    standing,
    accepted:
      configuration && (one.state === 'waiting' || one.state === 'ended')
        ? await acceptedLately(parts.prisma, configuration, one, parts.now())
        : undefined,
    newStandard:
      isRefusal(declared) || one.state === 'claimed' || one.variant !== null
        ? undefined
        : await newStandard(parts, { place, declared }, one.family),
  })
  const shown = await shownOf(newest)
  const commentUrl = isQuiet(session, newest) ? undefined : await showComment(parts, place, shown)
  // The check of an earlier run says what it said when the next one began.
  if (run.id === newest.id) await showCheck(parts, place, shown)
  if (commentUrl !== undefined && needsReply(run)) {
    await showReply(parts, place, run.id === newest.id ? shown : await shownOf(run), commentUrl)
  }
  await markShown(parts.prisma, run)
  if (run.state === 'ended') await parts.turnLater(run)
}

/**
 * What a machine started tells of itself by its check and its delivery, which people look at when they review, and writes no
 * comment: until somebody has to be asked (for a go, or to approve its work), or goes on with it.
 */
function isQuiet({ trigger, commentId }: Session, { state, goKey, approval }: Run): boolean {
  const isAsking = state === 'waiting' || approval === 'awaited'
  return quiet.some((machine) => machine === trigger) && commentId === null && goKey === null && !isAsking
}

/** Whoever set a label asked for it. */
const quiet = machines.filter((machine) => machine !== 'label')

/** An answer to a question is a comment itself. */
function needsReply(run: Run): boolean {
  return run.state === 'ended' && !(run.family === ASK && run.conclusion === 'completed')
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
  const squad = isChosen(plan) ? await squadPaying(place, configuration, plan.subject) : undefined
  const payer = portfolioPayer(run.portfolio, portfolio)
  const specs = accountsFor(configuration, { payer, plan }, squad, parts.now())
  return payingNow(parts, run.repositoryId, configuration, specs, triedIn(plan))
}
