/** `/agent status`: the sessions on this subject and what is left to spend. */
import { isRefusal } from '../../core/reason.ts'
import { type StatusSession, statusComment } from '../../core/text/status-comment.ts'
import type { Run, Session } from '../../prisma/client/client.ts'
import { answer, type CommandAt } from '../command.ts'
import { accountsNow } from '../ledger/accounts.ts'
import type { Parts } from '../parts.ts'
import { payingAccount } from '../paying.ts'
import type { Place } from '../place.ts'
import { declaredBy } from '../prepare.ts'
import { commentUrlOf } from '../show/urls.ts'

/** The newest sessions of a subject that are shown. */
const SESSIONS_SHOWN_MAX = 10

export async function status(at: CommandAt): Promise<void> {
  const { parts, place } = at
  const { repositoryId } = place
  const { key } = await at.subject()
  const runs = await parts.prisma.run.findMany({
    where: { repositoryId, subjectKey: key },
    include: { session: true },
    orderBy: { createdAt: 'desc' },
    take: SESSIONS_SHOWN_MAX,
  })
  const portfolios = new Set(runs.map((run) => run.portfolio))
  const declared = await declaredBy(parts, place)
  const now = await accountsNow(parts.prisma, repositoryId, parts.now())
  const touched = now.filter((account) => account.kind !== 'portfolio' || portfolios.has(account.name))
  const accounts = isRefusal(declared) ? [] : touched.map((account) => payingAccount(declared.configuration, account))
  await answer(at, statusComment({ sessions: runs.map((run) => shown(parts, place, run)), accounts }))
}

const phases = {
  waiting: 'quoted',
  reserved: 'started',
  dispatched: 'started',
  claimed: 'running',
  ended: 'ended',
} as const satisfies Record<Run['state'], StatusSession['phase']>

function shown(parts: Parts, place: Place, run: Run & { session: Session }): StatusSession {
  return {
    sessionId: run.sessionId,
    workflow: run.family,
    variant: run.variant ?? undefined,
    phase: phases[run.state],
    conclusion: run.conclusion ?? undefined,
    outcome: run.state === 'ended' ? run.outcome : undefined,
    spentMicroUsd: run.spentMicroUsd,
    capMicroUsd: run.heldMicroUsd > 0n ? run.heldMicroUsd : run.capMicroUsd,
    commentUrl: commentUrlOf(parts, place, run.session),
  }
}
