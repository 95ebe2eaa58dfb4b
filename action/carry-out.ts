/** A granted run from its pinned commit to its report, with its deadline, its lease and its journal; in a job or at a terminal. */

import type { Plan } from '../core/plan/plan.ts'
import type { Redact } from '../core/redact.ts'
import type { Checkpoint } from '../core/session/checkpoint.ts'
import type { EarlierResult } from '../core/session/earlier-result.ts'
import { readNotes } from './agent/notes.ts'
import type { AppRun } from './app-run.ts'
import { Meantime } from './door/meantime.ts'
import type { Reporting } from './door/reporting.ts'
import { execute } from './execute.ts'
import type { Executed } from './finish-run.ts'
import type { Log } from './job/log.ts'
import type { OpenMcpServers } from './mcp/servers.ts'
import type { Model } from './model/model.ts'
import type { ProviderKeys } from './model/provider-keys.ts'
import { callsReport } from './money/calls-report.ts'
import { openJournal } from './money/journal.ts'
import { Purse } from './money/purse.ts'
import type { RunParts, Turn } from './run-parts.ts'
import type { Sandbox } from './sandbox/sandbox.ts'
import type { Checkpoints } from './session/checkpoints.ts'
import { recordEnd, recordedJournal, recordStart } from './session/record-run.ts'
import { eventsPath, openRecording, type Recording } from './session/recording.ts'
import { Stop } from './steps/stop.ts'
import { type Checkout, type CommitSource, checkOut, ensureCommit, ensureHistory } from './workspace/checkout.ts'
import { COMMITS_MAX } from './workspace/describe-change.ts'
import { GitError } from './workspace/git.ts'

const MINUTE_MS = 60_000

export interface CarryOut {
  readonly plan: Plan
  /** Absent where no App keeps the books: then the whole cap is drawn from the start. */
  readonly app: AppRun | undefined
  readonly checkout: Checkout
  readonly source: CommitSource
  readonly sandbox: Sandbox
  readonly model: Model
  readonly keys: ProviderKeys
  /** In place of the MCP servers themselves. */
  readonly openMcpServers?: OpenMcpServers
  readonly journalFile: string
  readonly log: Log
  readonly redact: Redact
  readonly monotonicMs: () => number
  /** Takes what is to be called when the run is told to stop. */
  readonly onInterrupt: (stop: () => void) => void
  /** Progress, for whoever watches; `spentMicroUsd` is what the run cost so far. */
  readonly onTurn: (turn: Turn, spentMicroUsd: bigint) => void
  /** Where the run's log and its checkpoint are kept. */
  readonly sessionDir: string
  /** The App gets neither the log nor the checkpoints: both hold the work. */
  readonly keepWork?: boolean
  /** What the run goes on from. */
  readonly checkpoint?: Checkpoint | undefined
  /** What earlier runs came to, where no App says it. */
  readonly earlier?: readonly EarlierResult[] | undefined
  /** What the run is told meanwhile, where somebody besides its App tells it something. */
  readonly meantime?: Meantime
}

