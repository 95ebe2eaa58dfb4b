/** A run from its checked-out commit to its report: setup, steps, work, guards. */
import type { Changeset, Delivery } from '../core/changeset.ts'
import { checkGuards, type Violation, validateChangeset } from '../core/guard.ts'
import { inertLine, inertText } from '../core/inert.ts'
import type { Report } from '../core/report.ts'
import { showCommand } from '../core/template.ts'
import type { RunParts } from './run-parts.ts'
import { collectWork, describeChange, snapshotTree, type Work } from './snapshot.ts'
import { type Ending, ended, runCommand, runSteps, type StepsDone, stopped } from './steps.ts'
import { stopReason } from './stop.ts'

const TITLE_CHARACTERS_MAX = 200
const BODY_CHARACTERS_MAX = 50_000
const MESSAGE_CHARACTERS_MAX = 1_900
const GUARD_MINUTES_MAX = 15

export interface Executed {
  readonly report: Report
  readonly patch: string
}

/** `notes`: the AGENTS.md that the agents are shown. */
export async function execute(parts: RunParts, notes: string | undefined): Promise<Executed> {
  const setup = await runSetup(parts)
  if (setup !== undefined) return close(parts, { reports: [], said: [], ending: setup }, undefined)
  const { subject } = parts.plan
  const start = parts.plan.setup ? await snapshotTree(parts.git, parts.workDir) : `${subject.headSha}^{tree}`
  const change = await describeChange(parts.git, subject.baseSha, subject.headSha)
  const done = await runSteps(parts, { change }, notes)
  const work = await collectWork(parts.git, parts.workDir, start, subject.headSha)
  const ending = await judge(parts, done.ending, work)
  return close(parts, { ...done, ending }, work)
}

/** Dependencies and the like: in the sandbox, before any model call. */
async function runSetup(parts: RunParts): Promise<Ending | undefined> {
  const { setup } = parts.plan
  if (setup === undefined) return undefined
  const network = setup.network.length > 0
  parts.log.foreign(
    `Setup: ${showCommand(setup.run, parts.plan.inputs)}${network ? ' (with network: hosts can’t be told apart yet)' : ''}`,
  )
  const result = await runCommand(parts, setup.run, setup['timeout-minutes'], network)
  const stop = stopReason(parts.signal)
  if (stop !== undefined) return stopped(stop)
  if (result.ok) return undefined
  parts.log.foreign(result.output)
  return ended('failed', 'setup-failed', `Setup failed before any model was called: ${result.how}.`)
}

/** The guards speak on work that would be delivered: of a run that ended in order, or at its cap. */
async function judge(parts: RunParts, ending: Ending | undefined, work: Work): Promise<Ending> {
  if (ending !== undefined && ending.conclusion !== 'capped') return ending
  const { plan } = parts
  const violations = [
    ...work.violations,
    ...validateChangeset(work.changeset),
    ...checkGuards(plan.guards, work.changeset),
  ]
  const all = violations.length > 0 || !hasWork(work.changeset) ? violations : await runGuards(parts)
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
async function runGuards(parts: RunParts): Promise<Violation[]> {
  const own = parts.signal.aborted ? { ...parts, signal: new AbortController().signal } : parts
  for (const template of parts.plan.guards.run ?? []) {
    const result = await runCommand(own, template, GUARD_MINUTES_MAX)
    const command = showCommand(template, parts.plan.inputs)
    parts.log.foreign(`Guard: ${command}: ${result.how}`)
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

function close(parts: RunParts, done: StepsDone & { ending: Ending | undefined }, work: Work | undefined): Executed {
  const { purse, redact, plan } = parts
  const ending = done.ending ?? ended('failed', 'internal', 'The run ended without saying how.')
  const sum = (count: (call: Report['calls'][number]) => number) =>
    purse.calls.reduce((total, call) => total + count(call), 0)
  const delivery = work === undefined ? undefined : makeDelivery(done.said, work.changeset, plan.workflow, redact)
  const report: Report = {
    version: 1,
    conclusion: ending.conclusion,
    ...(ending.reason && { reason: ending.reason }),
    message: redact(ending.message).slice(0, MESSAGE_CHARACTERS_MAX),
    spentMicroUsd: purse.spentMicroUsd,
    inputTokens: sum((call) => call.inputTokens),
    cachedTokens: sum((call) => call.cachedTokens),
    outputTokens: sum((call) => call.outputTokens),
    steps: [...done.reports],
    calls: [...purse.calls],
    ...(delivery && { delivery }),
  }
  return { report, patch: redact(work?.patch ?? '') }
}

/** What the agents said becomes title and body: the last step's first line, then every step's words in order. */
function makeDelivery(
  said: readonly string[],
  changeset: Changeset,
  workflow: string,
  redact: (text: string) => string,
): Delivery | undefined {
  if (said.length === 0 && !hasWork(changeset)) return undefined
  const title = (said.at(-1) ?? '').split('\n').find((line) => line.trim() !== '') ?? ''
  const plainTitle = inertLine(redact(title.replace(/^[#>*\s]+|\*+\s*$/g, '')), TITLE_CHARACTERS_MAX)
  const body = inertText(redact(said.join('\n\n')))
  return {
    ...(hasWork(changeset) && { changeset }),
    title: plainTitle === '' ? `Work of ${workflow}` : plainTitle,
    body: body.slice(0, BODY_CHARACTERS_MAX),
  }
}

function hasWork(changeset: Changeset): boolean {
  return changeset.files.length > 0
}
