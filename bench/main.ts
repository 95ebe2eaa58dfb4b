/**
 * `npm run bench`: what it costs to start and to work, in time, memory and tokens, what a model call takes beside the model,
 * how fast the ledger reserves and settles, whether deciding a family anew grows with its history, how fast
 * webhooks are taken in, and what a workspace of very many files takes. `--only <part>` measures one part, `--peers` two
 * other agents beside ours, `--json` prints the figures as one object. Exit code 1 means that a figure is missed. See docs/bench.md.
 */
import { parseArgs } from 'node:util'
import { measureCall } from './call.ts'
import { measureDecide } from './decide.ts'
import { measureDeliveries } from './deliveries.ts'
import { measureFirstRequest } from './first-request.ts'
import { countFirstWords } from './first-words.ts'
import { measureLedger, type Rates, type RatesByRows } from './ledger.ts'
import { measurePeers, missingPeers } from './peers.ts'
import { measureReferenceTask } from './reference-task.ts'
import { measureWebhooks } from './webhooks.ts'
import { measureWorkspace } from './workspace.ts'

const FIRST_REQUEST_RATIO_MAX = 2
const WORDS_MAX = 1_000
const TASK_CPU_RATIO_MAX = 2
const TASK_MEMORY_RATIO_MAX = 1.4
const TASK_TOKENS_MAX = 69_000
const LONG_OUTPUT_TOKENS_MAX = 950
const TASK_RUNS = 7
const CALL_MICROSECONDS_MAX = 50
const CALL_GROWTH_MAX = 1.5
const CALL_SAMPLES = 200
const LEDGER_RATIO_MIN = 0.8
const HISTORY_RATIO_MIN = 0.9
const LEDGER_ROUNDS = 5
const LEDGER_OPERATIONS = 2_000
const HISTORY_RUNS = 50_000
const DECIDE_RATIO_MAX = 1.5
const DECIDE_SAMPLES = 200
const WORKSPACE_FILES = 1_000_000
const WORKSPACE_MEMORY_MB_MAX = 300
const WEBHOOKS_RATIO_MIN = 0.8
const WEBHOOKS_ROUNDS = 11
const WEBHOOKS_DELIVERIES = 6_000

interface Row {
  readonly what: string
  readonly measured: number
  readonly atMost?: number
  readonly atLeast?: number
}

interface Part {
  readonly rows: readonly Row[]
  readonly figures: object
  /** What the rows don't say. */
  readonly notes: readonly string[]
}

const say = (text: string) => process.stderr.write(`${text}\n`)
const parts: Readonly<Record<string, () => Promise<Part>>> = {
  'first-request': firstRequest,
  'reference-task': referenceTask,
  call: modelCall,
  ledger,
  decide,
  workspace,
  webhooks,
  deliveries,
}
const PARTS = Object.keys(parts)
const USAGE = `Usage: npm run bench -- [--only PART] [--runs N] [--deliveries N] [--json], or --peers
PART: ${PARTS.join(', ')}; for example --only webhooks`
const values = readArgs()
const names = values.peers ? ['peers'] : values.only === undefined ? PARTS : [values.only]
const done = new Map<string, Part>()
for (const name of names) {
  const measure = name === 'peers' ? peers : parts[name]
  if (measure === undefined) {
    say(`There is no part ${JSON.stringify(name)}; expected one of ${PARTS.join(', ')}.`)
    process.exit(2)
  }
  say(`Measuring ${name} ...`)
  done.set(name, await measure())
}

const rows = [...done.values()].flatMap((part) => part.rows)
const ok = rows.every(
  ({ measured, atMost = Number.POSITIVE_INFINITY, atLeast = 0 }) => measured <= atMost && measured >= atLeast,
)
if (values.json) {
  console.log(JSON.stringify({ ok, ...Object.fromEntries([...done].map(([name, { figures }]) => [name, figures])) }))
} else {
  if (rows.length > 0) console.table(rows)
  for (const { notes } of done.values()) for (const note of notes) console.log(note)
}
process.exitCode = ok ? 0 : 1

async function firstRequest(): Promise<Part> {
  const { body, ...times } = await measureFirstRequest(Number(values.runs))
  const words = countFirstWords(body)
  return {
    figures: { ...times, words },
    rows: [
      { what: 'first request, times a bare process', measured: rounded(times.ratio), atMost: FIRST_REQUEST_RATIO_MAX },
      { what: 'its own words, tokens', measured: words.ownTokens, atMost: WORDS_MAX },
    ],
    notes: [
      `bundle ${times.bundleMs.toFixed(0)} ms (${times.coldMs.toFixed(0)} ms where nothing was compiled before), bare ${times.bareMs.toFixed(0)} ms, medians of ${times.runs} runs in turn`,
    ],
  }
}

