import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FileStates, isMostlyGone, rewrittenIn, rewrittenInAll } from '../../../core/outcome/rewritten.ts'

const text = (...lines: string[]) => lines.map((line) => `${line}\n`).join('')

test.each<[what: string, states: FileStates, gone: number, lines: number]>([
  ['merged as it was', { before: text('a'), delivered: text('a', 'b'), merged: text('a', 'b') }, 0, 1],
  ['a new file that is not there', { before: undefined, delivered: text('a', 'b'), merged: undefined }, 2, 2],
  [
    'half of what was added taken out',
    { before: '', delivered: text('a', 'b', 'c', 'd'), merged: text('a', 'c') },
    2,
    4,
  ],
  ['a line that was taken out is back', { before: text('a', 'b'), delivered: text('a'), merged: text('b', 'a') }, 1, 1],
  ['a deleted file that is back', { before: text('a', 'b'), delivered: undefined, merged: text('a', 'b') }, 2, 2],
  ['a deleted file that stays away', { before: text('a', 'b'), delivered: undefined, merged: undefined }, 0, 2],
  ['a line written differently', { before: '', delivered: text('a()', 'b()'), merged: text('a()', 'c()') }, 1, 2],
  [
    'other people’s lines beside it',
    { before: text('x'), delivered: text('x', 'a'), merged: text('y', 'x', 'a', 'z') },
    0,
    1,
  ],
  ['only moved', { before: '', delivered: text('a', 'b'), merged: text('b', 'a') }, 0, 2],
  ['only indented, and the last line’s end', { before: '', delivered: text('if', 'a'), merged: 'if\r\n    a' }, 0, 2],
  ['empty lines', { before: '', delivered: text('a', '', ' '), merged: text('a') }, 0, 1],
  ['one of two like lines', { before: text('}'), delivered: text('}', '}', '}'), merged: text('}', '}') }, 1, 2],
  [
    'lines that were there before',
    { before: text('}', 'old'), delivered: text('}', 'old', 'new'), merged: text('new') },
    0,
    1,
  ],
  ['a binary file', { before: undefined, delivered: 'a\0b', merged: 'a\0c' }, 0, 0],
  ['nothing at all', { before: undefined, delivered: undefined, merged: undefined }, 0, 0],
])('%s', (_what, states, gone, lines) => {
  expect(rewrittenIn(states)).toEqual({ gone, lines })
})

describe('for any texts', () => {
  const anyText = fc.array(fc.constantFrom('a', 'b', 'c', '}', ''), { maxLength: 12 }).map((lines) => text(...lines))

  test('never more is gone than there was, nothing when merged as delivered, all when merged as before', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (before, delivered, merged) => {
        const any = rewrittenIn({ before, delivered, merged })
        expect(any.gone).toBeGreaterThanOrEqual(0)
        expect(any.gone).toBeLessThanOrEqual(any.lines)
        expect(rewrittenIn({ before, delivered, merged: delivered }).gone).toBe(0)
        expect(rewrittenIn({ before, delivered, merged: before }).gone).toBe(any.lines)
      }),
    )
  })

  test('files add up', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ before: anyText, delivered: anyText, merged: anyText })), (files) => {
        const each = files.map(rewrittenIn)
        expect(rewrittenInAll(files)).toEqual({
          lines: each.reduce((sum, { lines }) => sum + lines, 0),
          gone: each.reduce((sum, { gone }) => sum + gone, 0),
        })
      }),
    )
  })
})

test('a share is of what was measured', () => {
  expect(isMostlyGone({ gone: 1, lines: 2 }, 5_000)).toBe(true)
  expect(isMostlyGone({ gone: 49, lines: 99 }, 5_000)).toBe(false)
  expect(isMostlyGone({ gone: 0, lines: 0 }, 0)).toBe(false)
  expect(isMostlyGone(undefined, 0)).toBe(false)
})
