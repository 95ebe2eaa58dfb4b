/** A family's decisions for a person: what was decided and why, then each threshold beside its number. */

import { formatUsd } from '../../core/money/money.ts'
import type { FamilyEvidence, VariantEvidence } from '../../core/promotion/evidence.ts'
import { formatInterval, wilsonInterval } from '../../core/promotion/interval.ts'
import type { Measure } from '../../core/promotion/measure.ts'
import { DECIDING, decisionReasons } from '../../core/promotion/promotion.ts'
import type { Tally } from '../../core/promotion/tally.ts'

export function familyText({ family, window, variants }: FamilyEvidence, rules: string): string {
  const heading = `${family}, of the runs that ended from ${minute(window.from)} to ${minute(window.to)}, by ${rules}`
  if (variants.length === 0) return `${heading}\n\nNo variant has a run.\n`
  return `${[heading, ...variants.map(variantText)].join('\n\n')}\n`
}

function variantText(evidence: VariantEvidence): string {
  const { variant, from, decision, reasons, now, checkpoints } = evidence
  // Those that decide are shown with all their measures.
  const looks = checkpoints.slice(-DECIDING)
  return [
    `${variant}: ${decision}`,
    ...reasons.map((reason) => `  ${decisionReasons[reason]} (${reason})`),
    '',
    ...looks.flatMap((look) => [
      `  at ${look.settled} settled runs (${minute(look.at)}):`,
      ...look.measures.map(measureLine),
    ]),
    `  now, counted since ${minute(from)}:`,
    ...now.measures.map(measureLine),
    '',
    `  variant   ${tallyLine(now.variant)}`,
    `    chosen    ${tallyLine(now.chosen)}`,
    `    assigned  ${tallyLine(now.assigned)}`,
    `  baseline  ${tallyLine(now.baseline)}`,
  ].join('\n')
}

function measureLine({ required, measured, holds }: Measure): string {
  return `    ${holds ? '✓' : '✗'} ${required}: ${measured ?? 'no data'}`
}

function tallyLine({ settled, accepted, reworked, rejected, unknown, reverted, spendMicroUsd }: Tally): string {
  const interval = wilsonInterval(accepted, settled)
  const likely = interval === undefined ? '' : ` (95% interval ${formatInterval(interval)}, decides nothing)`
  return (
    `${settled} settled: ${accepted} accepted${likely}, ${reworked} reworked, ${rejected} rejected, ${reverted} reverted; ` +
    `${unknown} unknown; cost ${formatUsd(spendMicroUsd)}`
  )
}

function minute(moment: Date): string {
  return `${moment.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