async function referenceTask(): Promise<Part> {
  const task = await measureReferenceTask(TASK_RUNS, say)
  return {
    figures: task,
    rows: [
      {
        what: 'reference task, processor time, times a bare loop',
        measured: rounded(task.cpuRatio),
        atMost: TASK_CPU_RATIO_MAX,
      },
      {
        what: 'its peak memory, times a bare loop',
        measured: rounded(task.memoryRatio),
        atMost: TASK_MEMORY_RATIO_MAX,
      },
      { what: `input tokens of its ${task.requests} requests`, measured: task.inputTokens, atMost: TASK_TOKENS_MAX },
      {
        what: 'tokens that a command with 1.26 MB of output adds',
        measured: task.longOutputTokens,
        atMost: LONG_OUTPUT_TOKENS_MAX,
      },
    ],
    notes: [
      `reference task: bundle ${task.bundleCpuMs.toFixed(0)} ms of processor and ${task.bundleMemoryMb.toFixed(0)} MB, bare loop ${task.bareCpuMs.toFixed(0)} ms and ${task.bareMemoryMb.toFixed(0)} MB, medians of ${task.runs} runs in turn`,
    ],
  }
}

async function modelCall(): Promise<Part> {
  const call = await measureCall(CALL_SAMPLES)
  const after = ([5, 50, 500] as const).map((turns) => call.microseconds[turns].toFixed(1)).join(', ')
  return {
    figures: call,
    rows: [
      {
        what: 'deciding and posting a model call after 500 turns, microseconds',
        measured: Number(call.microseconds[500].toFixed(1)),
        atMost: CALL_MICROSECONDS_MAX,
      },
      { what: 'the same, times after 5 turns', measured: rounded(call.growth), atMost: CALL_GROWTH_MAX },
    ],
    notes: [
      `a model call after 5, 50 and 500 turns ${after} microseconds, JSON.stringify of what was appended ${call.stringifyMicroseconds.toFixed(1)}, medians of ${call.samples}`,
    ],
  }
}

async function ledger(): Promise<Part> {
  const measured = await measureLedger(LEDGER_ROUNDS, LEDGER_OPERATIONS, HISTORY_RUNS)
  if (measured === undefined) {
    say('LEFT OUT: the ledger, for there is no PostgreSQL server; bring one with `sudo apt-get install -y postgresql`')
    return { figures: {}, rows: [], notes: [] }
  }
  const note = (on: string, rates: Rates) =>
    `on ${on} ${rates.plain.toFixed(0)} plain updates a second, ${rates.reserve.toFixed(0)} reservations, ${rates.settle.toFixed(0)} settlements, 20 at a time, medians of ${measured.rounds} rounds`
  return {
    figures: measured,
    rows: [
      ...ratios('reserve and settle, times a plain update', measured.durable),
      ...ratios('the same without fsync', measured.withoutFsync),
      {
        what: `reserve after ${HISTORY_RUNS} runs, times before`,
        measured: rounded(measured.history.ratio),
        atLeast: HISTORY_RATIO_MIN,
      },
    ],
    notes: [
      note('one row', measured.durable.one),
      note('100 rows', measured.durable.many),
      note('100 rows of ten repositories', measured.durable.spread),
      note('one row without fsync', measured.withoutFsync.one),
      note('100 rows without fsync', measured.withoutFsync.many),
      note('100 rows of ten repositories without fsync', measured.withoutFsync.spread),
    ],
  }
}

/** Beside ours, as multiples of the same bare loop; nobody else's figure is ours to miss. */
async function peers(): Promise<Part> {
  const missing = missingPeers()
  if (missing.length > 0) {
    say(`LEFT OUT: ${missing.join(' and ')}, not installed; \`npm run peers\` brings them (some 800 MB)`)
    return { figures: {}, rows: [], notes: [] }
  }
  const first = await measureFirstRequest(TASK_RUNS)
  const task = await measureReferenceTask(TASK_RUNS, say)
  const figures = await measurePeers(TASK_RUNS, say)
  const told = Object.values(figures).map(
    (peer) =>
      `${peer.version}: first request after ${times(peer.firstRequestMs, first.bareMs)}, processor ${times(peer.cpuMs, task.bareCpuMs)}, memory ${times(peer.memoryMb, task.bareMemoryMb)} of the bare loop; first request ${peer.firstTokens} tokens, ${peer.inputTokens} in ${peer.requests} requests, ${peer.longOutputTokens} for the long output`,
  )
  const ours = `purser: first request after ${times(first.bundleMs, first.bareMs)}, processor ${times(task.bundleCpuMs, task.bareCpuMs)}, memory ${times(task.bundleMemoryMb, task.bareMemoryMb)} of the bare loop; first request ${task.firstTokens} tokens, ${task.inputTokens} in ${task.requests} requests, ${task.longOutputTokens} for the long output`
  return {
    figures: { ours: { ...task, first: { ...first, body: undefined } }, ...figures },
    rows: [],
    notes: [ours, ...told],
  }
}

