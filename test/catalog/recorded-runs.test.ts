/** What quotes say of built-in workflows that nobody has run yet. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readReferenceRuns } from '../../catalog/reference-runs.ts'
import { readRecording } from '../../cli/replay/recorded-run.ts'
import { RUNS } from './recorded/keep.ts'

const names = readdirSync(RUNS).map((file) => file.replace(/\.jsonl$/, ''))

describe('the reference runs of quotes', () => {
  it('are those recorded runs, call for call', () => {
    const figures = readReferenceRuns()
    const recorded = names.map((name) => {
      const run = readRecording(join(RUNS, `${name}.jsonl`))
      if ('problem' in run) throw new Error(run.problem)
      const sum = (tokens: 'inputTokens' | 'outputTokens') =>
        run.calls.reduce((total, { usage }) => total + (usage?.[tokens] ?? 0), 0)
      const used = { modelCalls: run.calls.length, inputTokens: sum('inputTokens'), outputTokens: sum('outputTokens') }
      return [name.replace('.', '/'), used]
    })
    expect(figures).toEqual(Object.fromEntries(recorded))
  })
})
