/** That a variant of the organisation's has come to a decision which can't be put to anybody: told where somebody may see to it. */
import { code } from './markdown.ts'
import { workflowName } from './workflow-name.ts'

export interface Unproposed {
  readonly decision: 'promote' | 'sunset' | 'rollback'
  readonly workflow: string
  readonly variant: string
  /** With the organisation's layer, where the issue belongs: `acme/.github`. */
  readonly repository: string
}

const due = {
  promote: 'is due to be proposed as the standard',
  sunset: 'is due to be proposed to leave the catalog',
  rollback: 'is due to be proposed to be rolled back',
} as const

export function unproposedWords({ decision, workflow, variant, repository }: Unproposed): string {
  return (
    `${code(workflowName({ workflow, variant }))} ${due[decision]}, and the App can open no issue in ${code(repository)}. ` +
    'An owner of the organisation can install it there, with issues switched on; the next outcome of that workflow then opens it.'
  )
}
