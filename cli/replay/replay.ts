/** `purser replay`: a recorded run played again, with the workflow, the prompts and the tools as they are now. */
import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { checkTemplates } from '../../action/agent/prompt.ts'
import { carryOut } from '../../action/carry-out.ts'
import { Meantime } from '../../action/door/meantime.ts'
import { startEarly } from '../../action/job/early.ts'
import { terminalLog } from '../../action/job/log.ts'
import { NO_KEYS } from '../../action/model/provider-keys.ts'
import { journalPath } from '../../action/money/journal.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { resolveRun } from '../../core/plan/resolve.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import { redactor } from '../../core/redact.ts'
import type { Report } from '../../core/run/report.ts'
import { declaredConfiguration, readCheckout } from '../checkout.ts'
import type { ReplayOptions } from '../commands/replay.ts'
import { type ExitCode, endRefused, endWrongUsage, exitCodes, printJson } from '../exit.ts'
import { git } from '../git.ts'
import { hasCommit } from '../run/resume.ts'
import { recordingFile } from '../run/session-folder.ts'
import { type RecordedRun, readRecording } from './recorded-run.ts'
import { recordedMcpServers } from './replay-mcp.ts'
import { type Departure, replayModel } from './replay-model.ts'

export async function replay(named: string | undefined, options: ReplayOptions): Promise<ExitCode> {
  if ((named === undefined) === (options.session === undefined)) {
    const usage = 'expected a recording or --session; for example purser replay 1a2b3c4d'
    return endWrongUsage(usage, options.json)
  }
  const checkout = readCheckout(options.dir, options.organisation)
  if (isRefusal(checkout)) return endRefused(checkout, options.json)
  const recorded = await (options.session === undefined
    ? readRecording(recordingFile(checkout.root, named ?? ''))
    : (await import('./app-recording.ts')).readAppRecording(options.session))
  if ('problem' in recorded) return endWrongUsage(recorded.problem, options.json)
  const configuration = declaredConfiguration(checkout)
  if (isRefusal(configuration)) return endRefused(configuration, options.json)
  const plan = presentPlan(recorded, configuration, checkout.keptPrices)
  if (isRefusal(plan)) return endRefused(plan, options.json)
  if (!hasCommit(checkout.root, plan.subject.headSha)) {
    const todo = 'Fetch that commit into this repository.'
    const why = `The run’s commit ${plan.subject.headSha} is not in ${checkout.root}.`
    return endRefused(refuse('checkout-failed', why, todo), options.json)
  }
  const program = Object.values(plan.agents).find(({ runtime }) => runtime !== undefined)
  if (program !== undefined) {
    const why = `the agent ${program.name} is carried out by ${program.runtime}, whose model calls are its own; its log can be read and not be played again`
    return endWrongUsage(why, options.json)
  }
  const played = await play(plan, recorded, checkout.root, options)
  if (isRefusal(played)) return endRefused(played, options.json)
  return tell(plan, recorded, played, options.json)
}

/** The workflow as it is declared now, asked for as the run was and under the same cap. */
function presentPlan(
  { start }: RecordedRun,
  configuration: Parameters<typeof resolveRun>[0],
  keptPrices: Parameters<typeof resolveRun>[3],
): Plan | Refusal {
  const request = {
    workflow: start.workflow,
    variant: start.variant,
    inputs: Object.fromEntries(Object.entries(start.inputs).map(([name, value]) => [name, String(value)])),
    overrides: start.overrides ?? {},
  }
  const resolved = resolveRun(configuration, request, start.subject, keptPrices, new Date())
  if (isRefusal(resolved)) return resolved
  return checkTemplates(resolved.plan) ?? { ...resolved.plan, capMicroUsd: start.capMicroUsd }
}

interface Played {
  readonly report: Report
  readonly answered: number
  readonly departure: Departure | undefined
}

