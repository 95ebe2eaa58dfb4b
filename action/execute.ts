/** A run from its checked-out commit to its report: setup, steps, work, guards. */
import type { PlanNested } from '../core/plan/plan.ts'
import { inputsIn } from '../core/plan/results.ts'
import { commandLine, showCommand } from '../core/plan/template.ts'
import type { Executed } from './finish-run.ts'
import type { RunParts } from './run-parts.ts'
import { runCommand } from './steps/command.ts'
import { type Ending, ended, stopped } from './steps/ending.ts'
import { type Need, Needs } from './steps/needed.ts'
import { runSteps, type StepsDone } from './steps/steps.ts'
import { stopReason } from './steps/stop.ts'
import { describeChange } from './workspace/describe-change.ts'
import { takeSnapshot } from './workspace/snapshot.ts'

/** `notes`: the AGENTS.md that the agents are shown. */
export async function execute(parts: RunParts, notes: string | undefined): Promise<Executed> {
  const { plan } = parts
  const change = await describeChange(parts.git, plan)
  const needs = new Needs(parts, change.files)
  const { when } = plan
  // What costs no time is asked before the setup, and the command after it, which may need what is installed.
  const no = when && (await needs.compare(when, undefined, NO_RESULTS))
  if (no !== undefined) return finish(parts, early(notNeeded(no)), undefined)
  const setup = await runSetups(parts)
  if (setup !== undefined) return finish(parts, early(setup), undefined)
  const need: Need =
    when?.run === undefined ? { needed: true } : await needs.ask(when, when.run, undefined, undefined, NO_RESULTS)
  if ('ending' in need) return finish(parts, early(need.ending), undefined)
  if (!need.needed) return finish(parts, early(notNeeded(need.no)), undefined)
  const isSetUp = setupsOf(parts).length > 0 || when?.run !== undefined
  const start = isSetUp ? (await takeSnapshot(parts.git, parts.workDir)).tree : `${plan.subject.headSha}^{tree}`
  if (parts.resume !== undefined) {
    const { applyChangeset } = await import('./workspace/apply-changeset.ts')
    const problem = await applyChangeset(parts.workDir, parts.resume.checkpoint.changeset)
    if (problem !== undefined) return finish(parts, early(ended('failed', 'checkpoint-unusable', problem)), undefined)
  }
  const seen = { change, precondition: need.output }
  return finish(parts, await runSteps(parts, seen, notes, start), start)
}

const NO_RESULTS = new Map<string, never>()

/** Before the first step: there is no work, and nothing to go on from. */
function early(ending: Ending): StepsDone {
  return {
    reports: [],
    results: NO_RESULTS,
    ending,
    progress: { finished: [], conversation: undefined },
  }
}

function notNeeded(no: string): Ending {
  return ended('completed', 'nothing-to-do', `There was nothing to do: ${no}. No model was called.`)
}

/** What only the end needs is not waited for at the start. */
async function finish(parts: RunParts, done: StepsDone, startTree: string | undefined): Promise<Executed> {
  const { finishRun } = await import('./finish-run.ts')
  return finishRun(parts, done, startTree)
}

interface Setup {
  readonly setup: NonNullable<PlanNested['setup']>
  /** The nested workflow that it is of. */
  readonly key: string | undefined
}

/** The workflow's own and those of nested ones; what was run already with the same inputs is not run again. */
function setupsOf({ plan }: RunParts): Setup[] {
  const nested = Object.entries(plan.nested ?? {}).map(([key, { setup }]) => ({ setup, key }))
  const seen = new Set<string>()
  return [{ setup: plan.setup, key: undefined }, ...nested].flatMap(({ setup, key }) => {
    if (setup === undefined) return []
    const shown = showCommand(setup.run, inputsIn(plan, key, NO_RESULTS).values)
    if (seen.has(shown)) return []
    seen.add(shown)
    return [{ setup, key }]
  })
}

async function runSetups(parts: RunParts): Promise<Ending | undefined> {
  for (const one of setupsOf(parts)) {
    const ending = await runSetup(parts, one)
    if (ending !== undefined) return ending
  }
  return undefined
}

/** Dependencies and the like: in the sandbox, before any model call. */
async function runSetup(parts: RunParts, { setup, key }: Setup): Promise<Ending | undefined> {
  const { network } = setup
  const inputs = inputsIn(parts.plan, key, NO_RESULTS)
  const reaches = network.length === 0 ? '' : ` (may reach ${network.join(', ')})`
  parts.log.foreign(`Setup: ${commandLine(setup.run, inputs.values)}${reaches}`)
  const result = await runCommand(parts, { purpose: 'setup' }, setup.run, setup['timeout-minutes'], network, inputs)
  if (result.refusedHosts.length > 0) {
    parts.log.foreign(`Setup wanted to reach hosts that are not declared: ${result.refusedHosts.join(', ')}`)
  }
  const stop = stopReason(parts.signal)
  if (stop !== undefined) return stopped(stop)
  if (result.ok) return undefined
  parts.log.foreign(result.output)
  const missing =
    result.refusedHosts.length === 0
      ? ''
      : ` It wanted to reach ${result.refusedHosts.join(', ')}, which \`setup.network\` does not declare.`
  return ended('failed', 'setup-failed', `Setup failed before any model was called: ${result.how}.${missing}`)
}
