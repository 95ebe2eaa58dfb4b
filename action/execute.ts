/** A run from its checked-out commit to its report: setup, steps, work, guards. */
import { showCommand } from '../core/template.ts'
import { describeChange } from './describe-change.ts'
import type { Executed } from './finish-run.ts'
import type { RunParts } from './run-parts.ts'
import { takeSnapshot } from './snapshot.ts'
import { type Ending, ended, runCommand, runSteps, type StepsDone, stopped } from './steps.ts'
import { stopReason } from './stop.ts'

/** `notes`: the AGENTS.md that the agents are shown. */
export async function execute(parts: RunParts, notes: string | undefined): Promise<Executed> {
  const { subject } = parts.plan
  const setup = await runSetup(parts)
  if (setup !== undefined) return finishEarly(parts, setup)
  const start = parts.plan.setup ? (await takeSnapshot(parts.git, parts.workDir)).tree : `${subject.headSha}^{tree}`
  if (parts.resume !== undefined) {
    const { applyChangeset } = await import('./apply-changeset.ts')
    const problem = await applyChangeset(parts.workDir, parts.resume.checkpoint.changeset)
    if (problem !== undefined) return finishEarly(parts, ended('failed', 'checkpoint-unusable', problem))
  }
  const change = await describeChange(parts.git, subject)
  return finish(parts, await runSteps(parts, { change }, notes, start), start)
}

/** Before the first step: there is no work, and nothing to go on from. */
function finishEarly(parts: RunParts, ending: Ending): Promise<Executed> {
  return finish(
    parts,
    { reports: [], said: [], ending, progress: { finished: [], conversation: undefined } },
    undefined,
  )
}

/** What only the end needs is not waited for at the start. */
async function finish(parts: RunParts, done: StepsDone, startTree: string | undefined): Promise<Executed> {
  const { finishRun } = await import('./finish-run.ts')
  return finishRun(parts, done, startTree)
}

/** Dependencies and the like: in the sandbox, before any model call. */
async function runSetup(parts: RunParts): Promise<Ending | undefined> {
  const { setup } = parts.plan
  if (setup === undefined) return undefined
  const { network } = setup
  const reaches = network.length === 0 ? '' : ` (may reach ${network.join(', ')})`
  parts.log.foreign(`Setup: ${showCommand(setup.run, parts.plan.inputs)}${reaches}`)
  const result = await runCommand(parts, { purpose: 'setup' }, setup.run, setup['timeout-minutes'], network)
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
