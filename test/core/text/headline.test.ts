import { describe, expect, it } from 'vitest'
import { headline } from '../../../core/text/headline.ts'

describe('a headline', () => {
  it.each<[string, string]>([
    ['', ''],
    ['\n \nAdded\nand more', 'Added'],
    ['## Added', 'Added'],
    ['> **Added instead**  ', 'Added instead'],
    ['Took `**` out * of it', 'Took `**` out * of it'],
    ['***', ''],
  ])('of %j is %j', (text, expected) => {
    expect(headline(text)).toBe(expected)
  })

  it('of a line that is marks almost alone is found in one go', () => {
    const marks = '*'.repeat(200_000)
    expect(headline(`Added ${marks} it`)).toBe(`Added ${marks} it`)
    expect(headline(`Added ${marks}`)).toBe('Added ')
  })
})
