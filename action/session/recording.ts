/**
 * The run's log on disk: each event as a line of JSON, redacted, written when it happens and read back in batches on its way
 * to the App, so that a batch that was lost costs no memory. A disk that takes no more ends the log and not the run.
 */
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Redact } from '../../core/redact.ts'
import {
  EVENT_BYTES_MAX,
  EVENT_TEXT_CHARACTERS_MAX,
  EVENTS_BATCH_BYTES_MAX,
  EVENTS_BATCH_MAX,
  EVENTS_MAX,
} from '../../core/session/event-bounds.ts'
import type { SessionEvent } from '../../core/session/session-event.ts'
import type { Log } from '../job/log.ts'
import { writeWhole } from '../write-whole.ts'

export const EVENTS = 'events.jsonl'
/** Of the whole log; what comes beyond is left out, but for the end. */
const RECORDING_BYTES_MAX = 64_000_000
/** Of each text of an event that would be too large as a whole. */
const SHORTENED_CHARACTERS_MAX = 10_000

type Unstamped<Event> = Event extends SessionEvent ? Omit<Event, 'sequence' | 'atMs' | 'cut'> : never
/** An event before it has its number and its time. */
export type Recorded = Unstamped<SessionEvent>

export interface Recording {
  record(event: Recorded): void
  readonly count: number
  /** The lines from event number `from` on, as many as a batch may have. */
  batch(from: number): string[]
  close(): void
}

export function eventsPath(dir: string): string {
  return join(dir, EVENTS)
}

export function openRecording(path: string, redact: Redact, monotonicMs: () => number, log: Log): Recording {
  const file = openSync(path, 'w+', 0o600)
  const startMs = monotonicMs()
  /** Where each event's line begins; the last entry is the end of the file. */
  const offsets = [0]
  let isOpen = true
  let isIncomplete = false

  const append = (line: string) => {
    try {
      const end = (offsets.at(-1) ?? 0) + writeWhole(file, Buffer.from(`${line}\n`))
      offsets.push(end)
    } catch (error) {
      isOpen = false
      log.warning(`The run’s log can’t be written any more: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  return {
    get count() {
      return offsets.length - 1
    },
    record(event) {
      if (!isOpen) return
      const isFull = offsets.length >= EVENTS_MAX || (offsets.at(-1) ?? 0) >= RECORDING_BYTES_MAX
      if (isFull && event.kind !== 'ended') {
        isIncomplete = true
        return
      }
      const stamped = { sequence: offsets.length - 1, atMs: Math.round(monotonicMs() - startMs), ...event }
      append(encodeEvent(isIncomplete ? { ...stamped, cut: true } : stamped, redact))
    },
    batch(from) {
      const lines: string[] = []
      const start = offsets[from] ?? 0
      for (let at = from; at + 1 < offsets.length && lines.length < EVENTS_BATCH_MAX; at += 1) {
        const [begin = 0, end = 0] = [offsets[at], offsets[at + 1]]
        if (lines.length > 0 && end - start > EVENTS_BATCH_BYTES_MAX) break
        lines.push(readPart(file, begin, end - 1))
      }
      return lines
    },
    close() {
      isOpen = false
      closeSync(file)
    },
  }
}

/** The log of a process that is no more, as far as its lines are whole. */
export function readRecorded(path: string): Pick<Recording, 'count' | 'batch'> {
  const whole = existsSync(path)
    ? readFileSync(path, 'utf8').slice(0, RECORDING_BYTES_MAX).split('\n').slice(0, -1)
    : []
  return {
    count: whole.length,
    batch(from) {
      const lines: string[] = []
      let bytes = 0
      for (const line of whole.slice(from, from + EVENTS_BATCH_MAX)) {
        bytes += Buffer.byteLength(line)
        if (lines.length > 0 && bytes > EVENTS_BATCH_BYTES_MAX) break
        lines.push(line)
      }
      return lines
    },
  }
}

/** As JSON within its bounds; an event of which something had to be cut says so. */
function encodeEvent(event: object, redact: Redact): string {
  const whole = encodeBounded(event, redact, EVENT_TEXT_CHARACTERS_MAX)
  return Buffer.byteLength(whole) <= EVENT_BYTES_MAX ? whole : encodeBounded(event, redact, SHORTENED_CHARACTERS_MAX)
}

function encodeBounded(event: object, redact: Redact, charactersMax: number): string {
  let cut = false
  const bounded = (_: string, value: unknown) => {
    if (typeof value === 'bigint') return value.toString()
    if (typeof value !== 'string') return value
    const clean = redact(value)
    if (clean.length <= charactersMax) return clean
    cut = true
    return clean.slice(0, charactersMax)
  }
  const json = JSON.stringify(event, bounded)
  return cut ? JSON.stringify({ ...JSON.parse(json), cut: true }) : json
}

function readPart(file: number, begin: number, end: number): string {
  const bytes = Buffer.alloc(end - begin)
  readSync(file, bytes, 0, bytes.length, begin)
  return bytes.toString('utf8')
}
