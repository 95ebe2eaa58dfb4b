/** What the texts of a delivery say of their run. A runner's words are data: they are made inert here. */
import { inertText } from '../core/inert.ts'
import type { Plan } from '../core/plan/plan.ts'
import { redactor } from '../core/redact.ts'
import type { Report } from '../core/run/report.ts'
import type { DeliveryView } from '../core/text/delivery.ts'

const redact = redactor([])

type Told = Pick<DeliveryView, 'sessionId' | 'runId' | 'spentMicroUsd' | 'capMicroUsd' | 'sessionUrl'>

export function deliveryView(plan: Plan, { delivery, testChanges }: Report, told: Told): DeliveryView {
  return {
    ...told,
    workflow: plan.workflow,
    variant: plan.variant,
    goal: goalOf(plan),
    testChanges,
    title: inertText(delivery?.title ?? '', redact),
    body: inertText(delivery?.body ?? '', redact),
  }
}

/** By its name an input is the goal; other workflows are told by what their agent says. */
function goalOf({ inputs }: Plan): string | undefined {
  const { goal } = inputs
  return typeof goal === 'string' ? inertText(goal, redact) : undefined
}
