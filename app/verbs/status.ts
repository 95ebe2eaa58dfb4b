/** `/agent status`: the sessions on this subject, what is left to spend, and how far experiments are. */

import type { Configuration } from '../../core/config/configuration.ts'
import { namesOf } from '../../core/money/account.ts'
import { isRefusal } from '../../core/reason.ts'
import {
  type ExperimentProgress,
  type PortfolioWorth,
  type StatusFailure,
  type StatusSession,
  statusComment,
} from '../../core/text/status-comment.ts'
import type { Account, Failure, Run, Session } from '../../prisma/client/client.ts'
import { answer, type CommandAt } from '../comment/command.ts'
import { accountsNow } from '../ledger/accounts.ts'
import { dayOf, failuresOf } from '../ledger/failure.ts'
import { ceilingOf } from '../ledger/further.ts'
import { allCounts } from '../ledger/portfolio-day.ts'
import type { Parts } from '../parts.ts'
import { lineOn } from '../queue/line.ts'
import { payingAccount } from '../run/paying.ts'
import { declaredBy } from '../run/prepare.ts'
import { toldTo } from '../show/standing.ts'
import { commentUrlOf } from '../show/urls.ts'
import type { Place } from '../subject/place.ts'

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
  const payers = new Set(runs.map((run) => run.portfolio))
  const declared = await declaredBy(parts, place)
  const now = await accountsNow(parts.prisma, repositoryId, parts.now())
  const touched = now.filter((account) => account.kind === 'squad' || payers.has(account.name))
  const sessions = await Promise.all(runs.map((run) => shown(parts, place, run)))
  const families = [...new Set(runs.map((run) => run.family))]
  const failures = (await failuresOf(parts.prisma, repositoryId, families)).map(statusFailure)
  const waiting = (await lineOn(parts.prisma, { repositoryId, subjectKey: key })).length
  if (isRefusal(declared)) return answer(at, statusComment({ sessions, accounts: [], failures, waiting }))
  const { configuration } = declared
  const accounts = touched.map((account) => payingAccount(configuration, account))
  const experiments = await progressOf(at, configuration, payers)
  const worth = await worthOf(at, configuration, touched)
  await answer(at, statusComment({ sessions, accounts, worth, experiments, failures, waiting }))
}

function statusFailure({ family, reason, step, count, firstAt, lastAt }: Failure): StatusFailure {
  return { workflow: family, reason, step: step ?? undefined, count, since: dayOf(firstAt), last: dayOf(lastAt) }
}

/** Of the portfolios' periods that are under way. */
async function worthOf(
  { parts, place }: CommandAt,
  { portfolios }: Configuration,
  accounts: readonly Account[],
): Promise<readonly PortfolioWorth[]> {
  const ofPortfolios = accounts.filter(({ kind, name }) => kind === 'portfolio' && name in portfolios.portfolios)
  return Promise.all(
    ofPortfolios.map(async ({ name, periodStart: start, periodEnd: end }) => {
      const { was } = portfolios.portfolios[name] ?? {}
      const key = { repositoryId: place.repositoryId, names: namesOf({ name, was }) }
      return { portfolio: name, spend: await allCounts(parts.prisma, key, { start, end }) }
    }),
  )
}

/** Of the experiments that pay here and declare what success is. */
async function progressOf(
  { parts, place }: CommandAt,
  { portfolios }: Configuration,
  payers: ReadonlySet<string>,
): Promise<readonly ExperimentProgress[]> {
  const declared = Object.entries(portfolios.experiments).filter(([name]) => payers.has(name))
  const progress = declared.map(async ([name, { workflows, success, was }]): Promise<ExperimentProgress[]> => {
    if (success === undefined) return []
    const counts = await parts.prisma.run.groupBy({
      by: ['outcome'],
      where: {
        repositoryId: place.repositoryId,
        family: { in: workflows },
        portfolio: { in: namesOf({ name, was }) },
        endedAt: { not: null },
        outcome: { in: ['accepted', 'reworked', 'rejected'] },
      },
      _count: true,
    })
    return [
      {
        name,
        success: { runs: success.runs, acceptedBasisPoints: success.accepted },
        settled: counts.reduce((sum, { _count }) => sum + _count, 0),
        accepted: counts.find(({ outcome }) => outcome === 'accepted')?._count ?? 0,
      },
    ]
  })
  return (await Promise.all(progress)).flat()
}

const phases = {
  waiting: 'quoted',
  reserved: 'started',
  dispatched: 'started',
  claimed: 'running',
  ended: 'ended',
} as const satisfies Record<Run['state'], StatusSession['phase']>

async function shown(parts: Parts, place: Place, run: Run & { session: Session }): Promise<StatusSession> {
  return {
    sessionId: run.sessionId,
    workflow: run.family,
    variant: run.variant ?? undefined,
    phase: phases[run.state],
    conclusion: run.conclusion ?? undefined,
    reason: run.reason ?? undefined,
    told: toldTo(run),
    outcome: run.state === 'ended' ? run.outcome : undefined,
    spentMicroUsd: run.spentMicroUsd,
    capMicroUsd: run.heldMicroUsd > 0n ? run.heldMicroUsd : run.capMicroUsd,
    ceiling: await ceilingOf(parts.prisma, run.session),
    commentUrl: commentUrlOf(parts, place, run.session),
  }
}
