/** A dry run: what would be done, as people read it. */
import { formatAtMostUsd } from '../../core/money/money.ts'
import type { Plan } from '../../core/plan/plan.ts'
import type { Refusal } from '../../core/reason.ts'
import { nestedWords, openedBy } from '../../core/text/nested-words.ts'
import { reachWords } from '../../core/text/reach-words.ts'
import { whenWords } from '../../core/text/when-words.ts'
import { systemText } from '../agent/prompt.ts'
import type { Log } from './log.ts'

export function showPlan(plan: Plan, log: Log, obstacle: Refusal | undefined): void {
  log.line(
    `Workflow ${plan.workflow}${plan.variant === undefined ? '' : `/${plan.variant}`}, paid by ${plan.portfolio}, never more than ${formatAtMostUsd(plan.capMicroUsd)}.`,
  )
  log.line(
    `On ${plan.subject.repository} at ${plan.subject.headSha}; delivers: ${plan.deliver}${plan.approve === undefined ? '' : ', once a person has approved it'}.`,
  )
  if (plan.setup) log.line(`Setup: ${plan.setup.run}`)
  if (plan.when) log.line(`Only when ${whenWords(plan.when, plan.inputs)}; else it ends at no cost.`)
  for (const step of plan.steps) {
    for (const [key, nested] of openedBy(plan, step)) {
      const asks = [nested.when, nested.precondition].flatMap((when) => (when ? [whenWords(when, nested.inputs)] : []))
      const only = asks.length === 0 ? '' : `, only when ${asks.join(', and ')}`
      log.line(`Step ${key}: ${nestedWords(nested)}${only}`)
      if (nested.setup) log.line(`Setup: ${nested.setup.run}`)
    }
    if (step.when) log.line(`Step ${step.id}, only when ${whenWords(step.when, {})}:`)
    if (!('agent' in step)) {
      log.line(`Step ${step.id}: ${step.run}`)
      continue
    }
    const agent = plan.agents[step.agent]
    log.line(
      `Step ${step.id}: agent ${agent?.name ?? step.agent} on ${agent?.model ?? '?'}, at most ${step.turns} turns${reachWords(agent)}`,
    )
    log.foreign(agent === undefined ? '' : systemText(agent, plan.guards, undefined))
    log.foreign(step.promptText)
  }
  if (obstacle !== undefined) log.warning(`It would be refused: ${obstacle.message} ${obstacle.todo}`)
}
