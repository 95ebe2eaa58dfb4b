import { describe, expect, it } from 'vitest'
import { showProgress } from '../../../cli/run/progress.ts'

const turn = { step: 'mend', number: 3, text: '', tools: ['run npm test', 'edit \u001b[31msum.js\nmore'] }

function shown(isTTY: boolean, columns?: number) {
  let written = ''
  let nowMs = 0
  const write = (text: string) => {
    written += text
  }
  const screen = { isTTY, columns, write }
  const redact = (text: string) => text.replaceAll('sum.js', '***')
  const progress = showProgress(screen, { capMicroUsd: 2_500_000n, redact, monotonicMs: () => nowMs })
  nowMs = 65_000
  progress.turn(turn, 120_000n)
  progress.say('Step tests\n')
  progress.end()
  return written
}

describe('the progress of a run', () => {
  it('is a line for each turn where nobody repaints, with nothing in it that a terminal acts on and no secret', () => {
    expect(shown(false)).toBe('  $0.12 of $2.50  mend, turn 3: run npm test; edit [31m*** more\nStep tests\n')
  })

  it('is one line on a terminal, below what is said, gone at the end', () => {
    const line = '1:05  $0.12 of $2.50  mend, turn 3: run npm test; edit [31m*** more'
    const clear = '\r\u001b[2K'
    expect(shown(true)).toBe(`${clear}${line}${clear}Step tests\n${clear}${line}${clear}`)
  })

  it('never fills the line, so that the terminal does not wrap it', () => {
    const [, painted = ''] = shown(true, 20).split('\r\u001b[2K')
    expect(painted).toHaveLength(19)
    expect(shown(true, 0)).toBe(shown(true))
  })
})
