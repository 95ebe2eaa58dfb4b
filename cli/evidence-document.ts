/** A family's decisions as JSON: thresholds beside their numbers, the baseline beside the variant. Amounts are decimal text. */
import type { FamilyEvidence, Look, VariantEvidence } from '../core/evidence.ts'
import { wilsonInterval } from '../core/interval.ts'
import type { Evaluation, Threshold } from '../core/measure.ts'
import { spendPerAcceptedMicroUsd, type Tally } from '../core/tally.ts'

export function familyDocument({ family, window, variants }: FamilyEvidence): object {
  return {
    family,
    now: window.to.toISOString(),
    since: window.from.toISOString(),
    variants: variants.map(variantDocument),
  }
}

function variantDocument({ variant, from, decision, reasons, now, checkpoints }: VariantEvidence): object {
  const { variant: own, chosen, assigned, baseline } = now
  return {
    variant,
    since: from.toISOString(),
    decision,
    reasons,
    measures: measuresDocument(now, own, baseline),
    counts: {
      variant: countsDocument(own),
      chosen: countsDocument(chosen),
      assigned: countsDocument(assigned),
      baseline: countsDocument(baseline),
    },
    checkpoints: checkpoints.map(lookDocument),
  }
}

function lookDocument(look: Look): object {
  const { settled, run, at, allHold, sunsetHolds, variant, baseline } = look
  return {
    settled,
    run,
    at: at.toISOString(),
    allHold,
    sunsetHolds,
    measures: measuresDocument(look, variant, baseline),
    counts: { variant: countsDocument(variant), baseline: countsDocument(baseline) },
  }
}

function measuresDocument({ measures }: Evaluation, variant: Tally, baseline: Tally): object[] {
  return measures.map(({ threshold, required, measured, holds }) => ({
    threshold,
    required,
    measured: measured ?? null,
    holds,
    variant: numberOf[threshold](variant),
    baseline: numberOf[threshold](baseline),
  }))
}

/** What a threshold looks at, of either side; null where there is nothing to measure it on. */
const numberOf: Readonly<Record<Threshold, (tally: Tally) => object | null>> = {
  runs: ({ settled }) => ({ count: settled }),
  'baseline-runs': ({ settled }) => ({ count: settled }),
  subjects: ({ subjects }) => ({ count: subjects }),
  accepted: ({ accepted, settled }) => shareOf(accepted, settled),
  'accepted-baseline': ({ accepted, settled }) => shareOf(accepted, settled),
  'spend-per-accepted': (tally) => {
    const microUsd = spendPerAcceptedMicroUsd(tally)
    return microUsd === undefined ? null : { microUsd, accepted: tally.accepted, spendMicroUsd: tally.spendMicroUsd }
  },
  unknown: ({ unknown, settled }) => shareOf(unknown, settled + unknown),
  reverted: ({ reverted, settled }) => shareOf(reverted, settled),
  'reverted-baseline': ({ reverted, settled }) => shareOf(reverted, settled),
}

/** The interval is shown and decides nothing. */
function shareOf(count: number, of: number): object | null {
  const interval = wilsonInterval(count, of)
  if (interval === undefined) return null
  const { lowPercent, highPercent } = interval
  return { count, of, interval95: { lowPercent: tenths(lowPercent), highPercent: tenths(highPercent) } }
}

function tenths(percent: number): number {
  return Math.round(percent * 10) / 10
}

function countsDocument({ spendMicroUsd, ...counts }: Tally): object {
  return { ...counts, spendMicroUsd }
}
