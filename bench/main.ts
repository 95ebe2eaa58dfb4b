/**
 * `npm run bench`: what it costs to start, in time and in words, what a model call takes beside the model, and how fast the
 * ledger reserves and settles. `--json` prints the figures as one object.
 */
import { parseArgs } from 'node:util'
import { measureCall } from './call.ts'
import { measureFirstRequest } from './first-request.ts'
import { countFirstWords } from './first-words.ts'
import { measureLedger, type Rates } from './ledger.ts'

const RATIO_MAX = 2
const WORDS_MAX = 1_000
const CALL_MICROSECONDS_MAX = 50
const CALL_GROWTH_MAX = 1.5
const CALL_SAMPLES = 200
const LEDGER_RATIO_MIN = 0.8
const HISTORY_RATIO_MIN = 0.9
const LEDGER_ROUNDS = 5
const LEDGER_OPERATIONS = 2_000
const HISTORY_RUNS = 50_000

const { values } = parseArgs({ options: { json: { type: 'boolean' }, runs: { type: 'string', default: '15' } } })
const first = await measureFirstRequest(Number(values.runs))
const words = countFirstWords(first.body)
const call = await measureCall(CALL_SAMPLES)
const ledger = await measureLedger(LEDGER_ROUNDS, LEDGER_OPERATIONS, HISTORY_RUNS)
const rows: readonly {
  readonly what: string
  readonly measured: number
  readonly atMost?: number
  readonly atLeast?: number
}[] = [
  { what: 'first request, times a bare process', measured: Number(first.ratio.toFixed(2)), atMost: RATIO_MAX },
  { what: 'its own words, tokens', measured: words.ownTokens, atMost: WORDS_MAX },
  {
    what: 'deciding and posting a model call after 500 turns, microseconds',
    measured: Number(call.microseconds[500].toFixed(1)),
    atMost: CALL_MICROSECONDS_MAX,
  },
  { what: 'the same, times after 5 turns', measured: Number(call.growth.toFixed(2)), atMost: CALL_GROWTH_MAX },
  ...(ledger === undefined
    ? []
    : [
        { what: 'reserve and settle, times a plain update, one row', ...atLeastRatio(ledger.one) },
        { what: 'the same on 100 rows', ...atLeastRatio(ledger.many) },
        {
          what: `reserve after ${HISTORY_RUNS} runs, times before`,
          measured: Number(ledger.history.ratio.toFixed(2)),
          atLeast: HISTORY_RATIO_MIN,
        },
      ]),
]
const ok = rows.every(
  ({ measured, atMost = Number.POSITIVE_INFINITY, atLeast = 0 }) => measured < atMost && measured >= atLeast,
)

if (values.json) {
  const { body, ...times } = first
  console.log(JSON.stringify({ ok, firstRequest: times, firstWords: words, call, ledger }))
} else {
  console.table(rows)
  console.log(
    `bundle ${first.bundleMs.toFixed(0)} ms (${first.coldMs.toFixed(0)} ms where nothing was compiled before), bare ${first.bareMs.toFixed(0)} ms, medians of ${first.runs} runs in turn`,
  )
  console.log(
    `a model call after 5, 50 and 500 turns ${([5, 50, 500] as const).map((turns) => call.microseconds[turns].toFixed(1)).join(', ')} microseconds, JSON.stringify of what was appended ${call.stringifyMicroseconds.toFixed(1)}, medians of ${call.samples}`,
  )
}
if (ledger === undefined) {
  console.error(
    'LEFT OUT: the ledger, for there is no PostgreSQL server; bring one with `sudo apt-get install -y postgresql`',
  )
} else if (!values.json) {
  for (const [on, rates] of [
    ['one row', ledger.one],
    ['100 rows', ledger.many],
  ] as const) {
    console.log(
      `on ${on} ${rates.plain.toFixed(0)} plain updates a second, ${rates.reserve.toFixed(0)} reservations, ${rates.settle.toFixed(0)} settlements, 20 at a time, medians of ${ledger.rounds} rounds`,
    )
  }
}
process.exitCode = ok ? 0 : 1

function atLeastRatio({ ratio }: Rates) {
  return { measured: Number(ratio.toFixed(2)), atLeast: LEDGER_RATIO_MIN }
}
