/** Quote, reserve, show, dispatch: how a prepared run begins, whatever started it. */
import { needsGo } from '../../core/money/quote.ts'
import { isRefusal, type Refusal } from '../../core/reason.ts'
import type { Session } from '../../prisma/client/client.ts'
import { recentSpends } from '../ledger/history.ts'
import { type NewRun, type NewSession, propose, reserve, type StoredRun } from '../ledger/reserve.ts'
import type { Parts } from '../parts.ts'
import { showRun } from '../show/show-run.ts'
import type { Place } from '../subject/place.ts'
import type { FoundSubject } from '../subject/subject.ts'
import { type BegunRun, dispatch } from './dispatch.ts'
import type { Prepared } from './prepare.ts'

export interface Beginning {
  readonly prepared: Prepared
  readonly found: FoundSubject
  readonly trigger: NewSession['trigger']
  readonly commandKey: string
  /** The `/agent go` that it begins by, and the cap that had been shown before it. */
  readonly go?: { readonly key: string; readonly agreedMicroUsd: bigint } | undefined
}

/** `waiting`: for `/agent go`. `not-started`: GitHub refused the dispatch, and the session's comment says so. */
export type Begun = 'started' | 'waiting' | 'not-started'

/**
 * Begins a run by a command: waiting for `/agent go` where the portfolio asks for that, else reserved and dispatched.
 * Repeating it after a crash goes on where the first try ended (`goOn`).
 */
export async function begin(parts: Parts, place: Place, beginning: Beginning): Promise<Begun | Refusal> {
  if (onlyQuotes(beginning)) {
    const { run } = await propose(parts.ledger, await firstRequest(parts, place, beginning))
    await showRun(parts, run.id)
    return 'waiting'
  }
  const reserved = await reserveRun(parts, place, beginning)
  return isRefusal(reserved) ? reserved : goOn(parts, place, reserved.run)
}

/** Goes on with a run that is in the ledger: what had to hold before it got there is not asked again. */
export async function goOn(parts: Parts, place: Place, run: BegunRun): Promise<Begun> {
  // The price is shown before anything can be spent.
  await showRun(parts, run.id)
  if (run.state === 'waiting') return 'waiting'
  return (await dispatch(parts, place, run)) ? 'started' : 'not-started'
}

export async function reserveRun(
  parts: Parts,
  place: Place,
  beginning: Beginning,
): Promise<{ session: Session; run: StoredRun } | Refusal> {
  const request = await firstRequest(parts, place, beginning)
  return reserve(parts.ledger, { ...request, accounts: beginning.prepared.accounts })
}

/** Whether it is only quoted, and waits. */
export function onlyQuotes({ prepared, go }: Pick<Beginning, 'prepared' | 'go'>): boolean {
  return needsGo({
    capMicroUsd: prepared.plan.capMicroUsd,
    confirmOverMicroUsd: prepared.resolved.payer.terms['confirm-over']?.usd,
    agreedMicroUsd: go?.agreedMicroUsd,
  })
}

function firstRequest(parts: Parts, place: Place, { go, ...beginning }: Beginning): ReturnType<typeof ledgerRequest> {
  return ledgerRequest(parts, place, { ...beginning, goKey: go?.key })
}

/** `goKey`: the command that it is reserved by, where that is not the one that started its session. */
export async function ledgerRequest(
  parts: Parts,
  place: Place,
  { prepared, found, trigger, commandKey, goKey }: Omit<Beginning, 'go'> & { readonly goKey?: string | undefined },
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
      assignment: variant === null ? 'baseline' : plan.assigned === undefined ? 'chosen' : 'assigned',
      portfolio: resolved.payer.name,
      squad: resolved.squad,
      headSha: found.subject.headSha,
      configSha: declared.configSha,
      plan,
      goKey,
      floorMicroUsd: resolved.floorMicroUsd,
      recentSpendsMicroUsd: await recentSpends(parts.prisma, repositoryId, plan.workflow, variant),
    },
    now: parts.now(),
  }
}
