/** The answer to `/agent list`: what is on offer here, what it costs, and how to ask for it. */
import type { Quote } from '../quote.ts'

export interface ListedInput {
  readonly name: string
  /** `string`, `number`, `true or false`, or the choices. */
  readonly type: string
  readonly description?: string | undefined
  /** As somebody would write it; left out when the input has to be given. */
  readonly default?: string | undefined
}

export interface ListedVariant {
  readonly name: string
  readonly summary: string
  readonly squad?: string | undefined
}

export interface ListedWorkflow {
  readonly name: string
  readonly summary: string
  /** Left out when no portfolio pays for it, so that it can't be started. */
  readonly portfolio?: string | undefined
  readonly quote: Quote
  readonly inputs: readonly ListedInput[]
  readonly variants: readonly ListedVariant[]
}

export interface ListView {
  readonly workflows: readonly ListedWorkflow[]
}

export function listComment(view: ListView): string {
  throw new Error(`not written yet: ${view.workflows.length}`)
}
