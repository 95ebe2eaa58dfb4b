import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { changedLinesAtLeast, withLinesAtLeast } from '../../../core/changes/changed-lines.ts'
import { start } from '../../world/start.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('the lines that a change has at least', () => {
  it.each([
    ['', 'a\nb\n', 2, 0],
    ['a\nb\n', '', 0, 2],
    ['a\nb\n', 'a\nc\n', 1, 1],
    ['a\n', 'a\na\na\n', 2, 0],
    ['a\n', 'a', 1, 1],
    ['a\nb\n', 'b\na\n', 0, 0],
    ['a\n', 'a\0\nb\n', 0, 0],
  ])('from %j to %j are %i and %i', (before, after, addedLines, deletedLines) => {
    expect(changedLinesAtLeast(before, after)).toEqual({ addedLines, deletedLines })
  })

  it('stand where a file says less, and nowhere else', () => {
    const file = { path: 'a', mode: '100644', contentBase64: base64('x\ny\n'), deletedLines: 7 } as const
    expect(withLinesAtLeast({ ...file, addedLines: 0 }, undefined)).toMatchObject({ addedLines: 2, deletedLines: 7 })
    expect(withLinesAtLeast({ ...file, addedLines: 9 }, base64('x\n'))).toMatchObject({
      addedLines: 9,
      deletedLines: 7,
    })
  })
})

describe('git', () => {
  let dir = ''
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'purser-lines-'))
  })
  afterAll(() => rmSync(dir, { recursive: true }))

  /** `git diff --no-index` ends with 1 where there is a difference. */
  async function numstat(): Promise<string> {
    const diff = start('git', ['diff', '--no-index', '--numstat', 'before', 'after'], { cwd: dir })
    const { code, stdout } = await diff.ended
    expect([0, 1]).toContain(code)
    return stdout.toString()
  }

  it('never counts fewer', async () => {
    const text = fc
      .array(fc.constantFrom('a\n', 'b\n', '\n', 'a\r\n', 'b'), { maxLength: 12 })
      .map((all) => all.join(''))
    await fc.assert(
      fc.asyncProperty(text, text, async (before, after) => {
        writeFileSync(join(dir, 'before'), before)
        writeFileSync(join(dir, 'after'), after)
        const [added = 0, deleted = 0] = (await numstat()).split('\t').slice(0, 2).map(Number)
        const least = changedLinesAtLeast(before, after)
        expect(added).toBeGreaterThanOrEqual(least.addedLines)
        expect(deleted).toBeGreaterThanOrEqual(least.deletedLines)
      }),
      { numRuns: 60 },
    )
  })
})
