import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayOf, periodOf, sprintOf } from '../../../core/money/calendar.ts'

type Row = readonly [per: 'week' | 'month', timeZone: string, now: string, start: string, end: string]

const periods: readonly Row[] = [
  ['month', 'UTC', '2026-11-20T12:00:00Z', '2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'],
  ['month', 'UTC', '2026-11-01T00:00:00Z', '2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'],
  ['month', 'UTC', '2026-10-31T23:59:59.999Z', '2026-10-01T00:00:00Z', '2026-11-01T00:00:00Z'],
  ['month', 'UTC', '2026-12-31T23:59:59Z', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  ['month', 'UTC', '2028-02-29T12:00:00Z', '2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z'],
  // Berlin puts its clocks forward on 29 March and back on 25 October 2026.
  ['month', 'Europe/Berlin', '2026-03-31T22:30:00Z', '2026-03-31T22:00:00Z', '2026-04-30T22:00:00Z'],
  ['month', 'Europe/Berlin', '2026-03-01T00:00:00Z', '2026-02-28T23:00:00Z', '2026-03-31T22:00:00Z'],
  ['month', 'Europe/Berlin', '2026-10-15T00:00:00Z', '2026-09-30T22:00:00Z', '2026-10-31T23:00:00Z'],
  ['week', 'UTC', '2026-11-20T12:00:00Z', '2026-11-16T00:00:00Z', '2026-11-23T00:00:00Z'],
  ['week', 'UTC', '2026-11-16T00:00:00Z', '2026-11-16T00:00:00Z', '2026-11-23T00:00:00Z'],
  ['week', 'UTC', '2026-11-22T23:59:59Z', '2026-11-16T00:00:00Z', '2026-11-23T00:00:00Z'],
  ['week', 'UTC', '2027-01-01T12:00:00Z', '2026-12-28T00:00:00Z', '2027-01-04T00:00:00Z'],
  ['week', 'Europe/Berlin', '2026-03-29T12:00:00Z', '2026-03-22T23:00:00Z', '2026-03-29T22:00:00Z'],
  ['week', 'Europe/Berlin', '2026-10-25T12:00:00Z', '2026-10-18T22:00:00Z', '2026-10-25T23:00:00Z'],
  ['week', 'America/New_York', '2026-11-02T04:30:00Z', '2026-10-26T04:00:00Z', '2026-11-02T05:00:00Z'],
  ['week', 'Asia/Kathmandu', '2026-11-22T18:14:59Z', '2026-11-15T18:15:00Z', '2026-11-22T18:15:00Z'],
]

describe('periodOf', () => {
  it.each(periods)('a %s in %s at %s', (per, timeZone, now, start, end) => {
    expect(periodOf(per, new Date(now), timeZone)).toEqual({ start: new Date(start), end: new Date(end) })
  })

  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Africa/Cairo', 'Australia/Lord_Howe', 'America/Havana']
  it('leaves no moment out and counts none twice', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('week' as const, 'month' as const),
        fc.constantFrom(...zones),
        fc.date({ min: new Date('2000-01-01'), max: new Date('2040-01-01'), noInvalidDate: true }),
        (per, timeZone, now) => {
          const { start, end } = periodOf(per, now, timeZone)
          expect(start <= now && now < end).toBe(true)
          expect(periodOf(per, end, timeZone).start).toEqual(end)
          expect(periodOf(per, new Date(start.getTime() - 1), timeZone).end).toEqual(start)
        },
      ),
    )
  })
})

type SprintRow = readonly [days: number, from: string, timeZone: string, now: string, start: string, end: string]

const sprints: readonly SprintRow[] = [
  [14, '2026-11-02', 'UTC', '2026-11-20T12:00:00Z', '2026-11-16T00:00:00Z', '2026-11-30T00:00:00Z'],
  [14, '2026-11-02', 'UTC', '2026-11-02T00:00:00Z', '2026-11-02T00:00:00Z', '2026-11-16T00:00:00Z'],
  [14, '2026-11-02', 'UTC', '2026-11-15T23:59:59Z', '2026-11-02T00:00:00Z', '2026-11-16T00:00:00Z'],
  [14, '2026-11-02', 'UTC', '2026-11-01T23:59:59Z', '2026-10-19T00:00:00Z', '2026-11-02T00:00:00Z'],
  [14, '2026-11-02', 'UTC', '2026-10-18T12:00:00Z', '2026-10-05T00:00:00Z', '2026-10-19T00:00:00Z'],
  [1, '2026-11-02', 'UTC', '2026-11-20T12:00:00Z', '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z'],
  [14, '2026-10-19', 'Europe/Berlin', '2026-10-25T12:00:00Z', '2026-10-18T22:00:00Z', '2026-11-01T23:00:00Z'],
  [7, '2026-03-23', 'Europe/Berlin', '2026-03-29T21:59:59Z', '2026-03-22T23:00:00Z', '2026-03-29T22:00:00Z'],
]

describe('sprintOf', () => {
  it.each(sprints)('%i days from %s in %s at %s', (days, from, timeZone, now, start, end) => {
    const sprint = sprintOf({ days, from }, new Date(now), timeZone)
    expect(sprint).toEqual({ start: new Date(start), end: new Date(end) })
  })
})

describe('days whose midnight is not where one would look', () => {
  it.each([
    // Put forward at midnight: the day begins at one o'clock.
    ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00:00Z', '2026-04-24T21:00:00Z'],
    // Put back across midnight: only the second midnight is followed by the new day.
    ['America/Sao_Paulo', '2019-02-17', '2019-02-17T03:00:00Z', '2019-02-18T03:00:00Z'],
    // Put back to midnight: the day begins at the first of its two midnights.
    ['America/Havana', '2026-11-01', '2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z'],
  ])('%s on %s', (timeZone, from, start, end) => {
    const noon = new Date(`${from}T16:00:00Z`)
    expect(sprintOf({ days: 1, from }, noon, timeZone)).toEqual({ start: new Date(start), end: new Date(end) })
  })
})

describe('dayOf', () => {
  it.each([
    ['UTC', '2026-11-20T23:59:59Z', '2026-11-20'],
    ['Europe/Berlin', '2026-11-20T23:00:00Z', '2026-11-21'],
    ['America/New_York', '2026-11-20T04:59:59Z', '2026-11-19'],
    ['Pacific/Kiritimati', '2026-11-20T10:00:00Z', '2026-11-21'],
  ])('in %s at %s', (timeZone, now, day) => {
    expect(dayOf(new Date(now), timeZone)).toBe(day)
  })
})
