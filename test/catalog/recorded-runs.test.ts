/**
 * The recorded runs of the built-in workflows, played again: a changed prompt, step, tool or guard is noticed here. Where the
 * change is meant, `npm run record` records them anew.
 */
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readReferenceRuns } from '../../catalog/reference-runs.ts'
import { readRecording } from '../../cli/replay/recorded-run.ts'
import { bubblewrap } from '../action/sandboxed.ts'
import { purser } from '../cli/purser.ts'
import { till } from './play.ts'
import { RUNS } from './recorded/keep.ts'

const names = readdirSync(RUNS).map((file) => file.replace(/\.jsonl$/, ''))

describe('a recorded run', () => {
  it.each(names)('%s is asked for as it was', async (name) => {
    const unconfined = bubblewrap ? [] : ['--no-sandbox']
    const root = till('mended')
    const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}` }
    const { code, stdout, stderr } = await purser(
      ['replay', join(RUNS, `${name}.jsonl`), '--dir', root, ...unconfined],
      { env },
    )
    expect({ code, said: stdout + (code === 0 ? '' : stderr) }).toEqual({
      code: 0,
      said: expect.stringMatching(/^same: /),
    })
  })
})

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