export async function carryOut(run: CarryOut): Promise<Executed> {
  const { plan, app } = run
  const abort = new AbortController()
  const stop = (reason: Stop) => abort.abort(reason)
  run.onInterrupt(() => stop(new Stop('cancelled')))
  const deadline = setTimeout(() => stop(new Stop('time-exhausted')), plan.timeoutMinutes * MINUTE_MS)
  const lease = app?.holdLease(abort, run.monotonicMs)
  const recording = openRecording(eventsPath(run.sessionDir), run.redact, run.monotonicMs, run.log)
  const journal = recordedJournal(openJournal(run.journalFile), recording)
  const purse = new Purse(holdOf(plan, app?.claim), journal, lease?.draw)
  const { meantime = new Meantime() } = run
  meantime.hear(app?.claim.said ?? [])
  const reporting =
    lease && new (await import('./door/reporting.ts')).Reporting(recording, meantime, run.keepWork ?? false)
  let step = ''
  let checkpoints: Promise<Checkpoints> | undefined
  try {
    const earlier = app?.claim.earlier ?? run.earlier ?? []
    recordStart(recording, plan, run.checkpoint, earlier)
    if (reporting !== undefined) lease?.keep(purse, () => step, reporting)
    const missing = await prepareCheckout(run)
    if (missing !== undefined) return { report: callsReport([], 'failed', 'checkout-failed', missing), patch: '' }
    const notes = await readNotes(run.checkout.objects, plan.subject)
    const { checkpoint } = run
    if (checkpoint !== undefined) run.sandbox.countFrom(checkpoint.commandsRun)
    const parts: RunParts = {
      plan,
      git: run.checkout.git,
      workDir: run.checkout.workDir,
      sandbox: run.sandbox,
      model: run.model,
      keys: run.keys,
      openMcpServers: run.openMcpServers,
      purse,
      log: run.log,
      redact: run.redact,
      signal: abort.signal,
      earlier,
      resume: checkpoint && { checkpoint, isSpokenTo: meantime.hasSaid },
      onStep: (id) => {
        step = id
      },
      onTurn: (turn) => run.onTurn(turn, purse.spentMicroUsd),
      record: recording.record,
      meanwhile: () => meantime.take(),
      checkpoints: (startTree) => {
        checkpoints ??= openCheckpoints(run, purse, recording, startTree, reporting)
        return checkpoints
      },
    }
    const executed = await execute(parts, notes)
    recordEnd(recording, executed)
    await lease?.flush()
    return executed
  } finally {
    clearTimeout(deadline)
    lease?.end()
    journal.close()
    recording.close()
  }
}

async function openCheckpoints(
  run: CarryOut,
  purse: Purse,
  recording: Recording,
  startTree: string,
  reporting: Reporting | undefined,
): Promise<Checkpoints> {
  const module = await import('./session/checkpoints.ts')
  return new module.Checkpoints({
    plan: run.plan,
    git: run.checkout.git,
    workDir: run.checkout.workDir,
    dir: run.sessionDir,
    startTree,
    redact: run.redact,
    log: run.log,
    commandsRun: () => run.sandbox.commandsRun,
    spentMicroUsd: () => purse.spentMicroUsd,
    beforeMicroUsd: run.checkpoint?.spentMicroUsd ?? 0n,
    record: recording.record,
    onCheckpoint: (made) => reporting?.checkpoint(made),
  })
}

function holdOf(plan: Plan, claim: AppRun['claim'] | undefined): ConstructorParameters<typeof Purse>[0] {
  return {
    capMicroUsd: plan.capMicroUsd,
    drawnMicroUsd: claim === undefined ? plan.capMicroUsd : claim.drawnMicroUsd,
    capTokens: plan.capTokens,
    drawnTokens: claim === undefined ? plan.capTokens : claim.drawnTokens,
  }
}

/** Answers why the pinned commit can't be had, in git's words. */
async function prepareCheckout({ checkout, source, plan }: CarryOut): Promise<string | undefined> {
  const { headSha, baseSha } = plan.subject
  try {
    await ensureCommit(checkout, source, headSha)
    await checkOut(checkout, headSha)
  } catch (error) {
    if (error instanceof GitError) return `The commit ${headSha} could not be checked out: ${error.message}`
    throw error
  }
  // Only the diff needs the base; without it the prompt says that nothing is known.
  if (baseSha !== undefined) await ensureCommit(checkout, source, baseSha).catch(() => {})
  if (baseSha !== undefined && promptsNameCommits(plan)) {
    await ensureHistory(checkout, source, headSha, COMMITS_MAX + 1).catch(() => {})
  }
  return undefined
}

/** History takes longer to fetch than one commit, so it is fetched only for who asks. */
function promptsNameCommits(plan: Plan): boolean {
  return plan.steps.some((step) => 'agent' in step && step.promptText.includes('subject.commits'))
}
