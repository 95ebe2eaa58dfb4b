/** What is handed over of a workspace that was made to be hard to hand over. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { collectWork } from '../../../action/workspace/collect-work.ts'
import { type Git, openGit } from '../../../action/workspace/git.ts'
import { CHANGESET_FILES_MAX } from '../../../core/changes/changeset.ts'
import { withMemory } from '../../world/memory.ts'

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
  for (let at = 0; at < 500; at += 1) writeFileSync(join(workDir, `file-${at}`), `${at}\n`)
  const whole = await collect()
  expect(whole.violations[0]?.message).toContain(`The work has 500 files; at most ${CHANGESET_FILES_MAX}`)
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
  for (let at = 0; at < 10_000; at += 1) linkSync(join(workDir, 'first'), join(workDir, `${at}`))
  const { answer, bytes } = await withMemory(() => collect())
  const { changeset, violations } = answer
  // A kilobyte for each, which would be a gigabyte for a million.
  expect(bytes).toBeLessThan(12_000_000)
  expect(changeset.files).toHaveLength(CHANGESET_FILES_MAX)
  expect(violations.map(({ reason }) => reason)).toEqual(['guard-files'])
})

it('is without its patch where what is deleted is too large to show', async () => {
  writeFileSync(join(workDir, 'big.txt'), `${'x'.repeat(99_999)}\n`.repeat(700))
  // Git takes longer to compress it than for all the rest.
  await git.text(['-c', 'core.looseCompression=0', 'add', '--all'])
  start = (await git.text(['write-tree'])).trim()
  rmSync(join(workDir, 'big.txt'))
  writeFileSync(join(workDir, 'a.txt'), 'two\n')
  const { changeset, violations, patch } = await collect()
  expect({ paths: changeset.files.map(({ path }) => path), violations, patch }).toEqual({
    paths: ['a.txt', 'big.txt'],
    violations: [],
    patch: '',
  })
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

describe('a submodule', () => {
  const link = `160000,${'1'.repeat(40)}`

  beforeEach(async () => {
    const declared = ['vendor/lib', 'other', 'gone'].map(
      (path) => `[submodule "${path}"]\n\tpath = ${path}\n\turl = ../x\n`,
    )
    writeFileSync(join(workDir, '.gitmodules'), declared.join(''))
    await git.text(['add', '--all'])
    for (const path of ['vendor/lib', 'other'])
      await git.text(['update-index', '--add', '--cacheinfo', `${link},${path}`])
    start = (await git.text(['write-tree'])).trim()
    await git.text(['read-tree', '-u', '--reset', start])
  })

  it('that nobody touched is in nobody’s way', async () => {
    writeFileSync(join(workDir, 'a.txt'), 'two\n')
    const { changeset, violations } = await collect()
    expect({ paths: changeset.files.map(({ path }) => path), violations }).toEqual({ paths: ['a.txt'], violations: [] })
  })

  it('that something was put into, that was removed or became a file, is named', async () => {
    writeFileSync(join(workDir, 'vendor/lib/inner.txt'), 'inner\n')
    rmSync(join(workDir, 'other'), { recursive: true })
    expect((await collect()).violations.map(({ message }) => message)).toEqual([
      '`other` is a submodule, and what became of it is not delivered.',
      '`vendor/lib` is a submodule, and what was put into it is not delivered.',
    ])
    writeFileSync(join(workDir, 'other'), 'a file\n')
    const { changeset, violations } = await collect()
    expect([changeset.files, violations.length]).toEqual([[], 2])
  })
})

it('that is declared anywhere, or nowhere, takes no work away', async () => {
  const places = ['../../etc', '/etc', ':(top)x', 'a.txt', 'x'.repeat(200_000), '']
  const declared = places.map((path, at) => `[submodule "${at}"]\n\tpath = "${path}"\n\turl = ../x\n`)
  writeFileSync(join(workDir, '.gitmodules'), declared.join(''))
  await git.text(['add', '--all'])
  await git.text(['update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},undeclared`])
  start = (await git.text(['write-tree'])).trim()
  await git.text(['read-tree', '-u', '--reset', start])
  writeFileSync(join(workDir, 'a.txt'), 'two\n')
  writeFileSync(join(workDir, 'undeclared/inner.txt'), 'inner\n')
  const { changeset, violations } = await collect()
  expect({ paths: changeset.files.map(({ path }) => path), said: violations.map(({ message }) => message) }).toEqual({
    paths: ['a.txt'],
    said: ['`undeclared` is a submodule, and what was put into it is not delivered.'],
  })
})

/** By somebody who may not read everything, as a runner is not root. */
describe.runIf(process.getuid?.() === 0)('a folder that nobody may look into', () => {
  const nobody = 65_534
  const program = (name: string) => fileURLToPath(new URL(`../../../action/${name}`, import.meta.url))

  function collectAsNobody(): { paths: string[]; violations: { reason: string; message: string }[] } {
    execFileSync('chown', ['-R', `${nobody}:${nobody}`, dir])
    execFileSync('chmod', ['755', dir])
    for (const { path, owner } of locked) {
      if (owner !== undefined) chownSync(path, owner, owner)
      chmodSync(path, 0)
    }
    const script = `
      const { collectWork } = await import(${JSON.stringify(program('workspace/collect-work.ts'))})
      const { openGit } = await import(${JSON.stringify(program('workspace/git.ts'))})
      const git = openGit(${JSON.stringify(join(dir, 'git'))}, ${JSON.stringify(workDir)})
      const { changeset, violations } = await collectWork(git, ${JSON.stringify(workDir)}, '${start}', '0')
      console.log(JSON.stringify({ paths: changeset.files.map(({ path }) => path), violations }))`
    const args = ['--input-type=module', '--eval', script]
    const options = { uid: nobody, gid: nobody, cwd: '/', encoding: 'utf8', env: { PATH: process.env.PATH } } as const
    return JSON.parse(execFileSync(process.execPath, args, options))
  }

  let locked: { path: string; owner?: number }[] = []
  beforeEach(() => {
    mkdirSync(join(workDir, 'locked/.git'), { recursive: true })
    writeFileSync(join(workDir, 'locked/in.txt'), 'in\n')
    writeFileSync(join(workDir, 'b.txt'), 'b\n')
    locked = []
  })

  it('is opened where it is the run’s own: its work is not lost', () => {
    locked = [{ path: join(workDir, 'locked') }]
    expect(collectAsNobody()).toEqual({ paths: ['b.txt', 'locked/in.txt'], violations: [] })
  })

  it('is named where it is somebody else’s, and nothing is taken from beside it', () => {
    locked = [{ path: join(workDir, 'locked'), owner: 0 }]
    const { paths, violations } = collectAsNobody()
    expect(paths).toEqual([])
    expect(violations).toMatchObject([{ reason: 'guard-files' }])
    expect(violations[0]?.message).toMatch(/^Not all of the work can be read: .*locked/)
  })
})
