import { describe, expect, test } from 'vitest'
import { ownerOf, payingSquad } from '../../../core/money/squads.ts'

const squads = {
  payments: { paths: ['services/payments/**'], extra: [] },
  web: { paths: ['web/**', 'services/**'], extra: [] },
}
const payments = (count: number) => Array.from({ length: count }, (_, index) => `services/payments/${index}.ts`)
const web = (count: number) => Array.from({ length: count }, (_, index) => `web/${index}.ts`)
const nobodys = (count: number) => Array.from({ length: count }, (_, index) => `tools/${index}.ts`)

test('a file in the paths of two squads belongs to the one declared first', () => {
  expect(ownerOf(squads, 'services/payments/card.ts')).toBe('payments')
  expect(ownerOf(squads, 'services/mail/send.ts')).toBe('web')
  expect(ownerOf(squads, 'README.md')).toBeUndefined()
})

describe('who pays for a variant', () => {
  test.each([
    ['the only owner', payments(1), 'payments'],
    ['the squad with the most files', [...payments(1), ...web(2)], 'web'],
    ['among equals the first declared', [...web(2), ...payments(2)], 'payments'],
    ['a squad that owns as much as nobody does', [...web(2), ...nobodys(2)], 'web'],
    ['no squad where most is nobody’s', [...web(2), ...payments(2), ...nobodys(3)], undefined],
    ['no squad where all is nobody’s', nobodys(1), undefined],
    ['no squad where nothing is changed', [], undefined],
  ])('%s', (_, paths, squad) => {
    expect(payingSquad(squads, paths)).toBe(squad)
  })

  test('nobody where there are no squads', () => {
    expect(payingSquad({}, payments(1))).toBeUndefined()
  })
})
