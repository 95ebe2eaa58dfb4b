/** `npm run bench`: what it costs to start, in time and in words. `--json` prints the figures as one object. */
import { parseArgs } from 'node:util'
import { measureFirstRequest } from './first-request.ts'
import { countFirstWords } from './first-words.ts'

const RATIO_MAX = 2
const WORDS_MAX = 1_000

const { values } = parseArgs({ options: { json: { type: 'boolean' }, runs: { type: 'string', default: '15' } } })
const first = await measureFirstRequest(Number(values.runs))
const words = countFirstWords(first.body)
const rows = [
  { what: 'first request, times a bare process', measured: Number(first.ratio.toFixed(2)), atMost: RATIO_MAX },
  { what: 'its own words, tokens', measured: words.ownTokens, atMost: WORDS_MAX },
]
const ok = rows.every((row) => row.measured < row.atMost)

if (values.json) {
  const { body, ...times } = first
  console.log(JSON.stringify({ ok, firstRequest: times, firstWords: words }))
} else {
  console.table(rows)
  console.log(
    `bundle ${first.bundleMs.toFixed(0)} ms (${first.coldMs.toFixed(0)} ms where nothing was compiled before), bare ${first.bareMs.toFixed(0)} ms, medians of ${first.runs} runs in turn`,
  )
}
process.exitCode = ok ? 0 : 1
