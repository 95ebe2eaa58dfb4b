/** How `purser run` tells what came of it. */
import { formatUsd } from '../core/money.ts'
import type { Plan } from '../core/plan.ts'
import type { Report } from '../core/report.ts'
import type { AppliedWork } from './local-git.ts'

export function resultLines(
  report: Report,
  { capMicroUsd }: Pick<Plan, 'capMicroUsd'>,
  work: AppliedWork,
  file: string,
): string[] {
  return [
    ...saidLines(report),
    `${report.conclusion}: ${report.message}`,
    `It cost ${formatUsd(report.spentMicroUsd)} of at most ${formatUsd(capMicroUsd)}.`,
    // The message has said so already.
    ...(report.reason === 'nothing-to-deliver' ? [] : [work.says]),
    `Report: ${file}`,
  ]
}

/** What one agent said, whole; of several what each said at its end, under its step's name. */
function saidLines({ steps, delivery }: Report): string[] {
  const said = steps.filter(({ kind, summary }) => kind === 'agent' && summary.trim() !== '')
  const [first, ...more] = said
  if (!first) return []
  if (more.length === 0) return [delivery?.body ?? first.summary, '']
  return said.flatMap(({ id, summary }, index) => [
    `${id}: ${said[index - 1]?.summary === summary ? 'the same' : summary.trim()}`,
    '',
  ])
}
