/** `purser run`: a workflow on the commit that is checked out, under its cap, by the runner that jobs use. */
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname } from 'node:path'
import { z } from 'zod'
import { carryOut } from '../action/carry-out.ts'
import { type Early, startEarly } from '../action/early.ts'
import type { Executed } from '../action/finish-run.ts'
import { journalPath } from '../action/journal.ts'
import { terminalLog } from '../action/log.ts'
import { openModel } from '../action/model.ts'
import { checkTemplates } from '../action/prompt.ts'
import { formatUsd } from '../core/money.ts'
import type { Plan } from '../core/plan.ts'
import { isRefusal, refuse } from '../core/reason.ts'
import { redactor } from '../core/redact.ts'
import { reportSchema } from '../core/report.ts'
import { resolveRun } from '../core/resolve.ts'
import { declaredConfiguration, readCheckout } from './checkout.ts'
import type { RunOptions } from './commands/run.ts'
import { dryRunLines } from './dry-run.ts'
import { type ExitCode, endRefused, endWrongUsage, exitCodes, printJson } from './exit.ts'
import { keepRun } from './kept-runs.ts'
import { applyWork, ignoreKept, type LocalHead, readHead } from './local-git.ts'
import { readRequest } from './request.ts'
import { resultLines } from './run-result.ts'
import { nothingChanged, subjectLine, worksOnChange } from './subject.ts'

export async function run(target: string, pairs: readonly string[], options: RunOptions): Promise<ExitCode> {
  // 1. What is asked for, and what the working tree declares.
  const request = readRequest(target, pairs, options)
  if ('usage' in request) return endWrongUsage(request.usage, options.json)
  const checkout = readCheckout(options.dir, options.organisation)
  if (isRefusal(checkout)) return endRefused(checkout, options.json)
  const configuration = declaredConfiguration(checkout)
  if (isRefusal(configuration)) return endRefused(configuration, options.json)
  const { root } = checkout
  const head = readHead(root, options.base)
  if (isRefusal(head)) return endRefused(head, options.json)

  // 2. The plan, for the commit that is checked out.
  const subject = {
    kind: 'local' as const,
    repository: basename(root),
    headSha: head.sha,
    ...(head.title !== '' && { title: head.title }),
    baseSha: head.base.sha,
  }
  const resolved = resolveRun(configuration, request, subject, checkout.keptPrices, new Date())
  if (isRefusal(resolved)) return endRefused(resolved, options.json)
  const { plan } = resolved
  const problem = checkTemplates(plan)
  if (problem !== undefined) return endRefused(problem, options.json)
  if (head.filesChanged === 0 && worksOnChange(plan)) return endRefused(nothingChanged(plan, head), options.json)
  if (options.dryRun) return showDryRun(plan, head, options.json)
  const apiKey = process.env.OPENAI_API_KEY
  if (apiKey === undefined || apiKey === '') return endRefused(refuse('no-key'), options.json)

  // 3. The run, in a workspace of its own.
  const early = await startEarly(process.env, {
    temporaryDir: tmpdir(),
    objectsDir: head.objectsDir,
    sandbox: options.sandbox ? 'bubblewrap' : 'none',
  })
  try {
    const sandbox = await early.sandbox
    if (isRefusal(sandbox)) {
      const todo = `${sandbox.todo} Or let commands run unconfined on this machine: \`--no-sandbox\`.`
      return endRefused({ ...sandbox, todo }, options.json)
    }
    const executed = await execute(plan, early, sandbox, apiKey, head)
    const exitCode = finish(executed, plan, root, options.json)
    return executed.interrupted ? exitCodes.interrupted : exitCode
  } finally {
    early.checkout.objects.close()
    rmSync(early.baseDir, { recursive: true, force: true })
  }
}

async function execute(
  plan: Plan,
  early: Early,
  sandbox: Parameters<typeof carryOut>[0]['sandbox'],
  apiKey: string,
  head: LocalHead,
): Promise<Executed & { interrupted: boolean }> {
  const redact = redactor([apiKey])
  const log = terminalLog(redact, (text) => process.stderr.write(text))
  log.line(`${plan.workflow} on ${head.sha.slice(0, 7)}, never more than ${formatUsd(plan.capMicroUsd)}`)
  log.line(subjectLine(head))
  if (head.dirty) log.warning('what is not committed is not part of the run')
  if (sandbox.kind === 'none')
    log.warning('commands run unconfined (--no-sandbox): they can read all that you can, this shell’s environment too')
  const interrupts: (() => void)[] = []
  let interrupted = false
  const interrupt = (signal: NodeJS.Signals) => {
    interrupted ||= signal === 'SIGINT'
    for (const stop of interrupts) stop()
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  try {
    const executed = await carryOut({
      plan,
      app: undefined,
      checkout: early.checkout,
      source: {},
      sandbox,
      model: openModel(apiKey, process.env.OPENAI_BASE_URL, plan.endpoint),
      journalFile: journalPath(early.baseDir),
      sessionDir: early.baseDir,
      log,
      redact,
      monotonicMs: () => performance.now(),
      onInterrupt: (stop) => interrupts.push(stop),
      onTurn: (turn, spentMicroUsd) => {
        const did = turn.tools.length === 0 ? 'answers' : turn.tools.join('; ')
        log.foreign(`  ${formatUsd(spentMicroUsd)}  ${turn.step} ${turn.number}: ${did}`)
      },
    })
    return { ...executed, interrupted }
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

/** Work that ended in order, or at its cap, goes onto the working tree; all other work is only shown. */
function finish({ report, patch }: Executed, plan: Plan, root: string, json: boolean): ExitCode {
  ignoreKept(root)
  const file = keepRun(root, {
    version: 1,
    id: randomUUID().slice(0, 8),
    endedAt: new Date().toISOString(),
    workflow: plan.workflow,
    variant: plan.variant ?? null,
    capMicroUsd: plan.capMicroUsd,
    report,
  })
  const deliverable = report.conclusion === 'completed' || report.conclusion === 'capped'
  const work = applyWork(root, patch, file.replace(/\.json$/, '.patch'), deliverable)
  if (json)
    printJson({
      workflow: plan.workflow,
      variant: plan.variant ?? null,
      report: z.encode(reportSchema, report),
      kept: file,
      work,
    })
  else process.stdout.write(`${resultLines(report, plan, work, file).join('\n')}\n`)
  return report.conclusion === 'completed' && (work.applied || work.patch === null) ? exitCodes.done : exitCodes.refused
}

async function showDryRun(plan: Plan, head: LocalHead, json: boolean): Promise<ExitCode> {
  if (json) printJson({ dryRun: true, plan })
  else process.stdout.write(`${(await dryRunLines(plan, dirname(head.objectsDir), subjectLine(head))).join('\n')}\n`)
  return exitCodes.done
}
