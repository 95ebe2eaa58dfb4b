/** What is read from loose objects is what git says of them: the same questions again once they are packed go to git. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { git } from './git-process.ts'
import { initStore } from './git-store.ts'
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

  const answers = async () => ({
    types: await Promise.all([plain, tree, first, 'd'.repeat(40)].map((id) => store.typeOf(id))),
    blobs: await Promise.all([plain, binary, tree, 'd'.repeat(40)].map((id) => store.blob(id))),
    commits: await Promise.all(ids.map((id) => store.commit(id))),
    trees: await Promise.all([merged, tree].flatMap((id) => [store.tree(id, false), store.tree(id, true)])),
    resolved: await Promise.all(ids.flatMap((id) => [store.resolve(id), store.resolve(id, 'tree')])),
    between: await Promise.all(ids.flatMap((one) => ids.map((other) => store.between(one, other)))),
    bases: await Promise.all(ids.flatMap((one) => ids.map((other) => store.mergeBase(one, other)))),
    ancestors: await Promise.all(ids.flatMap((one) => ids.map((other) => store.isAncestor(one, other)))),
  })
  const loose = await answers()
  expect(loose.commits[1]).toMatchObject({ tree, parents: [first], message: 'second\n\nwith a body' })
  await git(gitDir, ['repack', '-adq'])
  await git(gitDir, ['prune-packed'])
  expect(readObject(gitDir, first)).toBeNull()
  expect(await answers()).toEqual(loose)
})
