import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { portfoliosSchema } from '../../../core/config/portfolios.ts'
import { assignmentOf, assignSide, BUCKETS, type Share, subjectKeyOf } from '../../../core/plan/assignment.ts'

const sha256Hex = (text: string) => createHash('sha256').update(text).digest('hex')
const subjectOf = (number: number) => ({
  kind: 'pull-request' as const,
  repository: 'acme/shop',
  number,
  headSha: 'a'.repeat(40),
})

describe('assignment', () => {
  it('is by the documented hash', () => {
    // printf 'tidy pull-request:12' | sha256sum
    const digits = `0x${sha256Hex('tidy pull-request:12').slice(0, 13)}`
    const { assigned } = assignmentOf([{ variant: 'bold', share: 2000 }], 'tidy', 'pull-request:12', sha256Hex)
    expect(assigned).toMatchObject({ text: 'tidy pull-request:12', bucket: Number(BigInt(digits) % 10_000n) })
  })

  it('gives each side its share of subjects', () => {
    const shares = [
      { variant: 'bold', share: 2000 },
      { variant: 'plain', share: 3000 },
    ]
    const counts = { bold: 0, plain: 0, baseline: 0 }
    for (let number = 1; number <= 10_000; number += 1) {
      const { variant = 'baseline' } = assignmentOf(shares, 'tidy', `pull-request:${number}`, sha256Hex)
      counts[variant as keyof typeof counts] += 1
    }
    // Four standard deviations of a binomial with 10,000 subjects are at most 2%.
    expect(Math.abs(counts.bold - 2000)).toBeLessThan(200)
    expect(Math.abs(counts.plain - 3000)).toBeLessThan(200)
    expect(Math.abs(counts.baseline - 5000)).toBeLessThan(200)
  })

  it('puts every subject on exactly one side, the one that has its bucket', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 2500 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(weights, fc.nat(), (numbers, subject) => {
        const shares: Share[] = numbers.map((share, index) => ({ variant: `v${index}`, share }))
        const key = `issue:${subject}`
        const { variant, assigned } = assignmentOf(shares, 'tidy', key, sha256Hex)
        const allBefore = (name: string | undefined) =>
          shares
            .slice(0, name === undefined ? undefined : Number(name.slice(1)))
            .reduce((sum, { share }) => sum + share, 0)
        const own = variant === undefined ? BUCKETS - allBefore(undefined) : shares[Number(variant.slice(1))]?.share
        expect(assigned.from).toBe(allBefore(variant))
        expect(assigned.below - assigned.from).toBe(own)
        expect(assigned.bucket >= assigned.from && assigned.bucket < assigned.below).toBe(true)
      }),
    )
  })

  it('keeps a subject on its variant when the first share is raised', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 0, max: 9000 }),
        fc.integer({ min: 0, max: 1000 }),
        (subject, share, more) => {
          const side = (part: number) =>
            assignmentOf([{ variant: 'bold', share: part }], 'tidy', `issue:${subject}`, sha256Hex).variant
          if (side(share) === 'bold') expect(side(share + more)).toBe('bold')
        },
      ),
    )
  })

  const portfolios = portfoliosSchema.parse({
    version: 1,
    portfolios: {
      care: {
        purpose: 'Care',
        value: 'quality',
        workflows: ['tidy', 'review'],
        budget: { usd: 10, per: 'month' },
        trials: { 'tidy/bold': '100%' },
      },
    },
  })

  it.each([
    ['nobody chose', { workflow: 'tidy' }, subjectOf(1), 'bold'],
    ['the baseline was chosen', { workflow: 'tidy', variant: 'baseline' }, subjectOf(1), 'baseline'],
    ['a variant was chosen', { workflow: 'tidy', variant: 'plain' }, subjectOf(1), 'plain'],
    ['another workflow', { workflow: 'review' }, subjectOf(1), undefined],
    ['a local checkout', { workflow: 'tidy' }, { ...subjectOf(1), kind: 'local' as const }, undefined],
  ])('%s', (_, request, subject, variant) => {
    const sided = assignSide({ portfolios }, request, subject, sha256Hex)
    expect(sided).toMatchObject(variant === undefined ? request : { variant })
    expect('assigned' in sided).toBe(variant === 'bold')
  })

  it('knows a subject as the ledger does', () => {
    const { number: _, ...push } = { ...subjectOf(1), kind: 'push' as const }
    expect(subjectKeyOf(subjectOf(12), 'tidy')).toBe('pull-request:12')
    expect(subjectKeyOf(push, 'tidy')).toBe(`push:${'a'.repeat(40)}:tidy`)
  })
})
