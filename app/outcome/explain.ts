/** Why a run's outcome is what it is: decided once more from what is stored, by the function that decided it. */
import { type Decided, explainOutcome, type RuleStep } from '../../core/outcome/outcome.ts'
import { deliveryKindSchema } from '../../core/run/run.ts'
import type { Fact, PrismaClient, Run } from '../../prisma/client/client.ts'
import { readRuleSet } from '../ledger/rule-set.ts'
import { factsOf } from '../observe/facts.ts'

export interface ExplainedOutcome {
  readonly stored: Decided
  readonly recomputed: Decided
  /** Whether both say the same, by the same rule. */
  readonly agrees: boolean
  readonly steps: readonly (RuleStep & {
    /** `file:line`; undefined for a built-in rule. */
    readonly place: string | undefined
  })[]
  /** The commit that the rules were read from. */
  readonly sha: string
}

/**
 * Undefined where nothing has been decided yet, or by rules that were not kept then. As of the moment of the last decision: what
 * time alone has changed since, the sweep has yet to decide.
 */
export async function explainRun(
  prisma: PrismaClient,
  run: Run,
  rows: readonly Fact[],
): Promise<ExplainedOutcome | undefined> {
  const { outcome, outcomeRule, ruleSetId, rulesSha, decidedAt } = run
  if (outcomeRule === null || ruleSetId === null || rulesSha === null || decidedAt === null) return undefined
  const ruleSet = await readRuleSet(prisma, ruleSetId)
  if (!ruleSet) return undefined
  const { rules, places, apps } = ruleSet
  const facts = factsOf(run, rows, apps)
  const { decided, steps } = explainOutcome(facts, rules, deliveryKindSchema.parse(run.delivery), decidedAt)
  return {
    stored: { outcome, rule: outcomeRule },
    recomputed: decided,
    agrees: decided.outcome === outcome && decided.rule === outcomeRule && facts.reverted === run.reverted,
    steps: steps.map((step) => ({ ...step, place: step.list === 'own' ? places[step.number - 1] : undefined })),
    sha: rulesSha,
  }
}

/** A session's newest runs that are explained; a session has a few. */
const RUNS_MAX = 50

export interface ExplainedRun {
  readonly run: Run
  /** Oldest first. */
  readonly facts: readonly Fact[]
  readonly explained: ExplainedOutcome | undefined
}

/** Oldest first; none where there is no such session. */
export async function explainSession(prisma: PrismaClient, sessionId: string): Promise<readonly ExplainedRun[]> {
  const found = await prisma.run.findMany({
    where: { sessionId },
    orderBy: { createdAt: 'desc' },
    take: RUNS_MAX,
    include: { facts: { orderBy: [{ at: 'asc' }, { kind: 'asc' }, { key: 'asc' }] } },
  })
  const runs: ExplainedRun[] = []
  for (const { facts, ...run } of found.reverse()) {
    runs.push({ run, facts, explained: await explainRun(prisma, run, facts) })
  }
  return runs
}
