/** What is said of a command that waits for the run before it on the same subject. */
import type { Command } from '../command/command.ts'
import { code } from './markdown.ts'
import { workflowName } from './workflow-name.ts'

export type Asked = Pick<Command, 'verb' | 'workflow' | 'variant'>

/** `position`: from 1, which is the next. */
export function waitingText(asked: Asked, position: number): string {
  return `${commandWords(asked)} waits for the run before it (position ${position}). It starts by itself when its turn comes, at the price of then; ${code('/agent stop')} withdraws it.`
}

export function withdrawnText(asked: Asked): string {
  return `${commandWords(asked)} was withdrawn by ${code('/agent stop')} before its turn came. Nothing was started or spent.`
}

function commandWords({ verb, workflow, variant }: Asked): string {
  const target = workflow === null ? undefined : workflowName({ workflow, variant: variant ?? undefined })
  const words = ['/agent', verb === 'run' ? undefined : verb, target]
  return code(words.filter((word) => word !== undefined).join(' '))
}
