/** From a request to what would be run and who would pay: configuration, plan, accounts. Nothing is stored yet. */

import { dayOf } from '../core/calendar.ts'
import type { Configuration } from '../core/config/configuration.ts'
import { matchesAny } from '../core/guard.ts'
import { type AccountSpec, accountsFor } from '../core/ledger.ts'
import type { Plan, Subject } from '../core/plan.ts'
import { isRefusal, type Refusal } from '../core/reason.ts'
import { type Resolved, type RunRequest, resolveRun } from '../core/resolve.ts'
import type { Declared } from './configuration.ts'
import type { Parts } from './parts.ts'
import type { Place } from './place.ts'
import { changedPaths } from './subject.ts'

export interface Prepared {
  readonly declared: Declared
  readonly resolved: Resolved
  /** The plan with what the command overrode, for the record. */
  readonly plan: Plan
  readonly accounts: readonly AccountSpec[]
}

export async function declaredBy(parts: Parts, place: Place): Promise<Declared | Refusal> {
  const today = dayOf(parts.now(), 'UTC')
  return parts.readConfiguration(place.octokit, place.name, place.defaultBranch, today)
}

export async function prepare(
  parts: Parts,
  place: Place,
  declared: Declared,
  request: RunRequest,
  subject: Subject,
): Promise<Prepared | Refusal> {
  const { configuration, configSha } = declared
  const resolved = resolveRun(configuration, request, subject, parts.keptPrices)
  if (isRefusal(resolved)) return resolved
  const squad = request.variant === undefined ? undefined : await payingSquad(place, configuration, subject)
  return {
    declared,
    resolved,
    plan: { ...resolved.plan, configSha, overrides: request.overrides },
    accounts: accountsFor(configuration, resolved, squad, parts.now()),
  }
}

/** The squad that owns most of the subject's paths, the first declared among equals: its sprint pays for a variant. */
export async function payingSquad(
  place: Place,
  configuration: Configuration,
  subject: Subject,
): Promise<string | undefined> {
  const squads = Object.entries(configuration.portfolios.exploration?.squads ?? {})
  if (squads.length === 0) return undefined
  const paths = await changedPaths(place, subject)
  const owned = squads.map(([name, squad]) => ({
    name,
    files: paths.filter((path) => matchesAny(squad.paths, path)).length,
  }))
  const most = owned.toSorted((a, b) => b.files - a.files)[0]
  return most && most.files > 0 ? most.name : undefined
}
