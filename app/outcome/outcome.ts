/** What became of a run's work: decided anew from the stored facts whenever one changes, by the declared rules. */
import { outcomePlaces } from '../../core/config/outcome-places.ts'
import { decideOutcome, silenceDecidesAt } from '../../core/outcome/outcome.ts'
import { overrideKeyOf } from '../../core/promotion/override-set.ts'
import { isRefusal, type Refusal } from '../../core/reason.ts'
import { deliveryKindSchema } from '../../core/run/run.ts'
import { countsInTrial, isDeliveryDue } from '../../core/run/run-life.ts'
import type { Declared } from '../declared/configuration.ts'
import type { RuleSet } from '../ledger/rule-set.ts'
import { standingOf } from '../ledger/standing.ts'
import { storedPlan } from '../ledger/stored.ts'
import { deferOutcome, recordOutcome } from '../ledger/trial.ts'
import { factsOf } from '../observe/facts.ts'
import type { Parts } from '../parts.ts'
import { lookAtOverrides } from '../promotion/adopt.ts'
import { watchBaseline } from '../promotion/watch.ts'
import { declaredBy } from '../run/prepare.ts'
import { type Place, placeById } from '../subject/place.ts'
import { lookAtTrials } from './trial.ts'

/** What is undecided is looked at this often, since the rules themselves may be changed. */
const LOOK_AGAIN_MS = 86_400_000
/** What can't be decided for want of an answer is tried again after this. */
const DEFERRED_MS = 3_600_000

/** A repository and what it declares. */
interface Jurisdiction {
  readonly place: Place
  readonly declared: Declared | Refusal
}
export type FindJurisdiction = (repositoryId: bigint) => Promise<Jurisdiction>

/** Asks GitHub once for each repository, for a round of decisions. */
export function findOnce(parts: Parts): FindJurisdiction {
  const found = new Map<bigint, Promise<Jurisdiction>>()
  return (repositoryId) => {
    const known = found.get(repositoryId) ?? findJurisdiction(parts, repositoryId)
    found.set(repositoryId, known)
    return known
  }
}

async function findJurisdiction(parts: Parts, repositoryId: bigint): Promise<Jurisdiction> {
  return jurisdictionAt(parts, await placeById(parts, repositoryId))
}

export async function jurisdictionAt(parts: Parts, place: Place): Promise<Jurisdiction> {
  return { place, declared: await declaredBy(parts, place) }
}

/** Says whether anything changed, and the run is shown for it. */
export async function updateOutcome(
  parts: Parts,
  runId: string,
  find: FindJurisdiction = (repositoryId) => findJurisdiction(parts, repositoryId),
): Promise<boolean> {
  const now = parts.now()
  const run = await parts.prisma.run.findUnique({ where: { id: runId } })
  // What has not ended, or whose work is still on its way, is decided when that is done.
  if (!run || !countsInTrial(run) || isDeliveryDue({ ...run, ...standingOf(run) })) return false
  const { place, declared } = await find(run.repositoryId)
  if (isRefusal(declared)) {
    const { reason } = declared
    parts.log.warn({ run: runId, reason }, 'no outcome is decided while the configuration is unreadable')
    await putOff(parts, runId)
    return false
  }
  const ruleSet = ruleSetOf(declared)
  const { rules, apps } = ruleSet
  const changed = await recordOutcome(
    parts.prisma,
    runId,
    (run, rows) => {
      const facts = factsOf(run, rows, apps)
      const delivery = deliveryKindSchema.parse(run.delivery)
      const silence = silenceDecidesAt(facts, rules, delivery, now)
      return {
        ...decideOutcome(facts, rules, delivery, now),
        reverted: facts.reverted,
        by: { ruleSet, sha: declared.configSha, overrideKey: overrideKeyOf(storedPlan(run)) },
        decideAfter: silence && earlier(silence, new Date(now.getTime() + LOOK_AGAIN_MS)),
      }
    },
    now,
  )
  try {
    await lookAtTrials(parts, place, declared, run)
    await watchBaseline(parts, place, declared, run)
    const overrideKey = overrideKeyOf(storedPlan(run))
    if (changed && overrideKey !== undefined) await lookAtOverrides(parts, place, declared, { ...run, overrideKey })
  } finally {
    if (changed) await parts.showLater(runId)
  }
  return changed
}

/** For a run of which there is something else to show as well: it is shown once. */
export async function updateOutcomeAndShow(parts: Parts, runId: string, find?: FindJurisdiction): Promise<void> {
  if (!(await updateOutcome(parts, runId, find))) await parts.showLater(runId)
}

/** Places are looked up once for each configuration. */
const ruleSets = new WeakMap<Declared['configuration'], RuleSet>()

function ruleSetOf({ configuration, layers }: Declared): RuleSet {
  const known = ruleSets.get(configuration)
  if (known) return known
  const { outcomes: rules, checks } = configuration.portfolios
  const ruleSet = { rules, places: outcomePlaces(layers, rules.length), apps: checks.apps }
  ruleSets.set(configuration, ruleSet)
  return ruleSet
}

/** Out of the way of what is due as well, until GitHub or the repository has mended what is wrong. */
export async function putOff(parts: Parts, runId: string): Promise<void> {
  await deferOutcome(parts.prisma, runId, new Date(parts.now().getTime() + DEFERRED_MS))
}

function earlier(a: Date, b: Date): Date {
  return a < b ? a : b
}
