import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AccountState } from '../../../core/money/account.ts'
import {
  afterPostings,
  budgetPosting,
  endPostings,
  type Posting,
  refundPostings,
  reservePosting,
} from '../../../core/money/posting.ts'

function state(changes: Partial<AccountState> = {}): AccountState {
  return { budget: 1000n, ceiling: 1000n, spent: 0n, held: 0n, overage: 0n, frozen: false, ...changes }
}

/** Kind and what is not zero of the changes. */
function brief(postings: readonly Posting[]) {
  return postings.map(({ kind, budgetChange, heldChange, spentChange, overageChange }) =>
    [kind, budgetChange && `budget ${budgetChange}`, heldChange && `held ${heldChange}`]
      .concat(spentChange && `spent ${spentChange}`, overageChange && `overage ${overageChange}`)
      .filter(Boolean)
      .join(' '),
  )
}

describe('endPostings', () => {
  it.each([
    [100n, 0n, ['release held -100']],
    [100n, 40n, ['settle held -40 spent 40', 'release held -60']],
    [100n, 100n, ['settle held -100 spent 100']],
    [100n, 130n, ['settle held -100 spent 100', 'overage overage 30']],
  ])('a hold of %i with %i spent', (held, spent, expected) => {
    expect(brief(endPostings('settle', held, spent))).toEqual(expected)
  })
})

describe('refundPostings', () => {
  it.each([
    [100n, 60n, ['refund spent -40']],
    [100n, 0n, ['refund spent -100']],
    [100n, 100n, []],
    [100n, 130n, ['overage overage 30']],
  ])('%i posted, %i proven', (posted, proven, expected) => {
    expect(brief(refundPostings(posted, proven))).toEqual(expected)
  })
})

describe('afterPostings', () => {
  it('adds up, and freezes where more was billed than was held', () => {
    const held = afterPostings(state(), [reservePosting(300n)])
    expect(held).toEqual(state({ held: 300n }))
    const settled = afterPostings(held, endPostings('settle', 300n, 310n))
    expect(settled).toEqual(state({ spent: 300n, overage: 10n, frozen: true }))
  })

  it('lets a ceiling follow what is used down to a lowered budget, and up to a raised one', () => {
    const lowered = state({ budget: 100n, ceiling: 500n, spent: 200n, held: 300n })
    expect(afterPostings(lowered, endPostings('settle', 300n, 50n))).toMatchObject({ spent: 250n, ceiling: 250n })
    expect(afterPostings(lowered, [budgetPosting(700n)])).toMatchObject({ budget: 800n, ceiling: 800n })
  })

  it('keeps no ceiling where there is none', () => {
    expect(afterPostings(state({ ceiling: null }), [reservePosting(5000n)])).toMatchObject({ ceiling: null })
  })

  it('refuses to pass the ceiling', () => {
    expect(() => afterPostings(state({ held: 900n }), [reservePosting(101n)])).toThrow('pass the ceiling')
    const lowered = state({ budget: 100n, ceiling: 500n, spent: 200n, held: 300n })
    expect(() => afterPostings(lowered, [reservePosting(1n)])).toThrow('pass the ceiling')
  })

  it('gives back all that was held and not spent, whatever was spent', () => {
    const amount = fc.bigInt({ min: 1n, max: 1000n })
    fc.assert(
      fc.property(amount, fc.bigInt({ min: 0n, max: 2000n }), amount, (held, spent, proven) => {
        const before = afterPostings(state(), [reservePosting(held)])
        const after = afterPostings(before, endPostings('expire', held, spent))
        expect(after).toMatchObject({ held: 0n, spent: spent < held ? spent : held })
        expect(after.spent + after.overage).toBe(spent)
        const refunded = afterPostings(after, refundPostings(after.spent, proven))
        expect(refunded.spent).toBe(proven < after.spent ? proven : after.spent)
        expect(refunded.overage - after.overage).toBe(proven > after.spent ? proven - after.spent : 0n)
      }),
    )
  })
})