function times(measured: number, bare: number): string {
  return `${(measured / bare).toFixed(1)} times`
}

function ratios(what: string, { one, many, spread }: RatesByRows): readonly Row[] {
  const atLeast = LEDGER_RATIO_MIN
  return [
    { what: `${what}, one row`, measured: rounded(one.ratio), atLeast },
    { what: `${what}, 100 rows`, measured: rounded(many.ratio), atLeast },
    { what: `${what}, 100 rows of ten repositories`, measured: rounded(spread.ratio), atLeast },
  ]
}

async function decide(): Promise<Part> {
  const measured = await measureDecide(DECIDE_SAMPLES)
  if (measured === undefined) {
    say(
      'LEFT OUT: deciding a family, for there is no PostgreSQL server; bring one with `sudo apt-get install -y postgresql`',
    )
    return { figures: {}, rows: [], notes: [] }
  }
  const { runsFew, runsMany, fewMs, manyMs, ratio, samples } = measured
  return {
    figures: measured,
    rows: [
      {
        what: `deciding a family after ${runsMany} runs, times after ${runsFew}`,
        measured: rounded(ratio),
        atMost: DECIDE_RATIO_MAX,
      },
    ],
    notes: [
      `a decision ${fewMs.toFixed(1)} ms after ${runsFew} runs, ${manyMs.toFixed(1)} ms after ${runsMany}, medians of ${samples} in turn`,
    ],
  }
}

async function workspace(): Promise<Part> {
  const measured = await measureWorkspace(WORKSPACE_FILES)
  const { files, seconds, runnerMb, gitMb, violations } = measured
  return {
    figures: measured,
    rows: [
      {
        what: `handing over a workspace of ${files} files, MB of the runner`,
        measured: rounded(runnerMb),
        atMost: WORKSPACE_MEMORY_MB_MAX,
      },
    ],
    notes: [
      `a workspace of ${files} files and one of 1 GiB: ${seconds.toFixed(0)} s, git ${gitMb.toFixed(0)} MB; ${violations[0] ?? 'nothing is said of it'}`,
    ],
  }
}

async function deliveries(): Promise<Part> {
  const told = await measureDeliveries(Number(values.deliveries), say)
  if (told === undefined) {
    say('LEFT OUT: deliveries, for there is no PostgreSQL server; bring one with `sudo apt-get install -y postgresql`')
    return { figures: {}, rows: [], notes: [] }
  }
  return {
    figures: told,
    rows: [
      {
        what: `states that differ after ${told.sent} deliveries, shuffled and doubled, and ${told.dropped} missing`,
        measured: told.isSame ? 0 : 1,
        atMost: 0,
      },
    ],
    notes: [
      `${told.happened} webhooks happened, ${told.dropped} never came, ${told.sent} came, again and in any order, in ${told.seconds.toFixed(0)} s`,
    ],
  }
}

async function webhooks(): Promise<Part> {
  const measured = await measureWebhooks(WEBHOOKS_ROUNDS, WEBHOOKS_DELIVERIES)
  if (measured === undefined) {
    say('LEFT OUT: webhooks, for there is no PostgreSQL server; bring one with `sudo apt-get install -y postgresql`')
    return { figures: {}, rows: [], notes: [] }
  }
  const { bare, server, embedded, app, bytes, rounds } = measured
  return {
    figures: measured,
    rows: [
      {
        what: 'webhooks stored and acknowledged on PostgreSQL, times a bare Probot server',
        measured: rounded(measured.serverRatio),
        atLeast: WEBHOOKS_RATIO_MIN,
      },
      { what: 'the same with twenty at a time', measured: rounded(measured.fewRatio) },
      { what: 'the same on the embedded database', measured: rounded(measured.embeddedRatio) },
      { what: 'the same by the whole App, which works them off meanwhile', measured: rounded(measured.appRatio) },
    ],
    notes: [
      `webhooks of ${bytes} bytes a second, 100 at a time: bare ${bare.toFixed(0)}, on PostgreSQL ${server.toFixed(0)}, embedded ${embedded.toFixed(0)}, the whole App ${app.toFixed(0)}, medians of ${rounds} rounds in turn`,
    ],
  }
}

function rounded(ratio: number): number {
  return Number(ratio.toFixed(2))
}

function readArgs() {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean' },
        only: { type: 'string' },
        peers: { type: 'boolean' },
        runs: { type: 'string', default: '15' },
        deliveries: { type: 'string', default: '2000' },
      },
    })
    if (values.help !== true) return values
    process.stdout.write(`${USAGE}\n`)
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${USAGE}\n`)
    process.exit(2)
  }
}
