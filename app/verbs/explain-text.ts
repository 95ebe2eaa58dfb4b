import { formatAtMostUsd, formatUsd } from '../../core/money/money.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { reasons } from '../../core/reason.ts'
import { hashLine } from '../../core/text/assigned-line.ts'
import { code, inline, link, paragraphs, table } from '../../core/text/markdown.ts'
import { workflowName } from '../../core/text/workflow-name.ts'
import type { Fact, Run } from '../../prisma/client/client.ts'
import type { ExplainedOutcome } from '../outcome/explain.ts'
import { reasonOf } from '../show/ended-run.ts'

export interface ExplainView {
  readonly run: Run
  readonly plan: Plan
  /** Oldest first. */
  readonly facts: readonly Fact[]
  readonly explained: ExplainedOutcome | undefined
  readonly actionsUrl: string | undefined
}

/** The run's numbers, its reason, the facts that GitHub showed and the rule that they met. */
export function explainComment({ run, plan, facts, explained, actionsUrl }: ExplainView): string {
  const reason = reasonOf(run)
  const job = actionsUrl === undefined ? undefined : `${link('The job', actionsUrl)} has the whole log.`
  return paragraphs(
    `### Why ${code(workflowName(plan))} went as it did`,
    table(['', ''], numbers(run)),
    reason === undefined ? undefined : `**Reason ${code(reason)}:** ${reasons[reason].says} ${reasons[reason].todo}`,
    plan.assigned && hashLine(plan.assigned),
    outcomeLine(run),
    ...rulesText(explained),
    facts.length === 0
      ? 'GitHub has shown nothing of its work yet.'
      : table(['seen', 'what', 'day'], facts.map(factRow)),
    job,
  )
}

function numbers(run: Run): string[][] {
  return [
    ['session', code(run.sessionId)],
    ['stands', run.conclusion ?? run.state],
    ['asked for', `at most ${formatAtMostUsd(run.capMicroUsd)}`],
    ['held', formatAtMostUsd(run.heldMicroUsd)],
    ['spent', formatUsd(run.spentMicroUsd)],
    ['configuration', `commit ${code(run.configSha.slice(0, 7))} of the default branch`],
    ['made from', `commit ${code(run.headSha.slice(0, 7))}`],
  ]
}

function outcomeLine(run: Run): string | undefined {
  if (run.state !== 'ended') return undefined
  return `**Outcome: ${run.outcome}**${run.outcomeRule === null ? '' : ` by this rule: ${inline(run.outcomeRule)}`}.`
}

/** The rules as they were tried, and whether they come to what is stored. */
function rulesText(explained: ExplainedOutcome | undefined): readonly (string | undefined)[] {
  if (!explained) return []
  const { steps, sha, agrees, recomputed } = explained
  const tried = table(
    ['rule', 'says', 'result'],
    steps.map((step) => [
      stepName(step),
      `${step.outcome} when ${inline(step.says)}`,
      step.unmet === undefined ? '**matches**' : `no: ${inline(step.unmet)}`,
    ]),
  )
  return [
    steps.length === 0 ? 'Its own end decides that, before any rule.' : tried,
    steps.some(({ place }) => place !== undefined)
      ? `The rules were read at commit ${code(sha.slice(0, 7))}.`
      : undefined,
    agrees
      ? 'Decided once more from these facts by these rules, it comes to the same.'
      : `**This does not agree:** decided once more from these facts by these rules, it is ${recomputed.outcome} (${inline(recomputed.rule)}).`,
  ]
}

function stepName({ list, number, place }: ExplainedOutcome['steps'][number]): string {
  return list === 'own' ? `${number}, ${code(place ?? 'portfolios.yml')}` : `built-in ${number}`
}

function factRow(fact: Fact): string[] {
  return [fact.kind, `${inline(fact.key)} ${inline(fact.value)}`.trim(), fact.at.toISOString().slice(0, 10)]
}
