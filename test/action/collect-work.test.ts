/** What is handed over of a workspace that was made to be hard to hand over. */
import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { collectWork } from '../../action/collect-work.ts'
import { type Git, openGit } from '../../action/git.ts'
import { CHANGESET_FILES_MAX } from '../../core/changeset.ts'

let dir: string
let workDir: string
let git: Git
let start: string

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'purser-collect-'))
  workDir = join(dir, 'work')
  mkdirSync(workDir)
  git = openGit(join(dir, 'git'), workDir)
  execFileSync('git', ['init', '-q', '--bare', join(dir, 'git')])
  writeFileSync(join(workDir, 'a.txt'), 'one\n')
  await git.text(['add', '--all'])
  start = (await git.text(['write-tree'])).trim()
})
afterEach(() => rmSync(dir, { recursive: true }))

const collect = (listBytesMax?: number) => collectWork(git, workDir, start, '0'.repeat(40), listBytesMax)

it('is nothing of a workspace in which nothing changed', async () => {
  expect(await collect()).toMatchObject({ changeset: { files: [] }, violations: [], patch: '' })
})

it('of more files than can be listed is some, and that there are more; the list itself is bounded', async () => {
  for (let at = 0; at < 1_000; at += 1) writeFileSync(join(workDir, `file-${at}`), `${at}\n`)
  const whole = await collect()
  expect(whole.violations[0]?.message).toContain(`The work has 1000 files; at most ${CHANGESET_FILES_MAX}`)
  // Somewhere in the midst of an entry, wherever that is.
  for (const bytes of [4_000, 4_001, 4_037, 40_096]) {
    const cut = await collect(bytes)
    const [, count] = /^The work has more than (\d+) files/.exec(cut.violations[0]?.message ?? '') ?? []
    expect(Number(count)).toBeGreaterThan(bytes / 133)
    expect(Number(count)).toBeLessThan(bytes / 89)
    expect(cut.changeset.files).toEqual(whole.changeset.files.slice(0, cut.changeset.files.length))
  }
})

it('of a workspace of very many files is bounded in memory; `npm run bench -- --only workspace` has a million', async () => {
  writeFileSync(join(workDir, 'first'), 'one\n')
  for (let at = 0; at < 20_000; at += 1) linkSync(join(workDir, 'first'), join(workDir, `${at}`))
  const before = process.memoryUsage().rss
  const { changeset, violations } = await collect()
  expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  expect(changeset.files).toHaveLength(CHANGESET_FILES_MAX)
  expect(violations.map(({ reason }) => reason)).toEqual(['guard-files'])
})

it('of links, nested repositories, devices and odd names is only what can be delivered', async () => {
  symlinkSync('/etc/passwd', join(workDir, 'link'))
  symlinkSync('..', join(workDir, 'up'))
  const nested = join(workDir, 'nested')
  execFileSync('git', ['init', '-q', nested])
  writeFileSync(join(nested, 'inner.txt'), 'inner\n')
  mkdirSync(join(workDir, 'deep/.GIT/hooks'), { recursive: true })
  execFileSync('mkfifo', [join(workDir, 'pipe')])
  const odd = ['naïve.txt', 'nai\u0308ve.txt', '😀.txt', ' blank ', 'new\nline', 'tab\tbed', '"quoted"', '-rf']
  for (const name of odd) writeFileSync(join(workDir, name), `${name}\n`)
  const notUtf8 = Buffer.concat([Buffer.from(`${workDir}/`), Buffer.from([0xff, 0xfe])])
  writeFileSync(notUtf8, 'bytes\n')

  const { changeset, violations } = await collect()
  expect(changeset.files.map(({ path }) => path).sort()).toEqual([...odd, 'nested/inner.txt'].sort())
  for (const { path, contentBase64 = '' } of changeset.files) {
    if (path !== 'nested/inner.txt') expect(Buffer.from(contentBase64, 'base64').toString()).toBe(`${path}\n`)
  }
  const said = violations.map(({ message }) => message).join('\n')
  expect(said).toContain('`link` is a link, which is not delivered')
  expect(said).toContain('`up` is a link, which is not delivered')
  expect(said).toContain('is a path that is not UTF-8')
})
