/**
 * What `purser run` shows while it works: where it is and what that cost, as one line that is painted over on a terminal, and
 * as a line for each turn elsewhere. What else is said meanwhile stands above it.
 */
import type { Turn } from '../../action/run-parts.ts'
import { stripInvisible } from '../../core/inert.ts'
import { formatAtMostUsd, formatUsd } from '../../core/money/money.ts'
import type { Redact } from '../../core/redact.ts'

const REPAINT_MS = 1_000
const CLEAR_LINE = '\r\u001b[2K'

/** The part of a terminal's stream that is used. */
export interface Screen {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

export interface Progress {
  /** Says something above the line. */
  say(text: string): void
  turn(turn: Turn, spentMicroUsd: bigint): void
  /** Takes the line away. */
  end(): void
}

export interface ProgressOptions {
  readonly capMicroUsd: bigint
  readonly redact: Redact
  readonly monotonicMs: () => number
}

export function showProgress(screen: Screen, options: ProgressOptions): Progress {
  return screen.isTTY ? liveLine(screen, options) : plainLines(screen, options)
}

function plainLines(screen: Screen, { capMicroUsd, redact }: ProgressOptions): Progress {
  return {
    say: (text) => void screen.write(text),
    turn: (turn, spentMicroUsd) => {
      screen.write(`  ${formatUsd(spentMicroUsd)} of ${formatAtMostUsd(capMicroUsd)}  ${turnWords(turn, redact)}\n`)
    },
    end: () => {},
  }
}

function liveLine(screen: Screen, { capMicroUsd, redact, monotonicMs }: ProgressOptions): Progress {
  const startMs = monotonicMs()
  let [at, spent] = ['starting', 0n]
  const paint = () => {
    const line = `${elapsed(monotonicMs() - startMs)}  ${formatUsd(spent)} of ${formatAtMostUsd(capMicroUsd)}  ${at}`
    // One column stays free: a full line would be wrapped by the terminal, and only its last row painted over.
    // A terminal of no size says 0.
    screen.write(`${CLEAR_LINE}${line.slice(0, (screen.columns || 80) - 1)}`)
  }
  const timer = setInterval(paint, REPAINT_MS)
  timer.unref()
  return {
    say(text) {
      screen.write(`${CLEAR_LINE}${text}`)
      paint()
    },
    turn(turn, spentMicroUsd) {
      at = turnWords(turn, redact)
      spent = spentMicroUsd
      paint()
    },
    end() {
      clearInterval(timer)
      screen.write(CLEAR_LINE)
    },
  }
}

/** `mend, turn 3: run npm test`, with nothing in it that a terminal would act on. */
function turnWords({ step, number, tools }: Turn, redact: Redact): string {
  const did = tools.length === 0 ? 'answers' : tools.join('; ')
  return redact(stripInvisible(`${step}, turn ${number}: ${did}`).text).replace(/\s+/g, ' ')
}

/** `1:05` */
function elapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
