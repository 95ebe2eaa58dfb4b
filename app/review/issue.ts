/** One issue for each period and repository: made once, found again after a crash, and updated while outcomes come late. */
import { createHash } from 'node:crypto'
import { periodOf } from '../../core/money/calendar.ts'
import { reviewMarker, reviewOf } from '../../core/text/marker.ts'
import { REVIEW_LABEL, reviewText, reviewTitle } from '../../core/text/portfolio-review.ts'
import { ours } from '../../delivery/author.ts'
import { unlessMissing } from '../../delivery/github.ts'
import type { Review } from '../../prisma/client/client.ts'
import type { Declared } from '../declared/configuration.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import { gatherReview } from './gather.ts'

/** Issues with the label that are looked through for one that an earlier try made. */
const LOOKED_THROUGH_MAX = 100

/** Of the period before the one that is under way, where the repository kept books in it already. */
export async function tendReview(parts: Parts, place: Place, { configuration }: Declared): Promise<void> {
  const { review, 'time-zone': timeZone } = configuration.portfolios
  if (!review) return
  const { prisma } = parts
  const { repositoryId } = place
  const now = parts.now()
  const period = periodOf(review.per, new Date(periodOf(review.per, now, timeZone).start.getTime() - 1), timeZone)
  const books = { repositoryId, kind: { not: 'experiment' as const }, periodStart: { lt: period.end } }
  if ((await prisma.account.findFirst({ where: books })) === null) return
  const repository = await prisma.repository.findUniqueOrThrow({ where: { id: repositoryId } })
  const gathered = await gatherReview({ prisma, configuration, repository, at: period.start, now })
  const key = { repositoryId, periodStart: period.start }
  await prisma.review.createMany({ data: { ...key, openedAt: now }, skipDuplicates: true })
  const row = await prisma.review.findUniqueOrThrow({ where: { repositoryId_periodStart: key } })
  const body = `${reviewMarker(gathered.from)}\n${reviewText(gathered)}`
  const digest = createHash('sha256').update(body).digest('hex')
  if (row.digest === digest) return
  const text = { title: reviewTitle(gathered), body }
  const issueNumber = await put(place, row, gathered.from, text)
  await prisma.review.update({ where: { repositoryId_periodStart: key }, data: { digest, issueNumber } })
  parts.log.info({ period: gathered.from, issue: issueNumber }, 'reviewed')
}

/** One that somebody deleted is not made again. */
async function put(
  place: Place,
  { issueNumber }: Review,
  from: string,
  text: { readonly title: string; readonly body: string },
): Promise<number> {
  const { issues } = place.octokit.rest
  const known = issueNumber ?? (await findIssue(place, from))
  if (known === undefined) {
    const { data } = await issues.create({ ...place.name, ...text, labels: [REVIEW_LABEL] })
    return data.number
  }
  await unlessMissing(() => issues.update({ ...place.name, issue_number: known, ...text }))
  return known
}

async function findIssue(place: Place, from: string): Promise<number | undefined> {
  const { data } = await place.octokit.rest.issues.listForRepo({
    ...place.name,
    labels: REVIEW_LABEL,
    state: 'all',
    per_page: LOOKED_THROUGH_MAX,
  })
  const ofPeriod = data.filter(({ body }) => reviewOf(body ?? '') === from)
  const [made] = await ours(place, ofPeriod)
  return made?.number
}
