/** Evidence out of several repositories: each one's, and all of it together. */

import { formatUsd } from '../money/money.ts'
import { formatShare } from '../promotion/measure.ts'
import type { Sides } from '../promotion/pooled.ts'
import { spendPerAcceptedMicroUsd, type Tally } from '../promotion/tally.ts'
import { inline, paragraphs, table } from './markdown.ts'

/** A repository that may be named, or several that may not, together. */
export interface RepositoryRow extends Sides {
  readonly name: string
}

const ROWS_MAX = 50

/** `whose`: which of the private ones is named all the same. */
export function repositoriesTable(rows: readonly RepositoryRow[], pooled: Sides, whose: string): string {
  const hasBaseline = pooled.baseline !== undefined
  const cells = (tally: Tally | undefined): string[] =>
    tally === undefined
      ? []
      : [formatShare(tally.accepted, tally.settled) ?? 'no data', `${tally.reverted}`, costOf(tally)]
  const head = ['', 'accepted', 'reverted', 'cost for each accepted run']
  const shown = [...rows.slice(0, ROWS_MAX), { ...pooled, name: '' }]
  return paragraphs(
    table(
      hasBaseline ? [...head, ...head.slice(1).map((what) => `baseline: ${what}`)] : head,
      shown.map((row) => [
        row.name === '' ? '**together**' : inline(row.name),
        ...cells(row.variant),
        ...cells(row.baseline),
      ]),
    ),
    'Counted are repositories that declare exactly this' +
      `${hasBaseline ? ' beside exactly the same baseline' : ''}. A private one is named only if it ${whose}.`,
  )
}

function costOf(tally: Tally): string {
  const amount = spendPerAcceptedMicroUsd(tally)
  return amount === undefined ? 'none was accepted' : formatUsd(amount)
}
