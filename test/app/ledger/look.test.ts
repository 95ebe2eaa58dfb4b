/** The App looks at running counts; anybody else counts records. Whatever happens, both see the same. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { lookAt } from '../../../app/ledger/look.ts'
import { readRecords, trialRecords } from '../../../app/ledger/records.ts'
import { tally } from '../../../app/ledger/tally.ts'
import { recordOutcome } from '../../../app/ledger/trial.ts'
import { promotionSchema } from '../../../core/config/promotion.ts'
import { decideFamily } from '../../../core/promotion/evidence.ts'
import { decideTrial } from '../../../core/promotion/promotion.ts'
import type { Outcome } from '../../../core/run/run.ts'
import type { RunRecord } from '../../../core/run/run-record.ts'
import { onOneDatabase } from '../database/each-database.ts'
import { type EndedRun, newEndedRuns } from './ended-runs.ts'

const FAMILY = 'refactor+tests'
const VARIANTS = ['tests-first', 'small-steps'] as const
/** In the middle of a day, so that windows begin in the middle of one. */
const NOW_MS = Date.parse('2026-11-20T15:00:00Z')
const HOUR_MS = 3_600_000
const DAYS = 3

const rules = promotionSchema.parse({
  window: { days: DAYS },
  promote: { runs: 2, subjects: 2, accepted: '50%', 'spend-per-accepted': '2x', unknown: '50%', reverted: '50%' },
  sunset: { runs: 2, 'accepted-below': '40%' },
})

/** Ends around the window, on the edges of it and of days, and often at the same moment as others. */
const endedMs = fc.oneof(
  fc.integer({ min: -5 * 24, max: 1 }).map((hours) => NOW_MS + hours * HOUR_MS),
  fc.integer({ min: -1, max: 1 }).map((ms) => NOW_MS - DAYS * 24 * HOUR_MS + ms),
  fc.integer({ min: -1, max: 1 }).map((ms) => Date.parse('2026-11-19T00:00:00Z') + ms),
)
const anyRun = fc.record({
  variant: fc.constantFrom(null, VARIANTS[0], VARIANTS[0], VARIANTS[1]),
  subjectKey: fc.constantFrom('pull-request:1', 'pull-request:2', 'push:main'),
  endedMs,
  spentMicroUsd: fc.bigInt({ min: 0n, max: 5n }),
})
const anyOutcome = fc.constantFrom<Outcome>('accepted', 'reworked', 'rejected', 'unknown', 'pending')
/** What becomes of the most at first, by side: else hardly any history would be decided. */
const anyMood = fc.record({
  variant: fc.constantFrom<Outcome>('accepted', 'accepted', 'rejected', 'reworked'),
  baseline: fc.constantFrom<Outcome>('accepted', 'accepted', 'rejected'),
})
const anyChange = fc.record({
  run: fc.nat(),
  outcome: anyOutcome,
  reverted: fc.boolean(),
  /** Time goes on between changes, and runs leave the window. */
  hours: fc.constantFrom(0, 0, 0, 1, 9),
})

const anyHistory = fc.record({
  mood: anyMood,
  /** When a side was declared anew. */
  since: fc.option(fc.record({ side: fc.constantFrom(null, VARIANTS[0]), atMs: endedMs }), { freq: 2 }),
  given: fc.array(anyRun, { minLength: 8, maxLength: 24 }),
  changes: fc.array(anyChange, { minLength: 1, maxLength: 15 }),
})
type History = typeof anyHistory extends fc.Arbitrary<infer T> ? T : never

