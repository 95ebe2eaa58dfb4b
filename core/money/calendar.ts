/** When budgets begin and end, in the time zone that the repository declares. */

/** A stretch of time: `start` belongs to it, `end` no longer. */
export interface Period {
  readonly start: Date
  readonly end: Date
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** The calendar week (from Monday) or month that `now` lies in, from midnight to midnight in `timeZone`. */
export function periodOf(per: 'week' | 'month', now: Date, timeZone: string): Period {
  const today = dayOf(now, timeZone)
  if (per === 'week') {
    const sinceMonday = (midnightUtc(today).getUTCDay() + 6) % 7
    return days(addDays(today, -sinceMonday), 7, timeZone)
  }
  const first = midnightUtc(`${today.slice(0, 7)}-01`)
  const next = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 1))
  return days(isoDay(first), (next.getTime() - first.getTime()) / DAY_MS, timeZone)
}

/** The sprint that `now` lies in: stretches of `days` counted from the day `from` (`2026-11-02`), backwards too. */
export function sprintOf(
  sprint: { readonly days: number; readonly from: string },
  now: Date,
  timeZone: string,
): Period {
  const since = (midnightUtc(dayOf(now, timeZone)).getTime() - midnightUtc(sprint.from).getTime()) / DAY_MS
  const start = addDays(sprint.from, Math.floor(since / sprint.days) * sprint.days)
  return days(start, sprint.days, timeZone)
}

/** From the beginning of the calendar's count to the end of the day `last`: what has no beginning of its own. */
export function periodUntil(last: string, timeZone: string): Period {
  return { start: new Date(0), end: startOfDay(addDays(last, 1), timeZone) }
}

/** The calendar day of `now` in `timeZone`: `2026-11-20`. */
export function dayOf(now: Date, timeZone: string): string {
  return isoDay(wallClock(now, timeZone))
}

function days(from: string, count: number, timeZone: string): Period {
  return { start: startOfDay(from, timeZone), end: startOfDay(addDays(from, count), timeZone) }
}

/**
 * The first moment of a day. Clocks may be put forward at midnight, so that the day begins at one, or back across it:
 * of the two moments that the offsets of the days around it suggest, the first that lies in the day is meant.
 */
function startOfDay(day: string, timeZone: string): Date {
  const midnight = midnightUtc(day).getTime()
  const offsets = [midnight - DAY_MS, midnight + DAY_MS].map((moment) => offsetMs(new Date(moment), timeZone))
  const candidates = offsets.map((offset) => new Date(midnight - offset)).sort((a, b) => a.getTime() - b.getTime())
  const [earlier = new Date(midnight), later = earlier] = candidates
  return dayOf(earlier, timeZone) >= day ? earlier : later
}

function offsetMs(moment: Date, timeZone: string): number {
  return wallClock(moment, timeZone).getTime() - Math.floor(moment.getTime() / 1000) * 1000
}

/** What a clock on the wall shows, as if it hung in UTC; to the second. */
function wallClock(moment: Date, timeZone: string): Date {
  const parts = formatIn(timeZone).formatToParts(moment)
  const read = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value)
  return new Date(Date.UTC(read('year'), read('month') - 1, read('day'), read('hour'), read('minute'), read('second')))
}

/** Made once for each time zone: that takes a hundred times as long as asking it. */
const formats = new Map<string, Intl.DateTimeFormat>()

function formatIn(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'iso8601',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formats.set(timeZone, format)
  return format
}

function midnightUtc(day: string): Date {
  return new Date(`${day}T00:00:00Z`)
}

function isoDay(date: Date): string {
  return date.toISOString().slice(0, 10)
}

function addDays(day: string, count: number): string {
  return isoDay(new Date(midnightUtc(day).getTime() + count * DAY_MS))
}
