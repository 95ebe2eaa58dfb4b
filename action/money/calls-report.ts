/** The report of a run of which only the model calls are known: all of them, or that there were none. */
import type { ReasonCode } from '../../core/reason.ts'
import type { Report } from '../../core/run/report.ts'
import type { Conclusion } from '../../core/run/run.ts'

const MESSAGE_CHARACTERS_MAX = 1_900

export function callsReport(
  calls: readonly Report['calls'][number][],
  conclusion: Conclusion,
  reason: ReasonCode | undefined,
  message: string,
): Report {
  const sum = (count: (call: Report['calls'][number]) => number) =>
    calls.reduce((total, call) => total + count(call), 0)
  return {
    version: 1,
    conclusion,
    ...(reason && { reason }),
    message: message.slice(0, MESSAGE_CHARACTERS_MAX),
    spentMicroUsd: calls.reduce((total, call) => total + call.spentMicroUsd, 0n),
    inputTokens: sum((call) => call.inputTokens),
    cachedTokens: sum((call) => call.cachedTokens),
    outputTokens: sum((call) => call.outputTokens),
    steps: [],
    calls: [...calls],
    ...(calls.length === 0 && { noCallSent: true as const }),
  }
}
