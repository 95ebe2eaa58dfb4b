/** What the organisation decided of a workflow's standard, for the repositories that inherit it. */

import { WINDOW_DAYS_MAX } from '../../core/config/promotion.ts'
import { ORGANISATION_REPOSITORIES } from '../../core/config/settings.ts'
import { windowOf } from '../../core/promotion/evidence.ts'
import type { Elsewhere, NewStandard } from '../../core/text/new-standard.ts'
import type { Parts } from '../parts.ts'
import { siteOf } from '../show/urls.ts'
import { fullNameOf } from '../subject/place.ts'
import { beforeSchema } from './before.ts'
import { type Home, homeOf, noteSides } from './home.ts'

const DAY_MS = 86_400_000

/**
 * The last promotion or rollback of the family's standard, told for one window after its merge. `undefined` where there is none,
 * where it was decided in this very repository, or where this one pins or declares something else.
 */
export async function newStandard(parts: Parts, here: Home, family: string): Promise<NewStandard | undefined> {
  const found = here.declared.configuration.families.get(family)
  if (found?.layer !== 'organisation') return undefined
  const { owner } = here.place.name
  // Seldom there is one lately, and only then GitHub has to be asked what the organisation declares now, its window too.
  const longAgo = new Date(parts.now().getTime() - WINDOW_DAYS_MAX * DAY_MS)
  const last = await parts.prisma.promotion.findFirst({
    where: {
      repository: { owner, name: { in: [...ORGANISATION_REPOSITORIES] } },
      family,
      decision: { in: ['promote', 'rollback'] },
      // A promotion that was rolled back counts as rejected, and the rollback came later.
      state: 'merged',
      decidedAt: { gt: longAgo },
      issueNumber: { not: null },
    },
    orderBy: { decidedAt: 'desc' },
    include: { repository: true },
  })
  if (!last || last.decidedAt === null || last.issueNumber === null) return undefined
  const home = await homeOf(parts, here, family, null)
  if (home?.place.repositoryId !== last.repositoryId || home === here) return undefined
  if (last.decidedAt <= windowOf(home.declared.configuration.promotion, parts.now()).from) return undefined
  // From here on runs of the new one count here, the first one too.
  await noteSides(parts, here, family, [])
  const site = siteOf(parts, home.place)
  const elsewhere = (page: 'issues' | 'pull', number: number): Elsewhere => ({
    repository: fullNameOf(home.place),
    number,
    url: `${site}/${page}/${number}`,
  })
  const before = beforeSchema.safeParse(last.before).data
  const own = await parts.prisma.repository.findUniqueOrThrow({ where: { id: here.place.repositoryId } })
  const mayKnow = !last.repository.private || own.private
  const { decision, variant } = last
  const old = decision === 'promote' ? before?.keptAs : variant
  return {
    decision: decision === 'rollback' ? 'rollback' : 'promote',
    workflow: family,
    variant,
    since: last.decidedAt.toISOString().slice(0, 10),
    issue: elsewhere('issues', last.issueNumber),
    pull: last.pullNumber === null ? undefined : elsewhere('pull', last.pullNumber),
    old: old !== undefined && found.variants.has(old) ? old : undefined,
    worth:
      decision === 'promote' && mayKnow && before?.promoted
        ? { now: before.promoted, before: before.tally }
        : undefined,
  }
}
