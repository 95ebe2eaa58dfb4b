/** The rows of proposals: found by their issue or their pull request, and moved from one state to the next once. */
import type { Prisma, PrismaClient, Promotion } from '../../prisma/client/client.ts'
import { keyOf, type TrialKey } from './trial.ts'

export type PromotionState = Promotion['state']

export async function promotionOfIssue(
  prisma: PrismaClient,
  repositoryId: bigint,
  issueNumber: number,
): Promise<Promotion | null> {
  return prisma.promotion.findFirst({ where: { repositoryId, issueNumber } })
}

export async function promotionOfPull(
  prisma: PrismaClient,
  repositoryId: bigint,
  pullNumber: number,
): Promise<Promotion | null> {
  return prisma.promotion.findFirst({ where: { repositoryId, pullNumber } })
}

/** The one that it carried out until it was closed. */
export async function promotionOfFormerPull(
  prisma: PrismaClient,
  repositoryId: bigint,
  pullNumber: number,
): Promise<Promotion | null> {
  return prisma.promotion.findFirst({ where: { repositoryId, formerPulls: { has: pullNumber } } })
}

export function keyOfPromotion({ repositoryId, family, variant, decision }: Promotion) {
  return { repositoryId, family, variant, decision }
}

/** Whether this call moved it: who comes second, or too late, changes nothing. */
export async function advance(
  prisma: PrismaClient,
  promotion: Promotion,
  from: readonly PromotionState[],
  data: Prisma.PromotionUpdateManyMutationInput,
): Promise<boolean> {
  const { count } = await prisma.promotion.updateMany({
    where: { ...keyOfPromotion(promotion), state: { in: [...from] } },
    data,
  })
  return count === 1
}

/** As if it had never been proposed: what it is about has been declared anew, or promoted anew. */
export async function startAnew(prisma: PrismaClient, promotion: Promotion, now: Date): Promise<Promotion> {
  return prisma.promotion.update({
    where: { repositoryId_family_variant_decision: keyOfPromotion(promotion) },
    data: {
      state: 'opening',
      openedAt: now,
      issueNumber: null,
      definition: null,
      pullNumber: null,
      formerPulls: [],
      givenUp: 0,
      rejection: null,
      decidedAt: null,
      overdue: false,
    },
  })
}

/**
 * When a side of a trial is found to be declared differently than at the last look, it counts anew from `now`. Noted also of a
 * side without a run: what both are declared as says whose runs are one trial. `definitions` by variant, null for the baseline.
 */
export async function noteDefinitions(
  prisma: PrismaClient,
  { repositoryId, family }: Pick<TrialKey, 'repositoryId' | 'family'>,
  definitions: ReadonlyMap<string | null, string>,
  now: Date,
): Promise<void> {
  const variants = [...definitions.keys()].map((variant) => keyOf({ repositoryId, family, variant }).variant)
  // In one order, so that no two wait for each other.
  await prisma.$executeRaw`
    INSERT INTO trial AS known (repository_id, family, variant, definition)
    SELECT ${repositoryId}, ${family}, side.variant, side.definition
    FROM unnest(${variants}::text[], ${[...definitions.values()]}::text[]) AS side (variant, definition)
    ORDER BY side.variant
    ON CONFLICT (repository_id, family, variant) DO UPDATE SET definition = excluded.definition,
      since = CASE WHEN known.definition IS NULL THEN known.since ELSE ${now.toISOString()}::timestamptz END
    WHERE known.definition IS DISTINCT FROM excluded.definition`
}

/** A side that was changed at a known time counts from then; what it is declared as is noted at the next look. */
export async function countFrom(prisma: PrismaClient, side: TrialKey, since: Date): Promise<void> {
  const key = keyOf(side)
  await prisma.trial.upsert({
    where: { repositoryId_family_variant: key },
    create: { ...key, since },
    update: { since, definition: null },
  })
}
