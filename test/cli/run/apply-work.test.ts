/** The work of a session that went on, put over what an earlier run of it left in the working tree. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { applyWork } from '../../../cli/run/apply-work.ts'
import type { ChangedFile } from '../../../core/changes/changeset.ts'

const file = (path: string, text?: string): ChangedFile => ({
  path,
  mode: '100644',
  ...(text !== undefined && { contentBase64: Buffer.from(text).toString('base64') }),
  addedLines: 1,
  deletedLines: 0,
})

/** `docs/a` and `docs/in/b`, a file, a link and what it leads to, with what the first run left on top. */
function tree(before: readonly ChangedFile[]) {
  const root = mkdtempSync(join(tmpdir(), 'purser-apply-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  mkdirSync(join(root, 'docs/in'), { recursive: true })
  for (const path of ['docs/a', 'docs/in/b', 'file', 'real']) writeFileSync(join(root, path), 'base')
  symlinkSync('real', join(root, 'link'))
  git('init', '-q')
  git('add', '.')
  git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '-qm', 'Base')
  const baseSha = git('rev-parse', 'HEAD')
  for (const { path, contentBase64 } of before) {
    if (contentBase64 === undefined) rmSync(join(root, path))
    else writeFileSync(join(root, path), Buffer.from(contentBase64, 'base64'))
  }
  const over = (...after: ChangedFile[]) =>
    applyWork(root, {
      patch: 'a patch of the base, which does not apply to what lies there\n',
      patchFile: join(root, '.git/work.patch'),
      deliverable: true,
      changeset: { baseSha, files: after },
      before: { baseSha, files: [...before] },
    }).applied
  const read = (path: string) => readFileSync(join(root, path), 'utf8')
  return { root, over, read }
}

test('a folder becomes a file and a file a folder', () => {
  const { over, read } = tree([file('docs/a', 'first')])
  const work = [file('docs', 'new'), file('docs/a'), file('docs/in/b'), file('file/x/y', 'new'), file('file')]
  expect(over(...work)).toBe(true)
  expect([read('docs'), read('file/x/y')]).toEqual(['new', 'new'])
})

test.each([
  ['a folder of which something stays', [file('docs', 'new'), file('docs/a')], 'docs/in/b'],
  ['a file that stays, above', [file('docs/a'), file('file/x', 'new')], 'file'],
])('nothing is touched where the work would take the place of %s', (_, work, kept) => {
  const { over, read } = tree([file('docs/a', 'first')])
  expect(over(...work)).toBe(false)
  expect([read('docs/a'), read(kept)]).toEqual(['first', 'base'])
})

test('nothing is touched where a folder holds a file of somebody else', () => {
  const { root, over, read } = tree([file('docs/a', 'first')])
  writeFileSync(join(root, 'docs/mine'), 'mine')
  expect(over(file('docs', 'new'), file('docs/a'), file('docs/in/b'))).toBe(false)
  expect([read('docs/a'), read('docs/in/b'), read('docs/mine')]).toEqual(['first', 'base', 'mine'])
})

test('a link that has to come back is not made a file', () => {
  const { root, over } = tree([file('link')])
  expect(over(file('file', 'new'))).toBe(false)
  expect(existsSync(join(root, 'link'))).toBe(false)
})
