/**
 * Check runs and statuses on a delivered head. Purser's own checks say nothing of its work. An event only says that there is
 * something to see: what counts is what GitHub has of the head now, so that an old delivery can't bring back an old verdict.
 */
import { foldVerdicts, type ObservedCheck } from '../../core/outcome/observed-checks.ts'
import { appNamed, isMachine } from '../../delivery/author.ts'
import type { Run } from '../../prisma/client/client.ts'
import { runsByDeliveredSha } from '../ledger/history.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import type { NewFact } from './facts.ts'
import { noteFor } from './note.ts'
import { noteWorkflowFiles } from './workflow-files.ts'

/** Checks of one head, and statuses, that are looked at. */
const CHECKS_MAX = 300
const PAGE = 100

interface OfHead {
  readonly head_sha: string
}

export async function onCheckRun(
  parts: Parts,
  place: Place,
  { check_run }: { readonly check_run: OfHead & { readonly app: { readonly id?: number | undefined } | null } },
): Promise<void> {
  if (check_run.app?.id !== parts.appId) await noteChecksOn(parts, place, check_run.head_sha)
}

/** The end of a suite is the moment to find the checks whose own events never came. */
export async function onCheckSuite(
  parts: Parts,
  place: Place,
  { check_suite }: { readonly check_suite: OfHead },
): Promise<void> {
  await noteChecksOn(parts, place, check_suite.head_sha)
}

export async function noteChecksOn(parts: Parts, place: Place, sha: string): Promise<void> {
  const runs = await runsByDeliveredSha(parts.prisma, place.repositoryId, sha)
  if (runs.length === 0) return
  // GitHub lists the latest check of each name in each suite, and a head has a suite for every Actions workflow and event.
  const verdicts = new Map<string, ObservedCheck['verdict'][]>()
  for (let page = 1; page <= CHECKS_MAX / PAGE; page += 1) {
    const { data } = await place.octokit.rest.checks.listForRef({ ...place.name, ref: sha, per_page: PAGE, page })
    for (const { app, name, status, conclusion } of data.check_runs) {
      if (status !== 'completed' || app?.id === parts.appId) continue
      const key = `check:${app?.slug ?? 'unknown'}:${name}`
      verdicts.set(key, [...(verdicts.get(key) ?? []), verdictOf(conclusion)])
    }
    if (data.check_runs.length < PAGE) break
  }
  const facts = [...verdicts].map(([key, said]): NewFact => ({ kind: 'check', key, value: foldVerdicts(said) }))
  await noteChecks(parts, place, runs, facts)
}

export async function onStatus(
  parts: Parts,
  place: Place,
  { sha, state }: { readonly sha: string; readonly state: string },
): Promise<void> {
  if (state !== 'pending') await noteStatusesOn(parts, place, sha)
}

export async function noteStatusesOn(parts: Parts, place: Place, sha: string): Promise<void> {
  const runs = await runsByDeliveredSha(parts.prisma, place.repositoryId, sha)
  if (runs.length === 0) return
  // Newest first. What an App said last stands beside what others say by the same context: anybody who may write can take it.
  const standing = new Map<string, NewFact>()
  for (let page = 1; page <= CHECKS_MAX / PAGE; page += 1) {
    const { data } = await place.octokit.rest.repos.listCommitStatusesForRef({
      ...place.name,
      ref: sha,
      per_page: PAGE,
      page,
    })
    for (const { context, state, creator } of data) {
      const key = `status:${appOf(creator)}:${context}`
      if (standing.has(key)) continue
      const value = state === 'success' ? 'success' : state === 'pending' ? 'other' : 'failure'
      standing.set(key, { kind: 'check', key, value })
    }
    if (data.length < PAGE) break
  }
  await noteChecks(parts, place, runs, [...standing.values()])
}

async function noteChecks(parts: Parts, place: Place, runs: readonly Run[], facts: readonly NewFact[]): Promise<void> {
  if (facts.length === 0) return
  for (const run of runs) await noteWorkflowFiles(parts, place, run)
  await noteFor(parts, place, runs, ...facts)
}

/** A person's account is nobody's business. */
function appOf(creator: { readonly login: string; readonly type: string } | null): string {
  if (creator === null) return 'unknown'
  return isMachine(creator) ? appNamed(creator) : ''
}

/** Skipped, neutral, stale and cancelled checks say nothing of the work. */
function verdictOf(conclusion: string | null): ObservedCheck['verdict'] {
  if (conclusion === 'success') return 'success'
  return conclusion === 'failure' || conclusion === 'timed_out' ? 'failure' : 'other'
}