async function play(
  plan: Plan,
  recorded: RecordedRun,
  root: string,
  { sandbox: isConfined }: ReplayOptions,
): Promise<Played | Refusal> {
  const early = await startEarly(process.env, {
    temporaryDir: tmpdir(),
    objectsDir: resolve(root, git(root, ['rev-parse', '--git-path', 'objects']) ?? '.git/objects'),
    sandbox: isConfined ? 'bubblewrap' : 'none',
  })
  try {
    const sandbox = await early.sandbox
    if (isRefusal(sandbox)) {
      const todo = `${sandbox.todo} Or let commands run unconfined on this machine: \`--no-sandbox\`.`
      return { ...sandbox, todo }
    }
    const stops: (() => void)[] = []
    const stop = () => {
      for (const each of stops) each()
    }
    const meantime = new Meantime()
    const model = replayModel(recorded, meantime, stop)
    const redact = redactor([])
    const sessionDir = join(early.baseDir, 'session')
    mkdirSync(sessionDir)
    process.once('SIGINT', stop).once('SIGTERM', stop).once('SIGHUP', stop)
    try {
      const { report } = await carryOut({
        plan,
        app: undefined,
        checkout: early.checkout,
        source: {},
        sandbox,
        model,
        // Nothing is to be spent.
        keys: NO_KEYS,
        openMcpServers: recordedMcpServers(recorded),
        journalFile: journalPath(early.baseDir),
        sessionDir,
        earlier: recorded.start.earlier,
        log: terminalLog(redact, (text) => process.stderr.write(text)),
        redact,
        monotonicMs: () => performance.now(),
        onInterrupt: (each) => stops.push(each),
        meantime,
        onTurn: () => {},
      })
      return { report, answered: model.answered, departure: model.departure }
    } finally {
      process.off('SIGINT', stop).off('SIGTERM', stop).off('SIGHUP', stop)
    }
  } finally {
    early.checkout.objects.close()
    rmSync(early.baseDir, { recursive: true, force: true })
  }
}

/** Ends that came from outside: a run without them may well have gone on, so what follows is no departure. */
const FROM_OUTSIDE: readonly (string | undefined)[] = [
  'paused',
  'cancelled',
  'time-exhausted',
  'ledger-unreachable',
  'model-failed',
  'lost',
]

function departureOf({ calls, end }: RecordedRun, { answered, departure, report }: Played): Departure | undefined {
  const isOpen = end === undefined || FROM_OUTSIDE.includes(end.reason)
  if (departure !== undefined) return departure.step === undefined && isOpen ? undefined : departure
  const next = calls[answered]
  if (next !== undefined) {
    const what = `the run ends before it (${report.conclusion}: ${report.message})`
    return { call: answered + 1, step: next.conversation, turn: next.turn.number, what, difference: [] }
  }
  const [was, is] = [endWords(end ?? report), endWords(report)]
  if (isOpen || was === is) return undefined
  return { call: answered, what: 'how the run ends', difference: [`- ${was}`, `+ ${is}`, `  ${report.message}`] }
}

function endWords({ conclusion, reason }: { conclusion: string; reason?: string | undefined }): string {
  return reason === undefined ? conclusion : `${conclusion} (${reason})`
}

function tell({ workflow, variant }: Plan, recorded: RecordedRun, played: Played, json: boolean): ExitCode {
  const departure = departureOf(recorded, played)
  const total = recorded.calls.length
  const name = variant === undefined ? workflow : `${workflow}/${variant}`
  if (json) {
    const recordedEnd = recorded.end?.conclusion ?? null
    printJson({
      same: departure === undefined,
      workflow,
      variant: variant ?? null,
      modelCalls: { recorded: total, same: played.answered },
      recordedConclusion: recordedEnd,
      departure: departure ?? null,
      redacted: recorded.isRedacted,
    })
  } else process.stdout.write(`${lines(name, recorded, departure).join('\n')}\n`)
  return departure === undefined ? exitCodes.done : exitCodes.refused
}

const REDACTED =
  'In the recording a secret was taken out of what the model gave its tools (***); the departure may come from that alone.'

function lines(
  name: string,
  { calls: { length: total }, isRedacted }: RecordedRun,
  departure: Departure | undefined,
): string[] {
  const calls = `${total} ${total === 1 ? 'model call' : 'model calls'}`
  if (departure === undefined) return [`same: ${calls} of ${name}, asked as they were recorded; nothing was spent.`]
  const { call, step, turn, what, difference } = departure
  const at = step === undefined ? '' : `, step ${step}, turn ${turn}`
  const masked = isRedacted ? [REDACTED] : []
  return [`departs: ${name} at model call ${call} (of ${calls})${at}: ${what}`, ...difference, ...masked]
}
