import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { squadAccount } from '../../../core/money/account.ts'
import { extraFor, withExtra } from '../../../core/promotion/squad-extra.ts'
import { configurationOf, layer, PORTFOLIOS } from '../config/layers.ts'

const SQUADS = `exploration:
  sprint: { days: 14, from: 2026-11-02 }
  every-squad: { tokens: 2_000_000 }   # the same for all
  squads:
    payments: { paths: ['services/**'] }
    web:
      paths: ['web/**']
      # Granted once
      extra:
        - { tokens: 1_000_000, reason: PSP migration, until: 2027-01-31 }
`
const TEXT = `${PORTFOLIOS}# Tries\n${SQUADS}`

function exploration(text = TEXT) {
  const found = configurationOf(layer('repository', { 'portfolios.yml': text })).portfolios.exploration
  if (!found) throw new Error('no exploration')
  return found
}

const now = new Date('2026-11-20T12:00:00Z')
const extra = extraFor(exploration(), 'payments', 2500, 'tidy/v', now, 'UTC')

test('a share of the floor for the whole of the next sprint', () => {
  expect(extra).toEqual({
    unit: 'tokens',
    amount: 500_000,
    reason: 'Promotion of tidy/v',
    from: '2026-11-30',
    until: '2026-12-13',
  })
  expect(extraFor(exploration(), 'payments', 0, 'tidy/v', now, 'UTC')).toBeUndefined()
  expect(extraFor(exploration(), 'nobody', 2500, 'tidy/v', now, 'UTC')).toBeUndefined()
})

test.each(['payments', 'web'])('%s: it is added, once, and the rest of the file stays as it was', (squad) => {
  if (!extra) throw new Error('no extra')
  const text = withExtra(TEXT, parse(TEXT), squad, extra) ?? ''
  const added = text.split('\n').filter((line) => !TEXT.split('\n').includes(line))
  expect(added).toHaveLength(1)
  expect(added[0]).toContain('tokens: 500000, reason: Promotion of tidy/v, from: 2026-11-30, until: 2026-12-13')
  expect(withExtra(text, parse(text), squad, extra)).toBe(text)
})

test('it counts in its sprint and in no other', () => {
  if (!extra) throw new Error('no extra')
  const after = exploration(withExtra(TEXT, parse(TEXT), 'payments', extra))
  const budgetOn = (day: string) => squadAccount(after, 'payments', new Date(`${day}T12:00:00Z`), 'UTC').budget
  expect([budgetOn('2026-11-29'), budgetOn('2026-11-30'), budgetOn('2026-12-13'), budgetOn('2026-12-14')]).toEqual([
    2_000_000n,
    2_500_000n,
    2_500_000n,
    2_000_000n,
  ])
})

test('a squad that another layer declares is not this file’s to change', () => {
  if (!extra) throw new Error('no extra')
  expect(withExtra(PORTFOLIOS, parse(PORTFOLIOS), 'payments', extra)).toBeUndefined()
})
