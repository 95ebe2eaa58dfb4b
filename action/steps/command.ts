/** The workflow's own commands, run in the sandbox with the inputs they name in their environment. */
import { type InputsIn, inputsIn } from '../../core/plan/results.ts'
import { renderCommand, showCommand } from '../../core/plan/template.ts'
import { STEP_OUTPUT_CHARACTERS_MAX } from '../agent/prompt.ts'
import type { RunParts } from '../run-parts.ts'
import { type CommandResult, FLOODED } from '../sandbox/process.ts'
import { cutOutput, cutText } from '../tools/cut.ts'
import { outputPath } from '../tools/files.ts'

const MINUTE_MS = 60_000

export interface Checked {
  readonly ok: boolean
  /** `null` when it did not exit by itself. */
  readonly exitCode: number | null
  /** `exit 1`, `stopped after 10 minutes`. */
  readonly how: string
  /** Bounded; says how to see the rest. */
  readonly output: string
  /** `host:port` of what it wanted to reach and may not. */
  readonly refusedHosts: readonly string[]
}

/** What a command is for, as the run's log says it. */
export interface Purpose {
  readonly purpose: 'setup' | 'step' | 'until' | 'guard' | 'when'
  readonly step?: string
}

/** `inputs`: of the nested workflow that the command belongs to; the plan's own when left out. */
export async function runCommand(
  parts: RunParts,
  purpose: Purpose,
  template: string,
  timeoutMinutes: number,
  network: readonly string[] = [],
  inputs: InputsIn = inputsIn(parts.plan, undefined, new Map()),
): Promise<Checked> {
  const rendered = renderCommand(template, inputs.values, inputs.foreign)
  if ('problem' in rendered) throw new Error(rendered.problem)
  const result = await parts.sandbox.run(rendered.script, {
    env: rendered.env,
    timeoutMs: timeoutMinutes * MINUTE_MS,
    network,
    signal: parts.signal,
  })
  const output = cutText(
    cutOutput(result, `read ${outputPath(result.number)} for the rest`),
    STEP_OUTPUT_CHARACTERS_MAX,
  )
  const exitCode = result.ended === 'exited' ? result.exitCode : null
  const ok = exitCode === 0
  const how = describeEnd(result, timeoutMinutes)
  parts.record({ kind: 'command', ...purpose, command: showCommand(template, inputs.values), ok, how, output })
  return { ok, exitCode, how, output, refusedHosts: result.refusedHosts }
}

function describeEnd(result: CommandResult, timeoutMinutes: number): string {
  switch (result.ended) {
    case 'exited':
      return result.exitCode === null ? 'ended by a signal' : `exit ${result.exitCode}`
    case 'timed-out':
      return `stopped after ${timeoutMinutes} ${timeoutMinutes === 1 ? 'minute' : 'minutes'}`
    case 'stopped':
      return 'stopped with the run'
    case 'flooded':
      return FLOODED
    case 'not-started':
      return 'could not be started'
  }
}
