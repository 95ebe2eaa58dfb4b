/**
 * The overrides of a run as one of few sets, so that runs with the same ones can be counted together: a signal that the
 * baseline may be set differently than people need it. Nothing in it says whose they were.
 */
import { z } from 'zod/mini'
import { canonical } from '../canonical.ts'
import type { CatalogWorkflow, Configuration } from '../config/configuration.ts'
import { writeYaml } from '../config/document.ts'
import type { PromotionFile } from '../config/promotion.ts'
import { effortSchema } from '../config/workflow.ts'
import { parseUsd, usdDecimal } from '../money/money.ts'
import type { Plan } from '../plan/plan.ts'

const overrideSetSchema = z.strictObject({
  model: z.optional(z.string()),
  effort: z.optional(effortSchema),
  /** The cap in US dollars that it came to: `2x` of $2.50 is the same as `5`. */
  capUsd: z.optional(z.string()),
})
export type OverrideSet = z.infer<typeof overrideSetSchema>

/** Of a run of the baseline; undefined where nothing was overridden. An input is no override: it says what to do, not how. */
export function overrideKeyOf(plan: Pick<Plan, 'variant' | 'overrides' | 'capMicroUsd'>): string | undefined {
  const { variant, overrides = {}, capMicroUsd } = plan
  if (variant !== undefined || Object.keys(overrides).length === 0) return undefined
  const { model, effort, cap } = overrides
  return canonical({ model, effort, capUsd: cap === undefined ? undefined : usdDecimal(capMicroUsd) })
}

export function overrideSetOf(key: string): OverrideSet {
  return overrideSetSchema.parse(JSON.parse(key))
}

/** `model=gpt-5.2 effort=high cap=5.00`, as somebody writes it behind a command. */
export function overrideWords({ model, effort, capUsd }: OverrideSet): string {
  const words = [model && `model=${model}`, effort && `effort=${effort}`, capUsd && `cap=${capUsd}`]
  return words.filter((word) => word !== undefined).join(' ')
}

const NAME_CHARACTERS_MAX = 50

/** What the variant is called: `gpt-5-2-effort-high-cap-5-00`. */
export function variantNameOf({ model, effort, capUsd }: OverrideSet): string {
  const words = [model && `on-${model}`, effort && `effort-${effort}`, capUsd && `cap-${capUsd}`]
  const name = words.filter((word) => word !== undefined).join('-')
  const tidy = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return tidy.slice(0, NAME_CHARACTERS_MAX).replace(/-$/, '')
}

function summaryOf(set: OverrideSet): string {
  return `With what is often asked for by hand: ${overrideWords(set)}`
}

/** The overlay that says the same, as a file of the catalog. */
export function overlayFor(set: OverrideSet): string {
  const { model, effort, capUsd } = set
  return writeYaml({
    summary: summaryOf(set),
    ...(model === undefined ? {} : { model }),
    ...(effort === undefined ? {} : { effort }),
    ...(capUsd === undefined ? {} : { cap: { usd: Number(capUsd) } }),
  })
}

/** The baseline as the set makes it. */
export function withOverrides(baseline: CatalogWorkflow, set: OverrideSet): CatalogWorkflow {
  const { model, effort, capUsd } = set
  const cap = capUsd === undefined ? undefined : parseUsd(capUsd)
  return {
    ...baseline,
    summary: summaryOf(set),
    ...(model === undefined ? {} : { model }),
    ...(effort === undefined ? {} : { effort }),
    ...(cap === undefined ? {} : { cap: { ...baseline.cap, usd: cap } }),
  }
}

/** The agent whose own model or effort would come before the variant's, if any. */
export function deafAgent(
  { agents }: Pick<Configuration, 'agents'>,
  baseline: CatalogWorkflow,
  { model, effort }: OverrideSet,
): string | undefined {
  const named = baseline.steps.flatMap((step) => ('agent' in step ? [step.agent] : []))
  return named.find((name) => {
    const agent = agents.get(name)
    return (model !== undefined && agent?.model !== undefined) || (effort !== undefined && agent?.effort !== undefined)
  })
}

/** Of the runs with a set within the window. */
export interface OverrideCounts {
  readonly accepted: number
  readonly reworked: number
  readonly rejected: number
  readonly unknown: number
  /** Distinct subjects among those with an outcome. */
  readonly subjects: number
  readonly spendMicroUsd: bigint
}

/** Whether a set keeps earning accepted work, by the thresholds of `promotion.yml`. */
export function isEarning(counts: OverrideCounts, { overrides }: Pick<PromotionFile, 'overrides'>): boolean {
  const settled = counts.accepted + counts.reworked + counts.rejected
  return (
    settled >= overrides.runs &&
    counts.subjects >= overrides.subjects &&
    counts.accepted * 10_000 >= overrides.accepted * settled
  )
}
