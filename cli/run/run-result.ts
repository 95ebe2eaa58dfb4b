/** How `purser run` tells what came of it. */
import { stripInvisible } from '../../core/inert.ts'
import { formatAtMostUsd, formatUsd } from '../../core/money/money.ts'
import type { Plan } from '../../core/plan/plan.ts'
import type { Report } from '../../core/run/report.ts'
import { testChangeSentence } from '../../core/text/test-change-words.ts'
import { unknownUsageLine } from '../../core/text/unknown-usage.ts'
import type { AppliedWork } from './apply-work.ts'
import type { SessionFolder } from './session-folder.ts'

export interface RunResult {
  readonly report: Report
  readonly plan: Pick<Plan, 'capMicroUsd' | 'approve'>
  readonly work: AppliedWork
  readonly file: string
  readonly session: SessionFolder
}

const WOULD_WAIT = 'On GitHub it would wait for `/agent deliver` (approve: true); here you look at it yourself.'

export function resultLines({ report, plan, work, file, session }: RunResult): string[] {
  return [
    ...saidLines(report),
    `${report.reason === 'paused' ? 'paused' : report.conclusion}: ${report.message}`,
    ...testLines(report),
    costLine(report, plan),
    // The message has said so already.
    ...(report.reason === 'nothing-to-deliver' || report.reason === 'nothing-to-do' ? [] : [work.says]),
    ...(plan.approve !== undefined && work.applied ? [WOULD_WAIT] : []),
    `Report: ${file}`,
    ...resumeLines(report, session),
  ]
}

function costLine({ spentMicroUsd, calls }: Report, { capMicroUsd }: RunResult['plan']): string {
  const unknown = unknownUsageLine(calls)
  return `It cost ${formatUsd(spentMicroUsd)} of at most ${formatAtMostUsd(capMicroUsd)}.${unknown === undefined ? '' : ` ${unknown}`}`
}

/** How the work loosens the tests that judge it. What is quoted is of the work's files: nothing in it may act on a terminal. */
function testLines({ testChanges = [] }: Report): string[] {
  if (testChanges.length === 0) return []
  const listed = testChanges.map((change) => `- ${stripInvisible(testChangeSentence(change)).text}`)
  return ['Look at the tests: the work loosens what judges it.', ...listed]
}

/** How to go on, where a run came to rest before its end. */
function resumeLines({ conclusion, reason }: Report, { id, dir }: SessionFolder): string[] {
  if (conclusion !== 'capped' && conclusion !== 'cancelled' && reason !== 'model-failed') return []
  const more = reason === 'cap-reached' ? ' --cap 2x' : ''
  return [
    `Go on: purser run --resume ${id}${more}`,
    `In another copy of the repository: purser run --resume FILE${more}, with a copy of ${dir}/checkpoint.json`,
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
