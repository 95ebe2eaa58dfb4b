/** A family's decisions as JSON: thresholds beside their numbers, the baseline beside the variant. Amounts are decimal text. */
import type { FamilyEvidence, Look, VariantEvidence } from '../../core/promotion/evidence.ts'
import { wilsonInterval } from '../../core/promotion/interval.ts'
import type { Evaluation, Threshold } from '../../core/promotion/measure.ts'
import { spendPerAcceptedMicroUsd, type Tally } from '../../core/promotion/tally.ts'

export function familyDocument({ family, variants }: FamilyEvidence): object {
  return { family, variants: variants.map(variantDocument) }
}

function variantDocument({ variant, decision, reasons, now, checkpoints }: VariantEvidence): object {
  const { variant: own, chosen, assigned, baseline } = now
  const measures = measuresDocument(now, { variant: own, chosen, assigned, baseline })
  return { variant, decision, reasons, measures, checkpoints: checkpoints.map(lookDocument) }
}

function lookDocument(look: Look): object {
  const { settled, run, at, allHold, sunsetHolds, variant, baseline } = look
  return {
    settled,
    run,
    at: at.toISOString(),
    allHold,
    sunsetHolds,
    measures: measuresDocument(look, { variant, baseline }),
  }
}

/** Each threshold beside the number that it looks at, of every side. */
function measuresDocument({ measures }: Evaluation, sides: Readonly<Record<string, Tally>>): object[] {
  return measures.map(({ threshold, required, measured, holds }) => ({
    threshold,
    required,
    measured: measured ?? null,
    holds,
    ...Object.fromEntries(Object.entries(sides).map(([side, tally]) => [side, numberOf[threshold](tally)])),
  }))
}

/** What a threshold looks at, of either side; null where there is nothing to measure it on. */
const numberOf: Readonly<Record<Threshold, (tally: Tally) => object | null>> = {
  runs: ({ settled }) => ({ count: settled }),
  'baseline-runs': ({ settled }) => ({ count: settled }),
  subjects: ({ subjects }) => ({ count: subjects }),
  accepted: ({ accepted, reworked, rejected, settled }) => shareOf(accepted, settled, { reworked, rejected }),
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
function shareOf(count: number, of: number, others: object = {}): object | null {
  const interval = wilsonInterval(count, of)
  if (interval === undefined) return null
  const { lowPercent, highPercent } = interval
  return { count, of, ...others, interval95: { lowPercent: tenths(lowPercent), highPercent: tenths(highPercent) } }
}

function tenths(percent: number): number {
  return Math.round(percent * 10) / 10
}
