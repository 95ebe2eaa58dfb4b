/** The job's summary: what ran, how it ended, what it cost against its cap, and what was not kept. */
import type { AccountKind } from '../money/account.ts'
import { formatAtLeastUsd, formatAtMostUsd, formatTokens, formatUsd } from '../money/money.ts'
import type { Plan } from '../plan/plan.ts'
import { type ReasonCode, reasons } from '../reason.ts'
import type { Report } from '../run/report.ts'
import type { Conclusion } from '../run/run.ts'
import { type EndedRun, ending } from './ended-run.ts'
import { code, details, fenced, inline, paragraphs, prose, table } from './markdown.ts'
import { unknownUsageLine } from './unknown-usage.ts'
import { testChangesText } from './work-done.ts'
import { workflowName } from './workflow-name.ts'

const PATCH_CHARACTERS_MAX = 60_000
const STEP_CHARACTERS_MAX = 1_500
const FILES_SHOWN_MAX = 50

export interface JobSummaryView {
  readonly plan: Plan
  readonly report: Report
  /** What the App says became of it, which may differ from the report; as the report says without an App. */
  readonly conclusion: Conclusion
  readonly reason: ReasonCode | undefined
  /** What became of the work, in words or as an address. */
  readonly delivery: string
  /** What is left in the account that paid, in money; undefined without an App and where tokens paid. */
  readonly remaining: { readonly microUsd: bigint; readonly kind: AccountKind; readonly name: string } | undefined
  readonly sessionUrl: string | undefined
  /** Sentences about what could not be kept here: budgets without an App, confinement without a sandbox. */
  readonly notKept: readonly string[]
  readonly patch: string
}

export function jobSummary(view: JobSummaryView): string {
  const { plan, report } = view
  const files = report.delivery?.changeset?.files ?? []
  return paragraphs(
    `### Purser: ${code(workflowName(plan))} ${ending(asEnded(view))}`,
    view.reason === undefined
      ? undefined
      : `${report.message === '' || view.reason !== report.reason ? reasons[view.reason].says : prose(report.message)} ${reasons[view.reason].todo}`,
    costs(view),
    view.delivery === '' ? undefined : `Delivered: ${inline(view.delivery, 500)}`,
    view.sessionUrl === undefined ? undefined : `Session: ${view.sessionUrl}`,
    view.notKept.length === 0
      ? undefined
      : `> [!NOTE]\n${view.notKept.map((sentence) => `> ${sentence}`).join('\n> \n')}`,
    testChangesText(report.testChanges),
    report.steps.length === 0 ? undefined : stepsTable(report),
    files.length === 0
      ? undefined
      : table(
          ['file', 'added', 'deleted'],
          files
            .slice(0, FILES_SHOWN_MAX)
            .map((file) => [code(file.path), `${file.addedLines}`, `${file.deletedLines}`]),
        ),
    ...report.steps
      .filter((step) => step.summary.trim() !== '')
      .map((step) => details(`Step ${code(step.id)}`, fenced('text', step.summary.slice(-STEP_CHARACTERS_MAX)))),
    view.patch === ''
      ? undefined
      : details('The work as a patch', fenced('diff', view.patch.slice(0, PATCH_CHARACTERS_MAX))),
  )
}

/** The summary of a run that was not started. */
export function refusalSummary(reason: ReasonCode, message: string, todo: string): string {
  return paragraphs(
    '### Purser: not started',
    `${inline(message, 2_000)}`,
    `${inline(todo, 500)}`,
    `Reason: ${code(reason)}. Nothing was spent.`,
  )
}

const accountWords = { portfolio: 'the portfolio', squad: 'the sprint of squad', experiment: 'the experiment' }

function costs({ plan, report, remaining: left }: JobSummaryView): string {
  const remaining =
    left === undefined
      ? ''
      : ` ${formatAtLeastUsd(left.microUsd)} remain in ${accountWords[left.kind]} ${code(left.name)}.`
  const tokens = `${formatTokens(report.inputTokens)} in (${formatTokens(report.cachedTokens)} of them cached), ${formatTokens(report.outputTokens)} out, ${report.calls.length} model calls.`
  const unknown = unknownUsageLine(report.calls)
  return `It cost **${formatUsd(report.spentMicroUsd)}** of at most ${formatAtMostUsd(plan.capMicroUsd)}.${unknown === undefined ? '' : ` ${unknown}`}${remaining} ${tokens}`
}

function stepsTable(report: Report): string {
  return table(
    ['step', 'ended', 'turns', 'attempts', 'cost'],
    report.steps.map((step) => [
      code(step.id),
      step.attempts === 0 ? 'not needed' : step.ok ? 'in order' : 'not in order',
      step.kind === 'agent' ? `${step.turns}` : '',
      `${step.attempts}`,
      step.kind === 'agent' ? formatUsd(step.spentMicroUsd) : '',
    ]),
  )
}

function asEnded({ report, conclusion, reason }: JobSummaryView): EndedRun {
  return {
    conclusion,
    reason,
    spentMicroUsd: report.spentMicroUsd,
    delivered: { kind: 'none' },
    steps: report.steps,
  }
}
