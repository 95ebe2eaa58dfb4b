/** The session's one comment, made once and then edited in place. */
import type { ProposedWork } from '../../core/text/proposed-work.ts'
import { type SessionState, type SessionView, sessionComment } from '../../core/text/session-comment.ts'
import { isMissing } from '../../delivery/github.ts'
import { edit, type Said, say } from '../../delivery/say.ts'
import { storedPlan, storedQuote } from '../ledger/stored.ts'
import type { Parts } from '../parts.ts'
import { waitingComment } from '../queue/line.ts'
import { outOfReachLine } from '../run/out-of-reach.ts'
import type { Place } from '../subject/place.ts'
import { endedRun } from './ended-run.ts'
import { proposedOf } from './proposed.ts'
import type { Shown } from './show-run.ts'
import { toldTo } from './standing.ts'

/** Answers the comment's page; `undefined` where the subject can't be commented on. */
export async function showComment(parts: Parts, place: Place, shown: Shown): Promise<string | undefined> {
  const { session } = shown
  if (session.subjectNumber === null) return undefined
  const body = sessionComment(viewOf(shown, await proposedOf(place, shown.run)))
  const made = session.commentId ?? (await waitingComment(parts.prisma, session))
  const said = await put(place, session.subjectNumber, made, body)
  if (session.commentId !== BigInt(said.id)) {
    await parts.prisma.session.update({ where: { id: session.id }, data: { commentId: said.id } })
  }
  return said.url
}

async function put(place: Place, number: number, commentId: bigint | null, body: string): Promise<Said> {
  if (commentId === null) return say(place, number, body)
  try {
    return await edit(place, Number(commentId), body)
  } catch (error) {
    // Somebody deleted it; the session still needs its page.
    if (isMissing(error)) return say(place, number, body)
    throw error
  }
}

function viewOf(shown: Shown, proposed: ProposedWork | undefined): SessionView {
  const { run, session, configuration, accounts } = shown
  const plan = storedPlan(run)
  const { inputs, overrides = {}, assigned } = plan
  const quote = storedQuote(run)
  const portfolio = configuration?.portfolios.portfolios[run.portfolio]
  return {
    sessionId: session.id,
    workflow: run.family,
    variant: run.variant ?? undefined,
    assigned,
    outOfReach: configuration && outOfReachLine(configuration, plan, accounts, quote),
    quote,
    accepted: shown.accepted,
    newStandard: shown.newStandard,
    accounts,
    inputs,
    overrides,
    enforce: portfolio?.enforce ?? 'cap',
    standing: shown.standing,
    state: stateOf(shown, portfolio?.['confirm-over']?.usd, proposed),
  }
}

function stateOf(
  { run, actionsUrl, progress, repeated }: Shown,
  confirmOverMicroUsd: bigint | undefined,
  proposed: ProposedWork | undefined,
): SessionState {
  switch (run.state) {
    case 'waiting':
      return { phase: 'quoted', confirmOverMicroUsd }
    case 'reserved':
    case 'dispatched':
      return { phase: 'started', actionsUrl }
    case 'claimed':
      return {
        phase: 'running',
        actionsUrl,
        step: progress?.step,
        spentMicroUsd: progress?.spentMicroUsd ?? 0n,
        told: toldTo(run),
      }
    case 'ended': {
      const decided = { outcome: run.outcome, rule: run.outcomeRule ?? '' }
      return {
        phase: 'ended',
        run: { ...endedRun(run, actionsUrl, repeated), proposed },
        outcome: run.outcomeRule ? decided : undefined,
      }
    }
  }
}
