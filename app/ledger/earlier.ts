/** What earlier runs on a subject came to, for a later one to be shown: words of agents, which are foreign to whoever reads them. */

import { redactClean } from '../../core/inert.ts'
import { redactor } from '../../core/redact.ts'
import type { EarlierResult } from '../../core/session/earlier-result.ts'
import type { PrismaClient, Run } from '../../prisma/client/client.ts'
import { storedReport } from './stored.ts'

/** Of one result; all together cost a few thousand tokens at the most. */
const TITLE_CHARACTERS_MAX = 300
const BODY_CHARACTERS_MAX = 3_000
/** Of what the wire allows. */
const RESULTS_MAX = 5
/** Newest runs that are looked through; few of them made nothing. */
const LOOKED_THROUGH_MAX = 30

const redact = redactor([])

/** Oldest first. The run whose conversation goes on has its own words before it already. */
export async function earlierResults(
  prisma: PrismaClient,
  run: Pick<Run, 'id' | 'repositoryId' | 'subjectKey' | 'createdAt'>,
  goesOnFrom: string | undefined,
): Promise<readonly EarlierResult[]> {
  const runs = await prisma.run.findMany({
    where: {
      repositoryId: run.repositoryId,
      subjectKey: run.subjectKey,
      state: 'ended',
      createdAt: { lte: run.createdAt },
      id: { notIn: [run.id, ...(goesOnFrom === undefined ? [] : [goesOnFrom])] },
    },
    orderBy: { createdAt: 'desc' },
    take: LOOKED_THROUGH_MAX,
  })
  const results = runs.map(resultOf).filter((result) => result !== undefined)
  return results.slice(0, RESULTS_MAX).reverse()
}

function resultOf(run: Run): EarlierResult | undefined {
  const delivery = storedReport(run)?.delivery
  if (delivery === undefined || run.conclusion === null) return undefined
  return {
    workflow: run.family,
    ...(run.variant === null ? {} : { variant: run.variant }),
    conclusion: run.conclusion,
    title: redactClean(delivery.title, redact).slice(0, TITLE_CHARACTERS_MAX),
    body: redactClean(delivery.body, redact).slice(0, BODY_CHARACTERS_MAX),
  }
}
