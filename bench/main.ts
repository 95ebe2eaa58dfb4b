/** `npm run bench`: what it costs to start, in time and in words, and what a model call takes beside the model. `--json` prints the figures as one object. */
import { parseArgs } from 'node:util'
import { measureCall } from './call.ts'
import { measureFirstRequest } from './first-request.ts'
import { countFirstWords } from './first-words.ts'

const RATIO_MAX = 2
const WORDS_MAX = 1_000
const CALL_MICROSECONDS_MAX = 50
const CALL_GROWTH_MAX = 1.5
const CALL_SAMPLES = 200

const { values } = parseArgs({ options: { json: { type: 'boolean' }, runs: { type: 'string', default: '15' } } })
const first = await measureFirstRequest(Number(values.runs))
const words = countFirstWords(first.body)
const call = await measureCall(CALL_SAMPLES)
const rows = [
  { what: 'first request, times a bare process', measured: Number(first.ratio.toFixed(2)), atMost: RATIO_MAX },
  { what: 'its own words, tokens', measured: words.ownTokens, atMost: WORDS_MAX },
  {
    what: 'deciding and posting a model call after 500 turns, microseconds',
    measured: Number(call.microseconds[500].toFixed(1)),
    atMost: CALL_MICROSECONDS_MAX,
  },
  { what: 'the same, times after 5 turns', measured: Number(call.growth.toFixed(2)), atMost: CALL_GROWTH_MAX },
]
const ok = rows.every((row) => row.measured < row.atMost)

if (values.json) {
  const { body, ...times } = first
  console.log(JSON.stringify({ ok, firstRequest: times, firstWords: words, call }))
} else {
  console.table(rows)
  console.log(
    `bundle ${first.bundleMs.toFixed(0)} ms (${first.coldMs.toFixed(0)} ms where nothing was compiled before), bare ${first.bareMs.toFixed(0)} ms, medians of ${first.runs} runs in turn`,
  )
  console.log(
    `a model call after 5, 50 and 500 turns ${([5, 50, 500] as const).map((turns) => call.microseconds[turns].toFixed(1)).join(', ')} microseconds, JSON.stringify of what was appended ${call.stringifyMicroseconds.toFixed(1)}, medians of ${call.samples}`,
  )
}
process.exitCode = ok ? 0 : 1
