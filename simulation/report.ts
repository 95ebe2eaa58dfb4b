/** What a runner makes of replies, and of its journal when it reports. */
import type { Call } from '../core/money/call.ts'
import { isPlausible } from '../core/money/meter.ts'
import type { ReasonCode } from '../core/reason.ts'
import type { Report } from '../core/run/report.ts'
import type { Conclusion } from '../core/run/run.ts'
import type { Reply } from './provider.ts'
import type { Truth } from './truth.ts'

export function reportOf(calls: readonly Call[], conclusion: Conclusion, reason: ReasonCode | undefined): Report {
  const sum = (of: (call: Call) => number) => calls.reduce((total, call) => total + of(call), 0)
  return {
    version: 1,
    conclusion,
    ...(reason === undefined ? {} : { reason }),
    message: 'Simulated.',
    spentMicroUsd: calls.reduce((total, call) => total + call.spentMicroUsd, 0n),
    inputTokens: sum((call) => call.inputTokens),
    cachedTokens: sum((call) => call.cachedTokens),
    outputTokens: sum((call) => call.outputTokens),
    steps: [],
    calls: [...calls],
    ...(calls.length === 0 ? { noCallSent: true as const } : {}),
  }
}

/** A report was taken: from here on the ledger knows what lies beyond the bounds as well, if the report does. */
export function tell(truth: Truth, runId: string, report: Report): void {
  const { withinMicroUsd, beyondMicroUsd, withinTokens, beyondTokens } = truth.of(runId)
  const tokens = BigInt(report.inputTokens) + BigInt(report.outputTokens)
  if (report.spentMicroUsd >= withinMicroUsd + beyondMicroUsd && tokens >= withinTokens + beyondTokens) {
    truth.tell(runId)
  }
}

/** What the runner makes of a reply: usage that can't be is as good as none. */
export function believed(reply: Reply): Reply {
  return reply.kind === 'reported' && !isPlausible(reply.usage) ? { kind: 'unknown' } : reply
}

export function usageOf(reply: Reply): Partial<Call> {
  if (reply.kind === 'reported') return { ...reply.usage, usage: 'reported' }
  if (reply.kind === 'unknown') return {}
  return { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0, usage: 'reported' }
}
