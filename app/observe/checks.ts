/** Check runs and statuses on a delivered head. Purser's own checks say nothing of its work. */
import { runsByDeliveredSha } from '../ledger/history.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../place.ts'
import type { NewFact } from './facts.ts'
import { noteFor } from './note.ts'

interface Check {
  readonly name: string
  readonly head_sha: string
  readonly conclusion: string | null
  readonly app: { readonly id?: number | undefined } | null
}

/** Checks of one head, and statuses, that are read at once. */
const CHECKS_MAX = 100

export async function onCheckRun(parts: Parts, place: Place, event: { readonly check_run: Check }): Promise<void> {
  await note(parts, place, event.check_run)
}

/** The end of a suite is the moment to find the checks whose own events never came. */
export async function onCheckSuite(
  parts: Parts,
  place: Place,
  event: { readonly check_suite: { readonly head_sha: string } },
): Promise<void> {
  const { head_sha: sha } = event.check_suite
  const runs = await runsByDeliveredSha(parts.prisma, place.repositoryId, sha)
  if (runs.length > 0) await noteChecksOn(parts, place, sha)
}

export async function noteChecksOn(parts: Parts, place: Place, sha: string): Promise<void> {
  const { data } = await place.octokit.rest.checks.listForRef({ ...place.name, ref: sha, per_page: CHECKS_MAX })
  for (const check of data.check_runs) {
    if (check.status === 'completed') await note(parts, place, check)
  }
}

interface Status {
  readonly sha: string
  readonly context: string
  readonly state: string
}

export async function onStatus(parts: Parts, place: Place, { sha, context, state }: Status): Promise<void> {
  if (state === 'pending') return
  const runs = await runsByDeliveredSha(parts.prisma, place.repositoryId, sha)
  const value = state === 'success' ? 'success' : 'failure'
  await noteFor(parts, runs, { kind: 'check', key: `status:${context}`, value })
}

export async function noteStatusesOn(parts: Parts, place: Place, sha: string): Promise<void> {
  const { data } = await place.octokit.rest.repos.getCombinedStatusForRef({
    ...place.name,
    ref: sha,
    per_page: CHECKS_MAX,
  })
  for (const { context, state } of data.statuses) await onStatus(parts, place, { sha, context, state })
}

async function note(parts: Parts, place: Place, check: Check): Promise<void> {
  if (check.app?.id === parts.appId) return
  const runs = await runsByDeliveredSha(parts.prisma, place.repositoryId, check.head_sha)
  const fact: NewFact = {
    kind: 'check',
    key: `${check.app?.id ?? 0}:${check.name}`,
    value: verdictOf(check.conclusion),
  }
  await noteFor(parts, runs, fact)
}

/** Skipped, neutral, stale and cancelled checks say nothing of the work. */
function verdictOf(conclusion: string | null): 'success' | 'failure' | 'other' {
  if (conclusion === 'success') return 'success'
  return conclusion === 'failure' || conclusion === 'timed_out' ? 'failure' : 'other'
}
