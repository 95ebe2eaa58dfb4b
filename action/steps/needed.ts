/** Whether a step, a nested workflow or the whole run is needed: what `when` says, decided without any model. */
import type { When } from '../../core/config/when.ts'
import type { PlanStep } from '../../core/plan/plan.ts'
import { failedComparison, inputsIn, type Results } from '../../core/plan/results.ts'
import { commandLine, showCommand } from '../../core/plan/template.ts'
import type { RunParts } from '../run-parts.ts'
import { runCommand } from './command.ts'
import { type Ending, ended, stopped } from './ending.ts'
import { stopReason } from './stop.ts'

/** `no`: in words, why it is not needed. `output`: what its command printed. */
export type Need =
  | { readonly needed: true; readonly output?: string }
  | { readonly needed: false; readonly no: string; readonly output?: string }
  | { readonly ending: Ending }

const NEEDED: Need = { needed: true }
/** What a command answers that finds nothing to do; any other failure is one, and not an answer. */
const NOT_NEEDED_EXIT = 1

/** `files`: what the subject changes, as `git diff-tree --name-status` lists it; empty where nothing is known. */
export class Needs {
  readonly #parts: RunParts
  readonly #files: string
  readonly #nested = new Map<string, Need>()

  constructor(parts: RunParts, files: string) {
    this.#parts = parts
    this.#files = files
  }

  /** The nested workflows around a step are asked first, each once and when its first step is reached. */
  async ofStep(step: PlanStep, results: Results): Promise<Need> {
    const around = await this.#ofNested(step.in, results)
    if (!('needed' in around && around.needed)) return around
    return step.when === undefined ? NEEDED : this.decide(step.when, step.in, step.id, results)
  }

  async #ofNested(key: string | undefined, results: Results): Promise<Need> {
    const nested = key === undefined ? undefined : this.#parts.plan.nested?.[key]
    if (key === undefined || nested === undefined) return NEEDED
    const known = this.#nested.get(key)
    if (known !== undefined) return known
    // A run that goes on from within it decided so before.
    if ((results.get(key)?.result ?? 'skipped') !== 'skipped') return NEEDED
    const outer = await this.#ofNested(nested.in, results)
    const need = 'needed' in outer && outer.needed ? await this.#ofOneNested(key, results) : outer
    this.#nested.set(key, need)
    return need
  }

  async #ofOneNested(key: string, results: Results): Promise<Need> {
    const { when, precondition, in: outer } = this.#parts.plan.nested?.[key] ?? {}
    const named = when === undefined ? NEEDED : await this.decide(when, outer, key, results)
    if (!('needed' in named && named.needed) || precondition === undefined) return named
    return this.decide(precondition, key, key, results)
  }

  /** `key`: the workflow whose inputs and steps the condition names. `id`: what it is a condition of, for messages. */
  async decide(when: When, key: string | undefined, id: string | undefined, results: Results): Promise<Need> {
    const no = await this.compare(when, key, results)
    if (no !== undefined) return { needed: false, no }
    return when.run === undefined ? NEEDED : this.ask(when, when.run, key, id, results)
  }

  /** What can be told without starting anything. */
  async compare(when: When, key: string | undefined, results: Results): Promise<string | undefined> {
    const no = failedComparison(when, this.#parts.plan, key, results)
    if (no !== undefined || when.changed === undefined || this.#files === '') return no
    const { matchesAny } = await import('../../core/changes/guard.ts')
    const patterns = when.changed
    const paths = this.#files.split('\n').map((line) => line.slice(line.indexOf('\t') + 1))
    return paths.some((path) => matchesAny(patterns, path)) ? undefined : `nothing in ${patterns.join(', ')} changed`
  }

  async ask(when: When, run: string, key: string | undefined, id: string | undefined, results: Results): Promise<Need> {
    const parts = this.#parts
    const inputs = inputsIn(parts.plan, key, results)
    const result = await runCommand(
      parts,
      { purpose: 'when', ...(id !== undefined && { step: id }) },
      run,
      when['timeout-minutes'],
      [],
      inputs,
    )
    const stop = stopReason(parts.signal)
    if (stop !== undefined) return { ending: stopped(stop) }
    const command = showCommand(run, inputs.values)
    parts.log.foreign(`When: ${commandLine(run, inputs.values)}: ${result.how}`)
    const { output } = result
    if (result.ok) return { needed: true, output }
    if (result.exitCode === NOT_NEEDED_EXIT) return { needed: false, no: `\`${command}\` says so`, output }
    parts.log.foreign(output)
    const what = id === undefined ? 'the run' : `step \`${id}\``
    const message = `Whether ${what} is needed can’t be told: \`${command}\` ended with ${result.how}, and only exit 0 and 1 are answers.`
    return { ending: ended('failed', 'precondition-failed', message) }
  }
}
