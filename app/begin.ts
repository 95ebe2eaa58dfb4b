/** Quote, reserve, show, dispatch: how a prepared run begins, whatever started it. */
import { isRefusal, type Refusal } from '../core/reason.ts'
import type { Run, Session } from '../prisma/client/client.ts'
import { dispatch } from './dispatch.ts'
import { recentSpends } from './ledger/history.ts'
import { type NewRun, type NewSession, propose, reserve } from './ledger/reserve.ts'
import type { Parts } from './parts.ts'
import type { Place } from './place.ts'
import type { Prepared } from './prepare.ts'
import { showRun } from './show/show-run.ts'
import type { FoundSubject } from './subject.ts'

export interface Beginning {
  readonly prepared: Prepared
  readonly found: FoundSubject
  readonly trigger: NewSession['trigger']
  readonly commandKey: string
  /** Whether somebody has seen the quote and said to go on. */
  readonly isConfirmed: boolean
}

/** `waiting`: for `/agent go`. `not-started`: GitHub refused the dispatch, and the session's comment says so. */
export type Begun = 'started' | 'waiting' | 'not-started'

/**
 * Begins a run by a command: waiting for `/agent go` where the portfolio asks for that, else reserved and dispatched.
 * Repeating it after a crash goes on where the first try ended.
 */
export async function begin(parts: Parts, place: Place, beginning: Beginning): Promise<Begun | Refusal> {
  if (needsConfirmation(beginning)) {
    const { run } = await propose(parts.prisma, await ledgerRequest(parts, place, beginning))
    await showRun(parts, run.id)
    return 'waiting'
  }
  const reserved = await reserveRun(parts, place, beginning)
  if (isRefusal(reserved)) return reserved
  // The price is shown before anything can be spent.
  await showRun(parts, reserved.run.id)
  return (await dispatch(parts, place, reserved.run)) ? 'started' : 'not-started'
}

export async function reserveRun(
  parts: Parts,
  place: Place,
  beginning: Beginning,
): Promise<{ session: Session; run: Run } | Refusal> {
  const request = await ledgerRequest(parts, place, beginning)
  return reserve(parts.prisma, { ...request, accounts: beginning.prepared.accounts })
}

function needsConfirmation({ prepared, isConfirmed }: Beginning): boolean {
  const over = prepared.resolved.portfolio['confirm-over']
  return !isConfirmed && over !== undefined && prepared.plan.capMicroUsd > over.usd
}

async function ledgerRequest(
  parts: Parts,
  place: Place,
  { prepared, found, trigger, commandKey }: Beginning,
): Promise<{ session: NewSession; run: NewRun; now: Date }> {
  const { plan, resolved, declared } = prepared
  const variant = plan.variant ?? null
  const { repositoryId } = place
  return {
    session: {
      repositoryId,
      subjectKind: found.subject.kind,
      subjectNumber: found.subject.number,
      subjectKey: found.key,
      trigger,
      commandKey,
    },
    run: {
      family: plan.workflow,
      variant,
      assignment: variant === null ? 'baseline' : 'chosen',
      portfolio: resolved.portfolioName,
      squad: resolved.squad,
      headSha: found.subject.headSha,
      configSha: declared.configSha,
      plan,
      floorMicroUsd: resolved.floorMicroUsd,
      recentSpendsMicroUsd: await recentSpends(parts.prisma, repositoryId, plan.workflow, variant),
    },
    now: parts.now(),
  }
}
