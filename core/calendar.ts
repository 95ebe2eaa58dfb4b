/** When budgets begin and end, in the time zone that the repository declares. */

/** A stretch of time: `start` belongs to it, `end` no longer. */
export interface Period {
  readonly start: Date
  readonly end: Date
}

/** The calendar week (from Monday) or month that `now` lies in, from midnight to midnight in `timeZone`. */
export function periodOf(per: 'week' | 'month', now: Date, timeZone: string): Period {
  throw new Error('not written yet')
}

/** The sprint that `now` lies in: stretches of `days` counted from the day `from` (`2026-11-02`), backwards too. */
export function sprintOf(
  sprint: { readonly days: number; readonly from: string },
  now: Date,
  timeZone: string,
): Period {
  throw new Error('not written yet')
}

/** The calendar day of `now` in `timeZone`: `2026-11-20`. */
export function dayOf(now: Date, timeZone: string): string {
  throw new Error('not written yet')
}
