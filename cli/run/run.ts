/** `purser run`: a workflow on the commit that is checked out, under its cap, by the runner that jobs use. */
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { z } from 'zod'
import { checkTemplates } from '../../action/agent/prompt.ts'
import { carryOut } from '../../action/carry-out.ts'
import type { Executed } from '../../action/finish-run.ts'
import { type Early, startEarly } from '../../action/job/early.ts'
import { terminalLog } from '../../action/job/log.ts'
import { missingProgram } from '../../action/meter/agent-program.ts'
import { missingKey, NOT_GIVEN, type ProviderKeys } from '../../action/model/provider-keys.ts'
import { journalPath } from '../../action/money/journal.ts'
import { formatAtMostUsd, formatUsd } from '../../core/money/money.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { isRefusal, refuse } from '../../core/reason.ts'
import { redactor } from '../../core/redact.ts'
import { reportSchema } from '../../core/run/report.ts'
import type { Checkpoint } from '../../core/session/checkpoint.ts'
import type { RunOptions } from '../commands/run.ts'
import { type ExitCode, endProblem, endRefused, endWrongUsage, exitCodes, printJson } from '../exit.ts'
import { applyWork } from './apply-work.ts'
import { showDryRun } from './dry-run.ts'
import { interruptible } from './interrupts.ts'
import { keepRun } from './kept-runs.ts'
import { ignoreKept } from './local-git.ts'
import { type PlannedRun, planRun } from './planned-run.ts'
import { showProgress } from './progress.ts'
import { resultLines } from './run-result.ts'
import { newSessionFolder, type SessionFolder } from './session-folder.ts'

export async function run(
  target: string | undefined,
  pairs: readonly string[],
  options: RunOptions,
): Promise<ExitCode> {
  // 1. What is asked for, and the plan for it: of the commit that is checked out, or of the one that a checkpoint names.
  const planned = await planRun(target, pairs, options)
  if ('usage' in planned) return endWrongUsage(planned.usage, options.json)
  if (isRefusal(planned)) return endRefused(planned, options.json)
  const { plan, root } = planned
  const problem = checkTemplates(plan)
  if (problem !== undefined) return endRefused(problem, options.json)
  if (options.dryRun) return showDryRun(planned, options.json)
  const keys = {
    openai: { apiKey: process.env.OPENAI_API_KEY, baseUrl: process.env.OPENAI_BASE_URL },
    anthropic: { apiKey: process.env.ANTHROPIC_API_KEY, baseUrl: process.env.ANTHROPIC_BASE_URL },
  }
  const address = wrongAddress(process.env)
  if (address !== undefined) return endProblem(address, options.json)
  const obstacle = missingKey(plan, keys) ?? missingProgram(plan, process.env)
  if (obstacle !== undefined) return endRefused(obstacle, options.json)

  // 2. The run, in a workspace of its own.
  const early = await startEarly(process.env, {
    temporaryDir: tmpdir(),
    objectsDir: planned.objectsDir,
    sandbox: options.sandbox ? 'bubblewrap' : 'none',
  })
  try {
    const sandbox = await early.sandbox
    if (isRefusal(sandbox)) {
      const todo = `${sandbox.todo} Or let commands run unconfined on this machine: \`--no-sandbox\`.`
      return endRefused({ ...sandbox, todo }, options.json)
    }
    ignoreKept(root)
    const from = options.resume
    const spentMicroUsd = planned.checkpoint?.spentMicroUsd ?? 0n
    const session = newSessionFolder(root, from === undefined ? undefined : { from, spentMicroUsd })
    if (session === undefined) return endRefused(refuse('already-running', SESSION_UNDER_WAY), options.json)
    try {
      const executed = await execute(planned, early, sandbox, keys, session)
      const exitCode = finish(executed, planned, session, options.json)
      return executed.interrupted ? exitCodes.interrupted : exitCode
    } finally {
      session.release()
    }
  } finally {
    early.checkout.objects.close()
    rmSync(early.baseDir, { recursive: true, force: true })
  }
}

