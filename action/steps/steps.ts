/** Carries out a plan's steps in order, and says how they ended. */

import { redactClean } from '../../core/inert.ts'
import type { Plan, PlanAgentStep, PlanStep } from '../../core/plan/plan.ts'
import { addResult, inputsIn, type Results, readFields, type StepResult } from '../../core/plan/results.ts'
import { commandLine } from '../../core/plan/template.ts'
import type { StepReport } from '../../core/run/report.ts'
import type { CheckpointConversation, FinishedStep } from '../../core/session/checkpoint.ts'
import { stepsBefore } from '../../core/session/steps-before.ts'
import type { Seen } from '../agent/prompt.ts'
import type { RunParts } from '../run-parts.ts'
import { cutText } from '../tools/cut.ts'
import { runAgentStep } from './agent-step.ts'
import { runCommand } from './command.ts'
import { type Ending, ended, paused, stopped } from './ending.ts'
import { Needs } from './needed.ts'
import { overage, type StepDone } from './step-done.ts'
import { stopReason } from './stop.ts'

const SUMMARY_CHARACTERS_MAX = 3_500

export interface StepsDone {
  readonly reports: readonly StepReport[]
  readonly results: Results
  /** Absent when every step ended in order. */
  readonly ending: Ending | undefined
  /** How far it came, for whoever goes on from here. */
  readonly progress: Progress
}

export interface Progress {
  readonly finished: readonly FinishedStep[]
  /** Of the step that was under way, else of the last agent. */
  readonly conversation: CheckpointConversation | undefined
}

/** `startTree`: the workspace as the first step found it. */
export async function runSteps(
  parts: RunParts,
  seen: Omit<Seen, 'results'>,
  notes: string | undefined,
  startTree: string,
): Promise<StepsDone> {
  const { plan, resume } = parts
  const finished = resume === undefined ? [] : stepsBefore(plan, resume.checkpoint, resume.isSpokenTo)
  const results = resultsBefore(plan, finished)
  const reports = finished.map(({ report }) => report)
  let conversation = resume?.checkpoint.conversation
  const needs = new Needs(parts, seen.change.files)
  const done = (ending: Ending | undefined): StepsDone => ({
    reports,
    results,
    ending,
    progress: { finished, conversation },
  })
  for (const [index, step] of plan.steps.entries()) {
    if (results.has(step.id)) continue
    parts.onStep(step.id)
    const need = await needs.ofStep(step, results)
    if ('ending' in need) return done(need.ending)
    const before = conversation?.step === step.id ? conversation : undefined
    const keep = async (underWay: CheckpointConversation) =>
      (await parts.checkpoints(startTree)).take({ finished, conversation: underWay })
    const carried = need.needed
      ? 'agent' in step
        ? await runAgentStep(parts, step, { ...seen, results }, notes, { before, keep })
        : await runCommandStep(parts, step, results)
      : notNeeded(parts, step, need.no)
    addResult(results, step.id, resultOf(step, carried.counts, carried.output))
    conversation = carried.conversation ?? conversation
    const report = reportOf(parts, step, carried)
    reports.push(report)
    parts.record({ kind: 'step-ended', report })
    const ending = afterOverage(parts, step, carried.ending)
    if (ending !== undefined) return done(ending)
    finished.push({ report, output: carried.output })
    const isLast = index === plan.steps.length - 1
    if (!isLast && need.needed) await (await parts.checkpoints(startTree)).take({ finished, conversation })
    if (!isLast && parts.meanwhile().rest) return done(paused())
  }
  return done(reports.every(isSkipped) ? nothingToDo() : undefined)
}

/** What finished steps came to, as their checkpoint has it. */
function resultsBefore({ steps }: Plan, finished: readonly FinishedStep[]): Map<string, StepResult> {
  const results = new Map<string, StepResult>()
  for (const step of steps) {
    const before = finished.find(({ report }) => report.id === step.id)
    if (before !== undefined) addResult(results, step.id, resultOf(step, before.report, before.output))
  }
  return results
}

function resultOf(step: PlanStep, { ok, attempts }: Pick<StepReport, 'ok' | 'attempts'>, output: string): StepResult {
  if (attempts === 0) return { result: 'skipped', output: '' }
  const fields = 'agent' in step && step.output !== undefined ? readFields(output) : undefined
  return { result: ok ? 'passed' : 'failed', output, fields }
}

function reportOf(parts: RunParts, step: PlanStep, { output, counts }: StepDone): StepReport {
  const summary = cutText(redactClean(output, parts.redact), SUMMARY_CHARACTERS_MAX)
  const kind = 'agent' in step ? ('agent' as const) : ('run' as const)
  return { id: step.id, kind, ...counts, spentMicroUsd: parts.purse.spentIn(step.id), summary }
}

/** Without an attempt: that is how a reader tells it. */
function notNeeded(parts: RunParts, step: PlanStep, why: string): StepDone {
  parts.log.foreign(`Step ${step.id} is not needed: ${why}.`)
  return { output: `Not needed: ${why}.`, counts: { ok: true, turns: 0, attempts: 0 }, ending: undefined }
}

function isSkipped({ attempts }: StepReport): boolean {
  return attempts === 0
}

function nothingToDo(): Ending {
  return ended('completed', 'nothing-to-do', 'No step was needed.')
}

/** Also where a step was done with the very answer that was billed beyond the bound, so that no later call meets it. */
function afterOverage(parts: RunParts, step: PlanStep, ending: Ending | undefined): Ending | undefined {
  const isOpen = ending === undefined || ending.conclusion === 'capped'
  return isOpen && parts.purse.hasOverage ? overage(step.id) : ending
}

async function runCommandStep(
  parts: RunParts,
  step: Exclude<PlanStep, PlanAgentStep>,
  results: Results,
): Promise<StepDone> {
  const inputs = inputsIn(parts.plan, step.in, results)
  parts.log.foreign(`Step ${step.id}: ${commandLine(step.run, inputs.values)}`)
  parts.record({ kind: 'step-started', step: step.id, does: 'run', attempt: 1 })
  const purpose = { purpose: 'step', step: step.id } as const
  const result = await runCommand(parts, purpose, step.run, step['timeout-minutes'], [], inputs)
  parts.log.foreign(result.output)
  const counts = { ok: result.ok, turns: 0, attempts: 1 }
  const stop = stopReason(parts.signal)
  if (stop !== undefined) return { output: result.output, counts, ending: stopped(stop) }
  if (result.ok || step['on-failure'] === 'continue') return { output: result.output, counts, ending: undefined }
  const ending = ended('failed', 'step-failed', `Step \`${step.id}\` failed: ${result.how}.`)
  return { output: result.output, counts, ending }
}
