/** How a run ends: by its report, or without one. */
import { tokensOf } from '../../core/money/call-proof.ts'
import type { Spend } from '../../core/money/posting.ts'
import type { Report } from '../../core/run/report.ts'
import type { Conclusion } from '../../core/run/run.ts'
import type { Change } from '../../core/run/run-life.ts'
import type { EndingRun } from './lock-runs.ts'
import { reportText } from './stored.ts'

/** A report with its text. */
export interface GivenReport {
  readonly report: Report
  readonly text: string
}

export function given(report: Report): GivenReport {
  return { report, text: reportText(report) }
}

export interface RunEnd {
  readonly conclusion: Conclusion
  readonly reason: string | null
  readonly spend: Spend
  readonly inputTokens: number
  readonly cachedTokens: number
  readonly outputTokens: number
  /** Undefined where none came. */
  readonly given?: GivenReport | undefined
}

/** `spend`: what the report proves. A runner is not trusted to add up: the cached tokens are part of the input. */
export function endByReport(given: GivenReport, spend: Spend): RunEnd {
  const { conclusion, reason = null } = given.report
  const { inputTokens, cachedTokens, outputTokens } = tokensOf(given.report)
  const cached = Math.min(cachedTokens, inputTokens)
  return { conclusion, reason, spend, inputTokens, cachedTokens: cached, outputTokens, given }
}

export function drawnOf({ drawnMicroUsd, drawnTokens }: EndingRun): Spend {
  return { microUsd: drawnMicroUsd, tokens: drawnTokens ?? 0n }
}

export function endWithoutReport(run: EndingRun, { ending, posts }: Extract<Change, { kind: 'ends' }>): RunEnd {
  const spend = posts === 'drawn' ? drawnOf(run) : { microUsd: 0n, tokens: 0n }
  return { ...ending, spend, inputTokens: 0, cachedTokens: 0, outputTokens: 0 }
}
