/** A session and its run as they are stored first: waiting for `/agent go`, or reserved. */
import type { HoldAmount } from '../../core/money/hold.ts'
import { type Quote, quoteRun } from '../../core/money/quote.ts'
import type { Plan } from '../../core/plan/plan.ts'
import type { Prisma, Session } from '../../prisma/client/client.ts'
import { newRunId, newSessionId } from './identifier.ts'
import type { Known } from './known.ts'
import type { ReserveRequest, StoredRun } from './reserve.ts'
import { planText, quoteJson } from './stored.ts'

type Asked = Omit<ReserveRequest, 'accounts'>
type Beginning = 'waiting' | 'reserved'

/** What is stored as JSON. */
export interface Texts {
  readonly planText: string
  readonly quote: Quote
  readonly quoteJson: Prisma.JsonObject
}

export function textsOf({ run }: Asked, hold: HoldAmount, state: Beginning): Texts {
  const quote = quoteRun(run.recentSpendsMicroUsd, run.plan.capMicroUsd, hold.heldMicroUsd)
  return {
    planText: planText(heldPlan(run.plan, hold, state)),
    quote,
    quoteJson: quoteJson(quote),
  }
}

/** With the hold in the place of the cap. */
function heldPlan(plan: Plan, hold: HoldAmount, state: Beginning): Plan {
  // What only waits may wait for ever, and is prepared anew at its go (`planWithoutWords` says why they go).
  const { title: _title, headRef: _headRef, ...nameless } = plan.subject
  return {
    ...plan,
    subject: state === 'reserved' ? plan.subject : nameless,
    capMicroUsd: hold.heldMicroUsd,
    ...(hold.heldTokens === undefined ? {} : { capTokens: Number(hold.heldTokens) }),
  }
}

export interface NewRunRow {
  readonly session: Session
  readonly run: StoredRun
  readonly texts: Texts
}

/** `known`: the waiting run that it takes the place of, or the session that it is a further one of. */
export function newRunRow(
  asked: Asked,
  known: Partial<Pick<Known, 'sessionId' | 'runId'>> | undefined,
  hold: HoldAmount,
  texts: Texts,
  state: Beginning,
): NewRunRow {
  const { session, run, now } = asked
  const sessionId = known?.sessionId ?? newSessionId()
  const holds = state === 'reserved'
  return {
    session: {
      id: sessionId,
      repositoryId: session.repositoryId,
      subjectKind: session.subjectKind,
      subjectNumber: session.subjectNumber ?? null,
      subjectKey: session.subjectKey,
      family: run.family,
      trigger: session.trigger,
      commandKey: session.commandKey,
      commentId: null,
      checkRunId: null,
      ceilingMicroUsd: run.plan.capMicroUsd,
      rootId: null,
      createdAt: now,
    },
    run: {
      ...untouched,
      id: known?.runId ?? newRunId(),
      sessionId,
      repositoryId: session.repositoryId,
      family: run.family,
      variant: run.variant,
      assignment: run.assignment,
      portfolio: run.portfolio,
      squad: run.squad ?? null,
      subjectKey: session.subjectKey,
      headSha: run.headSha,
      configSha: run.configSha,
      quote: texts.quoteJson,
      capMicroUsd: run.plan.capMicroUsd,
      heldMicroUsd: holds ? hold.heldMicroUsd : 0n,
      heldTokens: holds ? (hold.heldTokens ?? null) : null,
      drawnTokens: holds && hold.heldTokens !== undefined ? 0n : null,
      state,
      goKey: run.goKey ?? null,
      createdAt: now,
      delivery: run.plan.deliver,
    },
    texts,
  }
}

/** What the database fills in; a test holds both against each other. */
const untouched = {
  drawnMicroUsd: 0n,
  spentMicroUsd: 0n,
  inputTokens: 0n,
  cachedTokens: 0n,
  outputTokens: 0n,
  epoch: 0,
  tokenHash: null,
  leaseUntil: null,
  jobKey: null,
  heardAt: null,
  continuesRunId: null,
  stopRequested: false,
  pauseRequested: false,
  actionsRunId: null,
  dispatchedAt: null,
  claimedAt: null,
  endedAt: null,
  conclusion: null,
  reason: null,
  deliveredSha: null,
  deliveredNumber: null,
  deliveredUrl: null,
  deliveredAt: null,
  deliveringUntil: null,
  deliveryTries: 0,
  waived: [] as string[],
  approval: null,
  approveUntil: null,
  report: null,
  outcome: 'pending',
  outcomeRule: null,
  outcomeAt: null,
  overrideKey: null,
  ruleSetId: null,
  rulesSha: null,
  decidedAt: null,
  decideAfter: null,
  reverted: false,
  showAfter: null,
  lookAfter: null,
  sweepAfter: null,
  failure: null,
} as const
