/** The end of a run: its work, what the guards say of it, and its report. Loaded when the steps are done. */

import type { Changeset, Delivery } from '../core/changes/changeset.ts'
import {
  type Before,
  checkPlanGuards,
  checkSecrets,
  checkTests,
  testChangesOf,
  toCompare,
  type Violation,
  validateChangeset,
} from '../core/changes/guard.ts'
import { TEST_CHANGE_CHARACTERS_MAX } from '../core/changes/test-bounds.ts'
import type { TestChange } from '../core/changes/test-changes.ts'
import { inertLine, inertText, redactClean } from '../core/inert.ts'
import type { Plan } from '../core/plan/plan.ts'
import { inputsIn, type Results } from '../core/plan/results.ts'
import { commandLine, showCommand } from '../core/plan/template.ts'
import type { Report } from '../core/run/report.ts'
import { headline } from '../core/text/headline.ts'
import { type AgentWords, saidIn } from './agent/said.ts'
import { callsReport } from './money/calls-report.ts'
import type { RunParts } from './run-parts.ts'
import { runCommand } from './steps/command.ts'
import { type Ending, ended } from './steps/ending.ts'
import type { StepsDone } from './steps/steps.ts'
import { collectWork, type Work } from './workspace/collect-work.ts'

const TITLE_CHARACTERS_MAX = 200
const BODY_CHARACTERS_MAX = 50_000
const GUARD_MINUTES_MAX = 15

export interface Executed {
  readonly report: Report
  readonly patch: string
}

/** The work, and what came of comparing it with what was there before. */
interface Looked extends Work {
  readonly old: Before
  readonly testChanges: readonly TestChange[]
}

/** `startTree`: the workspace as the first step found it; none when no step was reached. */
export async function finishRun(parts: RunParts, done: StepsDone, startTree: string | undefined): Promise<Executed> {
  if (startTree === undefined) return close(parts, done, undefined)
  const work = await collectWork(parts.git, parts.workDir, startTree, parts.plan.subject.headSha)
  const before = await work.before(toCompare(work.changeset, parts.redact))
  const looked: Looked = { ...work, old: before, testChanges: testChangesOf(work.changeset, before) }
  const executed = close(parts, { ...done, ending: await judge(parts, done, looked) }, looked)
  if (done.ending?.reason === 'paused') parts.record({ kind: 'paused' })
  await (await parts.checkpoints(startTree)).keep(done.progress, work)
  return executed
}

/** The guards speak on work that would be delivered: of a run that ended in order, or at its cap. */
async function judge(parts: RunParts, { ending, results }: StepsDone, work: Looked): Promise<Ending> {
  if (ending !== undefined && ending.conclusion !== 'capped') return ending
  const { plan } = parts
  const violations = [
    ...work.violations,
    ...validateChangeset(work.changeset, work.old),
    ...checkSecrets(work.changeset, parts.redact, work.old),
    ...checkPlanGuards(plan, work.changeset),
    ...checkTests(plan, work.testChanges),
  ]
  const all = violations.length > 0 || !hasWork(work.changeset) ? violations : await runGuards(parts, results)
  const [first] = all
  if (first !== undefined) {
    const capped = ending === undefined ? '' : ` ${ending.message}`
    return ended(
      'withheld',
      first.reason,
      `${all
        .slice(0, 5)
        .map((violation) => violation.message)
        .join(' ')}${capped}`,
    )
  }
  if (ending !== undefined) return ending
  if (['commit', 'pull-request'].includes(plan.deliver) && !hasWork(work.changeset)) {
    return ended('completed', 'nothing-to-deliver', 'The run ended in order and changed nothing.')
  }
  return ended('completed', undefined, 'Every step ended in order and every guard passed.')
}

/** Also after the time has run out: the guards have minutes of their own. */
async function runGuards(parts: RunParts, results: Results): Promise<Violation[]> {
  const own = parts.signal.aborted ? { ...parts, signal: new AbortController().signal } : parts
  const done = new Set<string>()
  for (const { template, key } of guardCommands(parts.plan)) {
    const inputs = inputsIn(parts.plan, key, results)
    const command = showCommand(template, inputs.values)
    if (done.has(command)) continue
    done.add(command)
    const result = await runCommand(own, { purpose: 'guard' }, template, GUARD_MINUTES_MAX, [], inputs)
    parts.log.foreign(`Guard: ${commandLine(template, inputs.values)}: ${result.how}`)
    if (result.ok) continue
    parts.log.foreign(result.output)
    return [
      {
        reason: 'guard-command',
        rule: `run: ${command}`,
        message: `The guard \`${command}\` did not pass: ${result.how}.`,
      },
    ]
  }
  return []
}

/** The workflow's own and those of nested ones. */
function guardCommands({ guards, nested = {} }: Plan): { template: string; key: string | undefined }[] {
  const own = (guards.run ?? []).map((template) => ({ template, key: undefined }))
  const others = Object.entries(nested).flatMap(([key, one]) =>
    (one.guards.run ?? []).map((template) => ({ template, key })),
  )
  return [...own, ...others]
}

/** The report of a run and, where it came to that, its work. */
function close(parts: RunParts, done: StepsDone, work: Looked | undefined): Executed {
  const { purse, redact } = parts
  const ending = done.ending ?? ended('failed', 'internal', 'The run ended without saying how.')
  const delivery =
    work === undefined ? undefined : makeDelivery(saidIn(parts.plan, done.results, parts.redact), work.changeset, parts)
  const report: Report = {
    ...callsReport(purse.calls, ending.conclusion, ending.reason, redactClean(ending.message, redact)),
    steps: [...done.reports],
    ...(work && work.testChanges.length > 0 && { testChanges: work.testChanges.map((one) => clean(one, redact)) }),
    ...(delivery && { delivery }),
  }
  return { report, patch: redact(work?.patch ?? '') }
}

/** What the agents said becomes title and body: the last step's first line, then every step's words in order. */
function makeDelivery(
  said: readonly AgentWords[],
  changeset: Changeset,
  { plan, redact }: Pick<RunParts, 'plan' | 'redact'>,
): Delivery | undefined {
  if (said.length === 0 && !hasWork(changeset)) return undefined
  const last = said.at(-1)
  const body = inertText(said.map(({ text }) => text).join('\n\n'), redact)
  return {
    ...(hasWork(changeset) && { changeset }),
    title: inertLine(headline(last?.text ?? ''), TITLE_CHARACTERS_MAX, redact),
    body: body.slice(0, BODY_CHARACTERS_MAX),
    ...(plan.deliver === 'review' && last?.review && { review: last.review }),
  }
}

/** Cut again, since what is taken out may be longer than its mark or shorter. */
function clean(change: TestChange, redact: (text: string) => string): TestChange {
  return { ...change, what: redactClean(change.what, redact).slice(0, TEST_CHANGE_CHARACTERS_MAX).toWellFormed() }
}

function hasWork(changeset: Changeset): boolean {
  return changeset.files.length > 0
}
