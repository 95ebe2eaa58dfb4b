/** From a request to what would be run and who would pay: configuration, plan, accounts. Nothing is stored yet. */

import { createHash } from 'node:crypto'
import type { Configuration } from '../../core/config/configuration.ts'
import { type AccountSpec, accountsFor } from '../../core/money/account.ts'
import { dayOf } from '../../core/money/calendar.ts'
import { payingSquad } from '../../core/money/squads.ts'
import { assignSide, withWayOut } from '../../core/plan/assignment.ts'
import type { Plan, Subject } from '../../core/plan/plan.ts'
import { type Resolved, type RunRequest, resolveRun } from '../../core/plan/resolve.ts'
import { type Question, resolveAsk } from '../../core/plan/resolve-ask.ts'
import { isRefusal, type Refusal } from '../../core/reason.ts'
import type { Declared } from '../declared/configuration.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import { changedPaths } from '../subject/subject.ts'

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

/** What a repository's layer declares, also where it is its organisation's and has no `portfolios.yml`. */
export async function layerBy(parts: Parts, place: Place): Promise<Declared | Refusal> {
  const today = dayOf(parts.now(), 'UTC')
  return parts.readConfiguration(place.octokit, place.name, place.defaultBranch, today, 'layer')
}

export async function prepare(
  parts: Parts,
  place: Place,
  declared: Declared,
  request: RunRequest,
  subject: Subject,
): Promise<Prepared | Refusal> {
  const { configuration } = declared
  const sided = assignSide(configuration, request, subject, sha256Hex)
  const resolved = resolveRun(configuration, sided, subject, parts.keptPrices, parts.now())
  if (isRefusal(resolved)) return withWayOut(resolved, sided)
  const isSquads = isChosen(resolved.plan) && resolved.payer.kind === 'portfolio'
  const squad = isSquads ? await squadPaying(place, configuration, subject) : undefined
  return preparedOf(parts, declared, resolved, request.overrides, squad)
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** A squad's sprint pays for what somebody chose to try, the portfolio for what was assigned. */
export function isChosen({ variant, assigned }: Pick<Plan, 'variant' | 'assigned'>): boolean {
  return variant !== undefined && assigned === undefined
}

/** The variant that somebody chose to try, on whose payer there is something to say. */
export function triedIn(plan: Pick<Plan, 'variant' | 'assigned'>): string | undefined {
  return isChosen(plan) ? plan.variant : undefined
}

/** A question about a session: whoever pays for runs of its workflow's baseline pays for the answer. */
export function prepareAsk(parts: Parts, declared: Declared, question: Question, subject: Subject): Prepared | Refusal {
  const resolved = resolveAsk(declared.configuration, question, subject, parts.keptPrices, parts.now())
  return isRefusal(resolved) ? resolved : preparedOf(parts, declared, resolved, {}, undefined)
}

function preparedOf(
  parts: Parts,
  declared: Declared,
  resolved: Resolved,
  overrides: RunRequest['overrides'],
  squad: string | undefined,
): Prepared {
  const { configuration, configSha } = declared
  return {
    declared,
    resolved,
    plan: { ...resolved.plan, configSha, overrides },
    accounts: accountsFor(configuration, resolved, squad, parts.now()),
  }
}

/** The squad whose sprint pays for a portfolio's variant on this subject, by the files it changes. */
export async function squadPaying(
  place: Place,
  configuration: Configuration,
  subject: Subject,
): Promise<string | undefined> {
  const squads = configuration.portfolios.exploration?.squads ?? {}
  return Object.keys(squads).length === 0 ? undefined : payingSquad(squads, await changedPaths(place, subject))
}
