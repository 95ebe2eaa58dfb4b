/**
 * How long issues with a label that a value names are open: from their opening to their close, as GitHub says now. They are facts
 * of the repository, so it does not matter whether a run touched them. One that loses its label was no incident.
 */

import { isSpan, type SpanMeasure, scopeOf } from '../../core/outcome/value-measure.ts'
import { isRefusal } from '../../core/reason.ts'
import { unlessMissing } from '../../delivery/github.ts'
import type { Declared } from '../declared/configuration.ts'
import { forgetSpan, noteSpan } from '../ledger/span.ts'
import type { Parts } from '../parts.ts'
import { declaredBy } from '../run/prepare.ts'
import type { Place } from '../subject/place.ts'

interface IssueEvent {
  readonly issue: { readonly number: number; readonly labels?: readonly ({ readonly name: string } | null)[] | null }
  readonly label?: { readonly name: string } | null | undefined
}

/** A measure of issues, and the label that it looks at. */
interface Marked {
  readonly measure: SpanMeasure
  readonly label: string
}

export async function onMarkedIssue(parts: Parts, place: Place, { issue, label }: IssueEvent): Promise<void> {
  const { repositoryId } = place
  const { number } = issue
  const names = [...(issue.labels ?? []), label].flatMap((one) => one?.name ?? [])
  const isNoted = await parts.prisma.span.findFirst({ where: { repositoryId, subjectKey: `issue:${number}` } })
  if (names.length === 0 && !isNoted) return
  const declared = await declaredBy(parts, place)
  if (isRefusal(declared)) return
  const marked = markedBy(declared)
  if (!isNoted && !marked.some(({ label }) => names.includes(label))) return
  const read = await unlessMissing(() => place.octokit.rest.issues.get({ ...place.name, issue_number: number }))
  await noteIssue(parts, place, marked, number, read?.data)
}

/** What GitHub says of an issue; nothing of one that is gone. */
interface ReadIssue {
  readonly number: number
  readonly created_at: string
  readonly closed_at: string | null
  readonly labels: readonly (string | { readonly name?: string })[]
}

async function noteIssue(
  { prisma }: Parts,
  { repositoryId }: Place,
  marked: readonly Marked[],
  number: number,
  issue: ReadIssue | undefined,
): Promise<void> {
  const names = (issue?.labels ?? []).map((label) => (typeof label === 'string' ? label : label.name))
  for (const { measure, label } of marked) {
    const key = { repositoryId, measure, scope: label, subjectKey: `issue:${number}` }
    if (!issue || !names.includes(label)) await forgetSpan(prisma, key)
    else await noteSpan(prisma, key, new Date(issue.created_at), issue.closed_at ? new Date(issue.closed_at) : null)
  }
}

export function markedBy({ configuration }: Pick<Declared, 'configuration'>): readonly Marked[] {
  return Object.values(configuration.portfolios.values).flatMap(({ measure, label }) =>
    isSpan(measure) && scopeOf(measure) === 'label' && label !== undefined ? [{ measure, label }] : [],
  )
}

/** Issues of one label that one look takes; those that changed last come first. */
const ISSUES_AT_ONCE = 100

/** What no webhook has told of since `since`. */
export async function lookForIncidents(parts: Parts, place: Place, declared: Declared, since: Date): Promise<void> {
  for (const { measure, label } of markedBy(declared)) {
    const { data } = await place.octokit.rest.issues.listForRepo({
      ...place.name,
      labels: label,
      state: 'all',
      sort: 'updated',
      direction: 'desc',
      since: since.toISOString(),
      per_page: ISSUES_AT_ONCE,
    })
    const issues = data.filter(({ pull_request: pull }) => !pull)
    for (const issue of issues) await noteIssue(parts, place, [{ measure, label }], issue.number, issue)
  }
}