onOneDatabase('a look at a trial', (database) => {
  let made = 0

  it('says what the records say, however late outcomes change', { timeout: 180_000 }, async () => {
    let decidedBy = 0
    const property = async ({ mood, since, given, changes }: History) => {
      const { prisma, connectionString } = database()
      const runs = given.map(({ endedMs, ...run }): EndedRun => {
        made += 1
        // Ids whose order by bytes is not that of a language.
        return { ...run, id: `${made % 2 === 0 ? 'a' : 'B'}-${made}-${process.pid}`, endedAt: new Date(endedMs) }
      })
      const { repositoryId } = await newEndedRuns(prisma, FAMILY, runs)
      const changed = since === null ? [] : since.side === null ? VARIANTS : [since.side]
      const began = new Map(changed.map((variant) => [variant, new Date(since?.atMs ?? 0)]))
      if (since !== null) {
        const row = { repositoryId, family: FAMILY, variant: since.side ?? '', since: new Date(since.atMs) }
        await prisma.trial.create({ data: row })
      }
      for (const { id, variant } of runs) {
        const outcome = mood[variant === null ? 'baseline' : 'variant']
        await recordOutcome(prisma, id, () => ({ outcome, rule: 'at first', reverted: false }), new Date(NOW_MS))
      }
      let nowMs = NOW_MS
      for (const { run: index, outcome, reverted, hours } of changes) {
        nowMs += hours * HOUR_MS
        const now = new Date(nowMs)
        const run = runs[index % runs.length]
        if (run === undefined) throw new Error('no run')
        await recordOutcome(prisma, run.id, () => ({ outcome, rule: outcome, reverted }), now)

        const records: RunRecord[] = []
        await readRecords(connectionString, { repositoryId, family: FAMILY }, (record) => {
          records.push(record)
        })
        const evidence = decideFamily(FAMILY, records, rules, now, began)
        for (const variant of VARIANTS) {
          const trial = { repositoryId, family: FAMILY, variant }
          const { checkpoints } = await lookAt(prisma, trial, rules, now)
          const recomputed = evidence.variants.find((one) => one.variant === variant)
          const last = (recomputed?.checkpoints ?? []).slice(-2)
          const expected = last.map(({ settled, at, measures, allHold, sunsetHolds }) => ({
            settled,
            at,
            measures,
            allHold,
            sunsetHolds,
          }))
          expect(checkpoints).toEqual(expected)
          const { decision } = decideTrial(checkpoints)
          if (recomputed) expect(decision).toBe(recomputed.decision)
          if (checkpoints.length === 2) decidedBy += 1
          const stored = await prisma.checkpoint.findMany({ where: trial, orderBy: { settled: 'asc' } })
          expect(stored).toMatchObject(expected.map(({ measures, ...look }) => look))
          if (recomputed)
            expect(await tally(prisma, trial, { from: recomputed.from, to: now })).toEqual(recomputed.now.variant)
        }
      }
    }
    // The seed is fixed so that enough is decided: dull histories would prove nothing.
    await fc.assert(fc.asyncProperty(anyHistory, property), { numRuns: 6, seed: 20_261_120 })
    expect(decidedBy).toBeGreaterThan(10)
  })

  it('says of an organisation’s trial what the records of all who declare the same say', {
    timeout: 180_000,
  }, async () => {
    const variant = VARIANTS[0]
    const anyRepository = fc.record({
      /** Whether each side is declared as in the repository with the layer. */
      own: fc.constantFrom('same', 'same', 'same', 'another'),
      standard: fc.constantFrom('same', 'same', 'same', 'another'),
      since: fc.option(endedMs, { freq: 1 }),
      given: fc.array(fc.tuple(anyRun, fc.constantFrom<Outcome>('accepted', 'accepted', 'accepted', 'rejected')), {
        minLength: 3,
        maxLength: 10,
      }),
    })
    let decidedBy = 0
    let apart = 0
    const property = async (
      repositories: readonly (typeof anyRepository extends fc.Arbitrary<infer T> ? T : never)[],
    ) => {
      const { prisma } = database()
      const { repositoryId: home } = await newEndedRuns(prisma, FAMILY, [])
      const owner = `owner-${home}`
      await prisma.repository.update({ where: { id: home }, data: { owner, name: '.github' } })
      const declare = (repositoryId: bigint, side: string, definition: string, since: Date | null = null) => {
        const key = { repositoryId, family: FAMILY, variant: side }
        return prisma.trial.upsert({
          where: { repositoryId_family_variant: key },
          create: { ...key, definition, since },
          update: { definition, since },
        })
      }
      await declare(home, variant, 'same')
      await declare(home, '', 'same')
      const now = new Date(NOW_MS)
      for (const { own, standard, since, given } of repositories) {
        const runs = given.map(([{ endedMs, ...run }]): EndedRun => {
          made += 1
          return { ...run, id: `${made % 2 === 0 ? 'a' : 'B'}-${made}-${process.pid}`, endedAt: new Date(endedMs) }
        })
        const { repositoryId } = await newEndedRuns(prisma, FAMILY, runs)
        await prisma.repository.update({ where: { id: repositoryId }, data: { owner } })
        for (const [index, { id }] of runs.entries()) {
          const outcome = given[index]?.[1] ?? 'unknown'
          await recordOutcome(prisma, id, () => ({ outcome, rule: 'at first', reverted: false }), now)
        }
        await declare(repositoryId, variant, own, since === null ? null : new Date(since))
        await declare(repositoryId, '', standard)
        if (own === 'another' || standard === 'another') apart += 1
      }
      const trial = { repositoryId: home, family: FAMILY, variant }
      const { checkpoints } = await lookAt(prisma, trial, rules, now)
      const evidence = decideFamily(FAMILY, await trialRecords(database(), trial), rules, now)
      const last = (evidence.variants.find((one) => one.variant === variant)?.checkpoints ?? []).slice(-2)
      expect(checkpoints).toEqual(
        last.map(({ settled, at, measures, allHold, sunsetHolds }) => ({
          settled,
          at,
          measures,
          allHold,
          sunsetHolds,
        })),
      )
      if (checkpoints.length === 2) decidedBy += 1
    }
    const anyOrganisation = fc.array(anyRepository, { minLength: 2, maxLength: 5 })
    await fc.assert(fc.asyncProperty(anyOrganisation, property), { numRuns: 12, seed: 20_261_126 })
    expect(decidedBy).toBeGreaterThan(5)
    expect(apart).toBeGreaterThan(5)
  })
})
