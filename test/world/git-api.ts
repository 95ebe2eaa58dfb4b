import type { FileMode } from './contract.ts'
import type { Identified, TreeChange } from './git-store.ts'
import { mayRead, mayWrite } from './identity.ts'
import { identified } from './merge.ts'
import { refsMoved } from './pushes.ts'
import { type Answer, type Ask, notFound, page, Refused, type Route, route, stringField } from './router.ts'
import { actorOf, type Json, type Repository, repositoryOf, type World, zeros } from './world.ts'

const shaPattern = /^[0-9a-f]{40}$/

/** GitHub cuts a recursive tree off after 100,000 entries; a test's repository never gets there. */
const modes = ['100644', '100755', '120000', '160000', '040000']

/** The Git Data API over the bare repository: blobs, trees, commits and refs. */
export function gitDataRoutes(world: World): Route[] {
  const base = '/repos/:owner/:repo/git'

  function reading(ask: Ask): Repository {
    mayRead(ask.who, 'contents')
    return repositoryOf(world, ask)
  }

  /** A fork is its owner's, whatever they may do to what it was made from. */
  function writing(ask: Ask): Repository {
    if (ask.who.login !== ask.params.owner) mayWrite(ask.who, 'contents', 'write')
    return repositoryOf(world, ask)
  }

  const urlOf = (repository: Repository, rest: string): string =>
    `${world.url}/repos/${repository.fullName}/git/${rest}`

  async function getBlob(ask: Ask): Promise<Answer> {
    const repository = reading(ask)
    const sha = ask.params.sha ?? ''
    const content = shaPattern.test(sha) ? await repository.store.blob(sha) : null
    if (content === null) throw notFound()
    if (String(ask.headers.accept ?? '').includes('raw')) return { status: 200, text: content.toString() }
    const json = {
      sha,
      size: content.length,
      encoding: 'base64',
      content: content.toString('base64'),
      url: urlOf(repository, `blobs/${sha}`),
    }
    return { status: 200, json }
  }

  async function postBlob(ask: Ask): Promise<Answer> {
    const repository = writing(ask)
    const { content, encoding } = ask.body
    if (typeof content !== 'string') throw new Refused(422, 'content is required')
    const sha = await repository.store.writeBlob(Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8'))
    return { status: 201, json: { sha, url: urlOf(repository, `blobs/${sha}`) } }
  }

  async function treeJson(repository: Repository, sha: string, recursive: boolean): Promise<Json> {
    const entries = await repository.store.tree(sha, recursive)
    const tree = entries.map((entry) => ({
      path: entry.path,
      mode: entry.mode,
      type: entry.type,
      sha: entry.sha,
      ...(entry.size === null ? {} : { size: entry.size }),
      url: urlOf(repository, `${entry.type}s/${entry.sha}`),
    }))
    return { sha, url: urlOf(repository, `trees/${sha}`), tree, truncated: false }
  }

  async function getTree(ask: Ask): Promise<Answer> {
    const repository = reading(ask)
    const sha = await repository.store.resolve(ask.params.sha ?? '', 'tree')
    if (sha === null) throw notFound()
    const recursive = ask.query.get('recursive')
    return { status: 200, json: await treeJson(repository, sha, recursive !== null && recursive !== '') }
  }

  async function postTree(ask: Ask): Promise<Answer> {
    const repository = writing(ask)
    const { tree, base_tree } = ask.body
    if (!Array.isArray(tree)) throw new Refused(422, 'Invalid request. "tree" wasn\'t supplied.')
    const from = typeof base_tree === 'string' ? await repository.store.resolve(base_tree, 'tree') : null
    if (typeof base_tree === 'string' && from === null) throw new Refused(422, 'base_tree is not a valid tree')
    const changes: TreeChange[] = []
    for (const entry of tree) changes.push(await treeChange(repository, entry as Json, from))
    const sha = await repository.store.writeTree(from, changes)
    return { status: 201, json: await treeJson(repository, sha, false) }
  }

  async function getCommit(ask: Ask): Promise<Answer> {
    const repository = reading(ask)
    return { status: 200, json: await gitCommitJson(world, repository, ask.params.sha ?? '') }
  }

  async function postCommit(ask: Ask): Promise<Answer> {
    const repository = writing(ask)
    const actor = identified(world, await actorOf(world, ask.who))
    const tree = await repository.store.resolve(stringField(ask.body, 'tree'), 'tree')
    if (tree === null) throw new Refused(422, 'Tree SHA does not exist')
    const parents = Array.isArray(ask.body.parents) ? ask.body.parents.map(String) : []
    for (const parent of parents) {
      if ((await repository.store.typeOf(parent)) !== 'commit')
        throw new Refused(422, 'Parent SHA does not exist or is not a commit object')
    }
    const author = signatureOf(ask.body.author, actor)
    const committer = signatureOf(ask.body.committer, ask.body.author === undefined ? actor : author)
    const message = stringField(ask.body, 'message')
    const sha = await repository.store.writeCommit({ tree, parents, message, author, committer })
    return { status: 201, json: await gitCommitJson(world, repository, sha) }
  }

  const refJson = (repository: Repository, ref: string, sha: string, type = 'commit'): Json => ({
    ref,
    url: urlOf(repository, ref),
    object: { type, sha, url: urlOf(repository, `${type}s/${sha}`) },
  })

  async function getRef(ask: Ask): Promise<Answer> {
    const repository = reading(ask)
    const ref = `refs/${ask.params.ref}`
    const sha = repository.store.ref(ref)
    if (sha === null) throw notFound()
    return { status: 200, json: refJson(repository, ref, sha) }
  }

  async function matchingRefs(ask: Ask): Promise<Answer> {
    const repository = reading(ask)
    const found = await repository.store.refs(`refs/${ask.params.ref}`)
    return page(
      ask,
      world.url,
      [...found].map(([ref, sha]) => refJson(repository, ref, sha)),
    )
  }

  async function moved(ask: Ask, repository: Repository, ref: string, before: string, after: string): Promise<void> {
    await refsMoved(world, repository, [{ ref, before, after }], ask.who, await actorOf(world, ask.who))
  }

  async function existing(repository: Repository, sha: string): Promise<void> {
    if (!shaPattern.test(sha) || (await repository.store.typeOf(sha)) !== 'commit')
      throw new Refused(422, 'Object does not exist')
  }

  async function postRef(ask: Ask): Promise<Answer> {
    const repository = writing(ask)
    const ref = stringField(ask.body, 'ref')
    const sha = stringField(ask.body, 'sha')
    if (!/^refs\/(heads|tags)\/.+/.test(ref)) throw new Refused(422, 'Reference name is invalid')
    await existing(repository, sha)
    if (!(await repository.store.moveRef(ref, sha, null))) throw new Refused(422, 'Reference already exists')
    await moved(ask, repository, ref, zeros, sha)
    return { status: 201, json: refJson(repository, ref, sha) }
  }

  async function patchRef(ask: Ask): Promise<Answer> {
    const repository = writing(ask)
    const ref = `refs/${ask.params.ref}`
    const sha = stringField(ask.body, 'sha')
    const before = repository.store.ref(ref)
    if (before === null) throw new Refused(422, 'Reference does not exist')
    await existing(repository, sha)
    const fast = await repository.store.isAncestor(before, sha)
    if (ask.body.force !== true && !fast) throw new Refused(422, 'Update is not a fast forward')
    // The old value is named: a push that came between is a refusal and not an overwrite.
    if (!(await repository.store.moveRef(ref, sha, before))) throw new Refused(409, 'Reference cannot be updated')
    if (before !== sha) await moved(ask, repository, ref, before, sha)
    return { status: 200, json: refJson(repository, ref, sha) }
  }

  async function deleteRef(ask: Ask): Promise<Answer> {
    const repository = writing(ask)
    const ref = `refs/${ask.params.ref}`
    const before = repository.store.ref(ref)
    if (before === null) throw new Refused(422, 'Reference does not exist')
    if (ref === 'refs/heads/main') throw new Refused(422, 'Cannot delete the default branch')
    await repository.store.deleteRef(ref)
    await moved(ask, repository, ref, before, zeros)
    return { status: 204 }
  }

  return [
    route('GET', `${base}/blobs/:sha`, getBlob),
    route('POST', `${base}/blobs`, postBlob),
    route('GET', `${base}/trees/:sha+`, getTree),
    route('POST', `${base}/trees`, postTree),
    route('GET', `${base}/commits/:sha`, getCommit),
    route('POST', `${base}/commits`, postCommit),
    route('GET', `${base}/ref/:ref+`, getRef),
    route('GET', `${base}/matching-refs/:ref+`, matchingRefs),
    route('POST', `${base}/refs`, postRef),
    route('PATCH', `${base}/refs/:ref+`, patchRef),
    route('DELETE', `${base}/refs/:ref+`, deleteRef),
  ]
}

export async function gitCommitJson(world: World, repository: Repository, sha: string): Promise<Json> {
  const commit = shaPattern.test(sha) ? await repository.store.commit(sha) : null
  if (commit === null) throw notFound()
  const url = (rest: string): string => `${world.url}/repos/${repository.fullName}/git/${rest}`
  return {
    sha,
    url: url(`commits/${sha}`),
    html_url: `${world.url}/${repository.fullName}/commit/${sha}`,
    author: commit.author,
    committer: commit.committer,
    message: commit.message,
    tree: { sha: commit.tree, url: url(`trees/${commit.tree}`) },
    parents: commit.parents.map((parent) => ({ sha: parent, url: url(`commits/${parent}`) })),
    verification: { verified: false, reason: 'unsigned', signature: null, payload: null },
  }
}

async function treeChange(repository: Repository, entry: Json, base: string | null): Promise<TreeChange> {
  const { path, mode, sha, content } = entry
  if (typeof path !== 'string' || typeof mode !== 'string' || !modes.includes(mode))
    throw new Refused(422, 'Must supply a valid tree.mode and tree.path')
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git')) {
    throw new Refused(422, 'tree.path contains a malformed path component')
  }
  const known = mode as TreeChange['mode']
  if (sha === null) {
    const there = base !== null && (await repository.store.tree(base, true)).some((one) => one.path === path)
    if (!there) throw new Refused(422, 'GitRPC::BadObjectState')
    return { path, mode: known, sha: null }
  }
  if (typeof content === 'string')
    return { path, mode: known as FileMode, sha: await repository.store.writeBlob(Buffer.from(content)) }
  if (typeof sha !== 'string' || !shaPattern.test(sha))
    throw new Refused(422, 'Must supply either tree.sha or tree.content')
  const type = await repository.store.typeOf(sha)
  if (known !== '160000' && type !== (known === '040000' ? 'tree' : 'blob'))
    throw new Refused(422, `tree.sha ${sha} is not a valid ${known === '040000' ? 'tree' : 'blob'}`)
  return { path, mode: known, sha }
}

function signatureOf(given: unknown, fallback: Identified): Identified {
  if (given === null || typeof given !== 'object') return fallback
  const { name, email, date } = given as Json
  return {
    name: typeof name === 'string' ? name : fallback.name,
    email: typeof email === 'string' ? email : fallback.email,
    date: typeof date === 'string' ? date : fallback.date,
  }
}
