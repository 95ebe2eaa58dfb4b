/** `purser review`: the report on portfolios, from what a checkout declares and what the ledger has counted. */
import { gatherReview } from '../../app/review/gather.ts'
import { isCalendarDay } from '../../core/config/units.ts'
import { isRefusal } from '../../core/reason.ts'
import { reviewText, reviewTitle } from '../../core/text/portfolio-review.ts'
import { declaredConfiguration, readCheckout } from '../checkout.ts'
import type { ReviewOptions } from '../commands/review.ts'
import { type ExitCode, endProblem, endRefused, endWrongUsage, exitCodes, printJson } from '../exit.ts'
import { openLedger, repositoryIn } from '../ledger/ledger.ts'

export async function review({ dir, organisation, repository, period, json }: ReviewOptions): Promise<ExitCode> {
  const now = new Date()
  const at = period === undefined ? now : momentIn(period)
  if (at === undefined) {
    return endWrongUsage(`--period ${period} is no month or day; expected one; for example 2026-10 or 2026-10-12`, json)
  }
  const checkout = readCheckout(dir, organisation)
  const configuration = isRefusal(checkout) ? checkout : declaredConfiguration(checkout)
  if (isRefusal(configuration)) return endRefused(configuration, json)
  const database = await openLedger()
  if (typeof database === 'string') return endProblem(database, json)
  try {
    const found = await repositoryIn(database, repository)
    if ('problem' in found) return endProblem(found.problem, json)
    const gathered = await gatherReview({ prisma: database.prisma, configuration, repository: found, at, now })
    if (json) printJson(gathered)
    else process.stdout.write(`# ${reviewTitle(gathered)}: ${gathered.repository}\n\n${reviewText(gathered)}\n`)
    return exitCodes.done
  } finally {
    await database.close()
  }
}

/** In the middle of the day, which is that day in nearly every time zone. */
function momentIn(period: string): Date | undefined {
  const [, month, day = '15'] = /^(\d{4}-\d{2})(?:-(\d{2}))?$/.exec(period) ?? []
  return isCalendarDay(`${month}-${day}`) ? new Date(`${month}-${day}T12:00:00Z`) : undefined
}
