import { describe, expect, test } from 'vitest'
import {
  type Change,
  changeBy,
  countsInTrial,
  DELIVERY_TRIES_MAX,
  deliveryPauseSeconds,
  isDeliveryDue,
  mayClaimAgain,
  type RunEvent,
  type RunStanding,
} from '../../../core/run/run-life.ts'

const phases = {
  waiting: { state: 'waiting', reason: null, hasReport: false },
  reserved: { state: 'reserved', reason: null, hasReport: false },
  dispatched: { state: 'dispatched', reason: null, hasReport: false },
  claimed: { state: 'claimed', reason: null, hasReport: false },
  lost: { state: 'ended', reason: 'lost', hasReport: false },
  'lost, then reported': { state: 'ended', reason: 'lost', hasReport: true },
  ended: { state: 'ended', reason: null, hasReport: true },
} as const satisfies Record<string, RunStanding>

function said(change: Change): string {
  switch (change.kind) {
    case 'moves':
      return change.to
    case 'ends':
      return `${change.ending.conclusion}/${change.ending.reason}, ${change.posts} posted`
    case 'refuses':
      return `no: ${change.reason}`
    default:
      return change.kind
  }
}

/** In the order of the phases above. */
const table: readonly (readonly [RunEvent, ...string[]])[] = [
  ['reserve', 'reserved', 'stays', 'stays', 'stays', 'stays', 'stays', 'stays'],
  ['dispatch', 'stays', 'dispatched', 'stays', 'stays', 'stays', 'stays', 'stays'],
  [
    'claim',
    'no: confirmation-needed',
    'claimed',
    'claimed',
    'no: already-claimed',
    'no: run-over',
    'no: run-over',
    'no: run-over',
  ],
  [
    'report',
    'no: run-unknown',
    'no: run-unknown',
    'no: run-unknown',
    'settles',
    'refunds',
    'no: run-over',
    'no: run-over',
  ],
  ['vanish', 'stays', 'stays', 'stays', 'failed/lost, drawn posted', 'stays', 'stays', 'stays'],
  ...(['dispatch-failed', 'never-started'] as const).map((event): readonly [RunEvent, ...string[]] => {
    const ends = `refused/${event}, nothing posted`
    return [event, ends, ends, ends, 'stays', 'stays', 'stays', 'stays']
  }),
  [
    'stop',
    'refused/cancelled, nothing posted',
    'refused/cancelled, nothing posted',
    'refused/cancelled, nothing posted',
    'is-told',
    'stays',
    'stays',
    'stays',
  ],
  [
    'pause',
    'stays',
    'refused/paused, nothing posted',
    'refused/paused, nothing posted',
    'is-told',
    'stays',
    'stays',
    'stays',
  ],
]

test.each(table.map(([event, ...changes]) => ({ event, changes })))('$event', ({ event, changes }) => {
  const found = Object.values(phases).map((run) => said(changeBy(event, run)))
  expect(found).toEqual(changes)
})

test('only what is held can be claimed again, and only what has ended reported again', () => {
  expect(said(changeBy('claim-again', phases.claimed))).toBe('claimed')
  expect(said(changeBy('claim-again', phases.ended))).toBe('no: run-over')
  expect(said(changeBy('report-again', phases.ended))).toBe('stays')
})

describe('a claim is repeated', () => {
  const claimed = { jobKey: '7:1:9:one', heardAt: null }
  test.each([
    ['by the same step', claimed, '7:1:9:one', true],
    ['by another step of the job', claimed, '7:1:9:two', false],
    ['by the next attempt', claimed, '7:2:9:one', false],
    ['after a heartbeat', { ...claimed, heardAt: new Date() }, '7:1:9:one', false],
  ])('%s: %#', (_how, run, jobKey, may) => {
    expect(mayClaimAgain(run, jobKey)).toBe(may)
  })
})

describe('the work of a run', () => {
  const reported = { ...phases.ended, deliveredAt: null }
  test.each([
    ['that reported is due', reported, true],
    ['that was given up is never due, whatever it reports later', { ...reported, reason: 'lost' }, false],
    ['that has not reported is not there', { ...reported, hasReport: false }, false],
    ['that was delivered is not due again', { ...reported, deliveredAt: new Date() }, false],
    ['that works is not due', { ...reported, state: 'claimed' } as const, false],
  ])('%s', (_what, run, due) => {
    expect(isDeliveryDue(run)).toBe(due)
  })

  test('is tried again at once, then ever later, and for a day in all', () => {
    const pauses = Array.from({ length: DELIVERY_TRIES_MAX - 1 }, (_, index) => deliveryPauseSeconds(index + 1))
    expect(pauses.slice(0, 5)).toEqual([0, 1, 3, 7, 15])
    expect(Math.max(...pauses)).toBe(3600)
    const hours = pauses.reduce((sum, seconds) => sum + seconds, 0) / 3600
    expect(hours).toBeGreaterThan(22)
    expect(hours).toBeLessThan(25)
  })
})

test.each([
  ['ended', 'completed', null, true],
  ['ended', 'cancelled', 'cancelled', true],
  ['ended', 'cancelled', 'paused', false],
  ['ended', 'refused', 'paused', false],
  ['ended', 'refused', 'never-started', false],
  ['claimed', null, null, false],
] as const)('a run that is %s and %s (%s) counts in its trial: %s', (state, conclusion, reason, counts) => {
  expect(countsInTrial({ state, conclusion, reason })).toBe(counts)
})
