/** What a reader of the job's log sees. Everything goes through the redactor; foreign text can give no commands. */
import { randomBytes } from 'node:crypto'
import { stripInvisible } from '../../core/inert.ts'
import type { Redact } from '../../core/redact.ts'

/** Of one piece of foreign text. */
const FOREIGN_CHARACTERS_MAX = 20_000

export interface Log {
  /** A line of our own. */
  line(text: string): void
  /** Text that commands, models or repositories wrote. */
  foreign(text: string): void
  warning(text: string): void
  error(text: string): void
}

/**
 * For Actions. Between `::stop-commands::<token>` and `::<token>::` the runner takes no commands; the token is new for
 * each piece, so nothing that is printed can know it.
 */
export function actionsLog(redact: Redact, write: (text: string) => void): Log {
  const say = (text: string) => write(`${redact(text)}\n`)
  const shownOf = (text: string) => redact(stripInvisible(text).text).slice(0, FOREIGN_CHARACTERS_MAX)
  const guarded = (text: string) => {
    const token = `purser-${randomBytes(16).toString('hex')}`
    say(`::stop-commands::${token}`)
    say(text)
    say(`::${token}::`)
  }
  return {
    line: (text) => (startsCommand(text) ? guarded(text) : say(text)),
    foreign: (text) => guarded(shownOf(text)),
    warning: (text) => say(`::warning title=Purser::${escapeCommand(text)}`),
    error: (text) => say(`::error title=Purser::${escapeCommand(text)}`),
  }
}

/** For a terminal: control sequences that would repaint it are taken out. */
export function terminalLog(redact: Redact, write: (text: string) => void): Log {
  const say = (text: string) => write(`${redact(text)}\n`)
  const shownOf = (text: string) => redact(stripInvisible(text).text).slice(0, FOREIGN_CHARACTERS_MAX)
  return {
    line: say,
    foreign: (text) => say(shownOf(text)),
    warning: (text) => say(`warning: ${text}`),
    error: (text) => say(`error: ${text}`),
  }
}

/** The runner looks for commands at the start of every line, and for the old form anywhere in one. */
function startsCommand(text: string): boolean {
  return /^\s*::/m.test(text) || text.includes('##[')
}

function escapeCommand(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}