async function execute(
  { plan, checkpoint, subject, dirty, fromElsewhere }: PlannedRun,
  early: Early,
  sandbox: Parameters<typeof carryOut>[0]['sandbox'],
  keys: ProviderKeys,
  session: SessionFolder,
): Promise<Executed & { interrupted: boolean }> {
  const secrets = [keys.openai.apiKey, keys.anthropic.apiKey]
  const redact = redactor(secrets.flatMap((secret) => secret || []))
  const monotonicMs = () => performance.now()
  const progress = showProgress(process.stderr, { capMicroUsd: plan.capMicroUsd, redact, monotonicMs })
  const log = terminalLog(redact, progress.say)
  log.line(
    `${plan.workflow} on ${plan.subject.headSha.slice(0, 7)}, never more than ${formatAtMostUsd(plan.capMicroUsd)}`,
  )
  log.line(checkpoint === undefined ? subject : resumedLine(checkpoint))
  for (const left of checkpoint?.left ?? []) log.warning(`not in the checkpoint: ${left}`)
  if (fromElsewhere) log.warning(FROM_ELSEWHERE)
  if (dirty) log.warning('what is not committed is not part of the run')
  if (sandbox.kind === 'none')
    log.warning('commands run unconfined (--no-sandbox): they can read all that you can, this shell’s environment too')
  const interrupts = interruptible(log)
  try {
    // The provider's client is most of what a run loads, and nothing before this needs it.
    const { openModel } = await import('../../action/model/model.ts')
    const executed = await carryOut({
      plan,
      app: undefined,
      checkout: early.checkout,
      source: {},
      sandbox,
      keys,
      model: openModel(keys.openai.apiKey ?? NOT_GIVEN, keys.openai.baseUrl, plan.endpoint),
      // Beside the checkpoint: what was spent after it, the run may not live to tell.
      journalFile: journalPath(session.dir),
      sessionDir: session.dir,
      checkpoint,
      log,
      redact,
      monotonicMs,
      onInterrupt: interrupts.onStop,
      meantime: interrupts.meantime,
      onTurn: progress.turn,
    })
    return { ...executed, interrupted: interrupts.interrupted() }
  } finally {
    interrupts.close()
    progress.end()
  }
}

const ADDRESSES = { OPENAI_BASE_URL: 'https://api.openai.com/v1', ANTHROPIC_BASE_URL: 'https://api.anthropic.com' }

function wrongAddress(environment: NodeJS.ProcessEnv): string | undefined {
  for (const [variable, example] of Object.entries(ADDRESSES)) {
    const written = environment[variable]
    if (!written || (URL.canParse(written) && /^https?:/.test(written))) continue
    const expected = 'where the provider answers, or nothing for its own address'
    return `${variable}: “${written}” is no address of the web; expected ${expected}; for example ${variable}=${example}`
  }
  return undefined
}

const SESSION_UNDER_WAY =
  'Another run of this session is under way, or has just ended: two at once could spend the same part of its ceiling.'

const FROM_ELSEWHERE =
  'this checkpoint comes from elsewhere: what its session has spent there since, or by going on from another copy of it, is not ' +
  'known here, and so not taken off its ceiling'

function resumedLine({ steps, conversation, spentMicroUsd }: Checkpoint): string {
  const done = `${steps.length} ${steps.length === 1 ? 'step is' : 'steps are'} finished`
  const at = conversation === undefined ? '' : `, \`${conversation.step}\` goes on after turn ${conversation.turns}`
  return `from a checkpoint: ${done}${at}; ${formatUsd(spentMicroUsd)} is spent already`
}

/** Work that ended in order, or at its cap, goes onto the working tree; all other work is only shown. */
function finish(
  { report, patch }: Executed,
  { plan, root, checkpoint }: PlannedRun,
  session: SessionFolder,
  json: boolean,
): ExitCode {
  const file = keepRun(root, {
    version: 1,
    id: session.id,
    endedAt: new Date().toISOString(),
    workflow: plan.workflow,
    variant: plan.variant ?? null,
    capMicroUsd: plan.capMicroUsd,
    ...(checkpoint && { beforeMicroUsd: checkpoint.spentMicroUsd }),
    report,
  })
  const deliverable = report.conclusion === 'completed' || report.conclusion === 'capped'
  const work = applyWork(root, {
    patch,
    patchFile: file.replace(/\.json$/, '.patch'),
    deliverable,
    changeset: report.delivery?.changeset,
    before: checkpoint?.changeset,
  })
  if (json) printJson(resultDocument(plan, report, file, work, session))
  else process.stdout.write(`${resultLines({ report, plan, work, file, session }).join('\n')}\n`)
  return report.conclusion === 'completed' && (work.applied || work.patch === null) ? exitCodes.done : exitCodes.refused
}

function resultDocument(
  plan: Plan,
  report: Executed['report'],
  kept: string,
  work: ReturnType<typeof applyWork>,
  { id, dir }: SessionFolder,
) {
  return {
    workflow: plan.workflow,
    variant: plan.variant ?? null,
    report: z.encode(reportSchema, report),
    kept,
    work,
    session: { id, dir },
  }
}
