/** How a session stands as a whole, for its comment and its replies. */
import type { Configuration } from '../../core/config/configuration.ts'
import { payerOf } from '../../core/money/payer.ts'
import { ASK } from '../../core/plan/resolve-ask.ts'
import { mostCap } from '../../core/plan/resolve-overrides.ts'
import type { SessionStanding } from '../../core/text/session-standing.ts'
import type { PrismaClient, Run, Session } from '../../prisma/client/client.ts'
import { ceilingOf } from '../ledger/further.ts'
import { checkpointHolder, saidMeanwhile } from '../ledger/session-log.ts'
import { storedPlan } from '../ledger/stored.ts'

/** The newest runs that are shown. */
const RUNS_SHOWN_MAX = 20

/** `run`: the session's newest one of a workflow. */
export async function sessionStanding(
  prisma: PrismaClient,
  session: Session,
  run: Run,
  configuration: Configuration | undefined,
): Promise<SessionStanding> {
  const runs = await prisma.run.findMany({
    where: { sessionId: session.id },
    orderBy: { createdAt: 'desc' },
    take: RUNS_SHOWN_MAX,
    select: { family: true, variant: true, conclusion: true, reason: true, spentMicroUsd: true },
  })
  const { capMicroUsd, ownCapMicroUsd = capMicroUsd } = storedPlan(run)
  const payer = configuration && payerOf(configuration, run.family)
  return {
    ceiling: await ceilingOf(prisma, session),
    mostMicroUsd: payer && mostCap(payer.terms, ownCapMicroUsd),
    runs: runs.reverse().map(({ family, variant, conclusion, reason, spentMicroUsd }) => ({
      workflow: family,
      variant: variant ?? undefined,
      conclusion: conclusion ?? undefined,
      reason: reason ?? undefined,
      spentMicroUsd,
    })),
    rootId: session.rootId ?? undefined,
    hasCheckpoint: run.state === 'ended' && (await checkpointHolder(prisma, run.id)) !== undefined,
    unheard: run.state === 'ended' ? (await saidMeanwhile(prisma, session.id)).length : 0,
  }
}

/** The run that the session's comment tells of: its newest one that answers no question. */
export async function newestOf(prisma: PrismaClient, sessionId: string): Promise<Run> {
  return prisma.run.findFirstOrThrow({
    where: { sessionId, family: { not: ASK } },
    orderBy: [{ createdAt: 'desc' }, { reservedAt: 'desc' }],
  })
}

/** What a run that is under way was told and has not carried out yet. */
export function toldTo(run: Pick<Run, 'state' | 'stopRequested' | 'pauseRequested'>): 'stop' | 'rest' | undefined {
  if (run.state !== 'claimed') return undefined
  if (run.stopRequested) return 'stop'
  return run.pauseRequested ? 'rest' : undefined
}
