import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auditLedger } from '../../app/ledger/audit.ts'
import { portfolioCounts } from '../../app/ledger/portfolio-day.ts'
import { measureSpans } from '../../app/ledger/span.ts'
import type { Period } from '../../core/money/calendar.ts'
import type { SpanMeasure } from '../../core/outcome/value-measure.ts'
import { OWNER, PORTFOLIOS, REPO, type Stage, setStage, workOn } from './stage.ts'

const HOUR_MS = 3_600_000
const MONTH: Period = { start: new Date('2026-11-01T00:00:00Z'), end: new Date('2026-12-01T00:00:00Z') }

let stage: Stage
let now = new Date('2026-11-10T08:00:00Z')

beforeAll(async () => {
  stage = await setStage({
    app: { clock: () => now },
    portfolios: PORTFOLIOS.replace(
      'values:',
      'values:\n  reliability: { measure: incident-open-hours, label: incident }',
    ),
  })
})
afterAll(async () => {
  await stage.close()
})

const repositoryId = () => BigInt(stage.github.repository.id)
const later = (hours: number) => {
  now = new Date(now.getTime() + hours * HOUR_MS)
}
const measured = (measure: SpanMeasure, scope: string, period = MONTH) =>
  measureSpans(stage.app.database.prisma, { repositoryId: repositoryId(), measure, scopes: [scope] }, period)
const counted = async (period = MONTH) => {
  const key = { repositoryId: repositoryId(), names: ['refactoring'] }
  return (await portfolioCounts(stage.app.database.prisma, key, period)).get('refactor+tests')
}
const audited = async () => (await auditLedger(stage.app.database.connectionString)).findings

async function delivered() {
  const pull = await stage.openPull()
  await stage.say('dev', pull.number, '/agent refactor+tests')
  const runner = await stage.runnerOf(await stage.runOn(pull.number))
  await runner.finish({ spentMicroUsd: 500_000n, delivery: workOn(pull.head, `src/${pull.branch}.js`, '1\n') })
  return pull
}

/** GitHub's stand-in has a clock of its own, which the App's does not turn: what it says of a moment is moved to ours. */
async function moved(measure: SpanMeasure, subjectKey: string, endedAt: Date) {
  await stage.app.database.prisma.span.updateMany({ where: { measure, subjectKey }, data: { endedAt } })
}

describe('what portfolios came to', () => {
  test('is counted by day as outcomes come and change, and the audit recomputes it', async () => {
    expect(await counted()).toBeUndefined()
    const pull = await delivered()
    expect(await counted()).toMatchObject({
      completed: 1,
      pending: 1,
      pendingSpendMicroUsd: 500_000n,
      spendMicroUsd: 0n,
    })
    later(6)
    await stage.github.person('mira').merge(pull.number)
    await stage.settled()
    expect(await counted()).toMatchObject({ completed: 1, pending: 0, accepted: 1, redone: 0, spendMicroUsd: 500_000n })
    await stage.github.person('mira').revert(pull.number)
    await stage.settled()
    expect(await counted()).toMatchObject({ accepted: 0, rejected: 1, redone: 1 })
    // To the millisecond, also within a day.
    const run = await stage.runOn(pull.number)
    const end = new Date((run.endedAt ?? now).getTime() + 1)
    expect(await counted({ start: MONTH.start, end })).toMatchObject({ completed: 1 })
    expect(await counted({ start: end, end: MONTH.end })).toBeUndefined()
    expect(await counted({ start: new Date(end.getTime() - 2), end })).toMatchObject({ completed: 1 })

    expect(await audited()).toEqual([])
    await stage.app.database.prisma.portfolioDay.updateMany({ data: { accepted: 7, redone: 0 } })
    expect(await audited()).toEqual([
      {
        account: undefined,
        problem: 'changed',
        rows: [
          {
            table: 'portfolio_day',
            id: `${OWNER}/${REPO}, refactoring, refactor+tests, 2026-11-10`,
          },
        ],
        differences: [
          { column: 'accepted', is: '7', expected: '0' },
          { column: 'redone', is: '0', expected: '1' },
        ],
      },
    ])
    await stage.app.database.prisma.portfolioDay.updateMany({ data: { accepted: 0, redone: 1 } })
  })
})

describe('values are measured', () => {
  test('from the first run to the first review, the merge, and a revert', async () => {
    const before = await measured('first-run-to-merge', 'refactoring')
    const pull = await delivered()
    const subjectKey = `pull-request:${pull.number}`
    const { createdAt } = await stage.runOn(pull.number)
    await stage.octokit.pulls.createReview({ owner: OWNER, repo: REPO, pull_number: pull.number, event: 'APPROVE' })
    await stage.github.person('mira').merge(pull.number)
    await stage.settled()
    const ends = async (measure: SpanMeasure) =>
      stage.app.database.prisma.span.findFirst({ where: { measure, subjectKey, scope: 'refactoring' } })
    expect(await ends('first-run-to-merge')).toMatchObject({ startedAt: createdAt, endedAt: expect.any(Date) })
    expect(await ends('first-run-to-review')).toMatchObject({ startedAt: createdAt, endedAt: expect.any(Date) })

    await moved('first-run-to-merge', subjectKey, new Date(createdAt.getTime() + 10 * HOUR_MS))
    const after = await measured('first-run-to-merge', 'refactoring')
    expect(after).toMatchObject({ count: Number('count' in before && before.count) + 1, open: 0 })

    later(30)
    await stage.github.person('mira').revert(pull.number)
    await stage.settled()
    expect((await ends('merge-to-revert'))?.endedAt).toEqual(now)
  })

  test('hours that issues with the declared label are open, whether or not a run touched them', async () => {
    const mira = stage.github.person('mira')
    const dev = stage.github.person('dev')
    const number = await dev.openIssue('Checkout is down')
    const other = await dev.openIssue('A question')
    await stage.settled()
    expect(await measured('incident-open-hours', 'incident')).toMatchObject({ count: 0, open: 0 })
    await mira.label(number, 'incident')
    await mira.label(other, 'incident')
    await stage.settled()
    const ahead: Period = { start: MONTH.start, end: new Date(Date.now() + 24 * HOUR_MS) }
    expect(await measured('incident-open-hours', 'incident', ahead)).toMatchObject({ count: 0, open: 2 })
    await mira.unlabel(other, 'incident')
    await stage.octokit.issues.update({ owner: OWNER, repo: REPO, issue_number: number, state: 'closed' })
    await stage.settled()
    const closed = await stage.app.database.prisma.span.findFirstOrThrow({ where: { scope: 'incident' } })
    await moved('incident-open-hours', `issue:${number}`, new Date(closed.startedAt.getTime() + 3 * HOUR_MS))
    expect(await measured('incident-open-hours', 'incident', ahead)).toEqual({
      kind: 'span',
      count: 1,
      totalHours: 3,
      quartileHours: [3, 3, 3],
      open: 0,
    })
    await stage.octokit.issues.update({ owner: OWNER, repo: REPO, issue_number: number, state: 'open' })
    await stage.settled()
    expect(await measured('incident-open-hours', 'incident', ahead)).toMatchObject({ count: 0, open: 1 })
  })
})
