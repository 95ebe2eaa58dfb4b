/** The end of every run, however it ended: outputs, summary, annotation, exit code. */
import { usdDecimal } from '../../core/money/money.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { type ReasonCode, type Refusal, reasons } from '../../core/reason.ts'
import type { ClaimAnswer } from '../../core/run/protocol.ts'
import type { Report } from '../../core/run/report.ts'
import type { Conclusion } from '../../core/run/run.ts'
import { refusalSummary } from '../../core/text/job-summary.ts'
import { writeOutputs, writeSummary } from './io.ts'
import type { Log } from './log.ts'

export interface Ended {
  readonly conclusion: Conclusion
  readonly reason: ReasonCode | undefined
  readonly message: string
  readonly todo?: string | undefined
  readonly claim?: Pick<ClaimAnswer, 'runId' | 'sessionId'> | undefined
  readonly plan?: Plan | undefined
  readonly report?: Report | undefined
  readonly reportPath?: string | undefined
  readonly remainingMicroUsd?: bigint | undefined
  readonly delivery?: string | undefined
  /** Redacted Markdown; a refusal writes its own. */
  readonly summary?: string | undefined
}

export function refused(refusal: Refusal, claim?: Ended['claim']): Ended {
  return { conclusion: 'refused', reason: refusal.reason, message: refusal.message, todo: refusal.todo, claim }
}

/** Resolves to the exit code. */
export async function conclude(ended: Ended, failOnRefusal: boolean, log: Log): Promise<number> {
  const { report, plan } = ended
  writeOutputs({
    conclusion: ended.conclusion,
    reason: ended.reason ?? '',
    'session-id': ended.claim?.sessionId ?? '',
    'run-id': ended.claim?.runId ?? '',
    'spend-usd': usdDecimal(report?.spentMicroUsd ?? 0n),
    'held-usd': ended.conclusion === 'refused' ? '0.00' : usdDecimal(plan?.capMicroUsd ?? 0n),
    'remaining-usd': ended.remainingMicroUsd === undefined ? '' : usdDecimal(ended.remainingMicroUsd),
    'input-tokens': String(report?.inputTokens ?? 0),
    'cached-tokens': String(report?.cachedTokens ?? 0),
    'output-tokens': String(report?.outputTokens ?? 0),
    delivery: ended.delivery ?? '',
    report: ended.reportPath ?? '',
  })
  const todo = ended.todo ?? (ended.reason === undefined ? '' : reasons[ended.reason].todo)
  const short = ended.reason === undefined ? ended.message : refusalSummary(ended.reason, ended.message, todo)
  await writeSummary(ended.summary ?? short)
  const code = exitCode(ended.conclusion, failOnRefusal)
  const said = `${ended.reason === undefined ? '' : `${ended.reason}: `}${ended.message} ${todo}`.trim()
  if (code !== 0) log.error(said)
  else if (ended.conclusion === 'completed') log.line(said)
  else log.warning(said)
  return code
}

/** Work that was withheld or capped is no failure of the job: it is there to be looked at. */
function exitCode(conclusion: Conclusion, failOnRefusal: boolean): number {
  if (conclusion === 'failed' || conclusion === 'cancelled') return 1
  return conclusion === 'refused' && failOnRefusal ? 1 : 0
}
