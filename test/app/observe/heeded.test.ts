import { expect, test } from 'vitest'
import { isHeeded, type LineComment } from '../../../app/observe/merged.ts'

const standing: LineComment = { subject_type: 'line', line: 3, position: 3 }
const outdated: LineComment = { subject_type: 'line', line: null, position: null }
const onFile: LineComment = { subject_type: 'file', line: null, position: null }

test.each<[what: string, comments: readonly LineComment[], heeded: boolean | undefined]>([
  ['no comment', [], undefined],
  ['only on a whole file', [onFile], undefined],
  ['every line still as it was', [standing, standing], false],
  ['one line changed since', [standing, outdated], true],
  ['a file’s comment beside an unchanged line', [onFile, standing], false],
  ['only the old way of telling a place', [{ position: 2 }], false],
])('%s', (_what, comments, heeded) => {
  expect(isHeeded(comments)).toBe(heeded)
})
