/** What is read from loose objects is what git says of them: the same questions again once they are packed go to git. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { git } from './git-process.ts'
import { type GitStore, initStore, openStore } from './git-store.ts'
import { readObject } from './objects.ts'

const someone = { name: 'Zoë', email: 'zoe@example.org', date: '2026-11-01T12:00:00Z' }

it('answers from loose objects as git answers from packed ones', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'world-objects-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const gitDir = join(dir, 'shop.git')
  const store = await initStore(gitDir)
  const plain = await store.writeBlob(Buffer.from('é\n'))
  const binary = await store.writeBlob(Buffer.from([0, 255, 10, 0]))
  const change = (path: string, sha: string, mode: '100644' | '100755' | '120000' | '160000') => ({ path, sha, mode })
  const tree = await store.writeTree(null, [
    change('a-é/b c/deep.txt', plain, '100644'),
    change('a', binary, '100755'),
    change('a.link', plain, '120000'),
    change('module', 'c'.repeat(40), '160000'),
  ])
  const commit = (parents: string[], message: string) =>
    store.writeCommit({ tree, parents, message, author: someone, committer: { ...someone, name: 'b' } })
  const first = await commit([], 'first')
  const second = await commit([first], 'second\n\nwith a body\n')
  const aside = await commit([first], 'aside')
  const merged = await commit([second, aside], 'merged')
  const ids = [first, second, aside, merged]
  for (const id of ids) await store.moveRef(`refs/heads/${id.slice(0, 8)}`, id, null)

  const answers = async (store: GitStore) => ({
    types: await Promise.all([plain, tree, first, 'd'.repeat(40)].map((id) => store.typeOf(id))),
    blobs: await Promise.all([plain, binary, tree, 'd'.repeat(40)].map((id) => store.blob(id))),
    commits: await Promise.all(ids.map((id) => store.commit(id))),
    trees: await Promise.all([merged, tree].flatMap((id) => [store.tree(id, false), store.tree(id, true)])),
    resolved: await Promise.all(ids.flatMap((id) => [store.resolve(id), store.resolve(id, 'tree')])),
    between: await Promise.all(ids.flatMap((one) => ids.map((other) => store.between(one, other)))),
    bases: await Promise.all(ids.flatMap((one) => ids.map((other) => store.mergeBase(one, other)))),
    ancestors: await Promise.all(ids.flatMap((one) => ids.map((other) => store.isAncestor(one, other)))),
  })
  const loose = await answers(store)
  expect(loose.commits[1]).toMatchObject({ tree, parents: [first], message: 'second\n\nwith a body' })
  await git(gitDir, ['repack', '-adq'])
  await git(gitDir, ['prune-packed'])
  // Elsewhere nothing is known from before.
  const packed = join(dir, 'packed.git')
  renameSync(gitDir, packed)
  expect(readObject(packed, first)).toBeNull()
  expect(await answers(openStore(packed))).toEqual(loose)
})

it('writes the trees that git writes', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'world-trees-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const gitDir = join(dir, 'shop.git')
  const store = await initStore(gitDir)
  const blob = await store.writeBlob(Buffer.from('text\n'))
  const file = (path: string, mode: '100644' | '100755' | '120000' = '100644') => ({ path, mode, sha: blob })
  const gone = (path: string) => ({ path, mode: '100644' as const, sha: null })
  const base = [file('a/b/c'), file('a/b/d', '100755'), file('a.b'), file('a-b'), file('é/ü'), file('z', '120000')]
  const tree = await store.writeTree(null, base)
  const tables = [
    [],
    // A file where a folder was, and a folder where a file was.
    [gone('a/b/c'), gone('a/b/d'), file('a')],
    [gone('z'), file('z/y/x')],
    // Folders that are left empty go, and what is not there can be removed.
    [gone('a/b/c'), gone('a/b/d'), gone('a/none'), gone('z/none'), gone('none/at/all')],
    base.map(({ path }) => gone(path)),
  ]
  for (const table of tables) {
    const env = { GIT_INDEX_FILE: join(dir, 'index') }
    await git(gitDir, ['read-tree', '--empty'], '', env)
    const rows = [...base, ...table].map(
      ({ path, mode, sha }) => `${sha ? mode : 0} ${sha ?? '0'.repeat(40)}\t${path}\0`,
    )
    await git(gitDir, ['update-index', '--replace', '-z', '--index-info'], rows.join(''), env)
    expect(`${await store.writeTree(tree, table)}\n`).toBe(await git(gitDir, ['write-tree'], '', env))
  }
})

it('moves a ref as git does: from what it names only, and not into or over another', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'world-refs-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const gitDir = join(dir, 'shop.git')
  const store = await initStore(gitDir)
  const first = await store.commitFiles(null, { 'a.txt': 'a\n' }, 'first', someone)
  const second = await store.commitFiles(first, { 'a.txt': null, 'b.txt': 'b\n' }, 'second', someone)
  expect(await git(gitDir, ['show', '--format=%an <%ae> %aI %s', '--name-status', second])).toBe(
    'Zoë <zoe@example.org> 2026-11-01T12:00:00+00:00 second\n\nD\ta.txt\nA\tb.txt\n',
  )
  expect(await store.moveRef('refs/heads/topic', first, null)).toBe(true)
  expect(await store.moveRef('refs/heads/topic', second, null)).toBe(false)
  expect(await store.moveRef('refs/heads/topic', first, second)).toBe(false)
  expect(await store.moveRef('refs/heads/topic/more', first, null)).toBe(false)
  expect(await store.moveRef('refs/heads/folder/one', first, null)).toBe(true)
  expect(await store.moveRef('refs/heads/folder', first, null)).toBe(false)
  expect(await store.moveRef('refs/heads/no..name', first, null)).toBe(false)
  expect(await store.moveRef('refs/heads/topic', second, first)).toBe(true)
  expect(await git(gitDir, ['for-each-ref', '--format=%(refname) %(objectname)'])).toBe(
    `refs/heads/folder/one ${first}\nrefs/heads/topic ${second}\n`,
  )
  await git(gitDir, ['fsck', '--strict'])
})
