import { expect, it } from 'vitest'
import { guardWords } from '../../../core/text/work-done.ts'

it('says one file and one line as one', () => {
  expect(guardWords({ diff: { files: 1, lines: 1 } }, {})).toEqual(['at most 1 file', 'at most 1 line'])
  expect(guardWords({ diff: { files: 2, lines: 80 } }, {})).toEqual(['at most 2 files', 'at most 80 lines'])
})
