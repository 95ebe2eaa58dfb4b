import { join } from 'node:path'
import { createActions } from './actions.ts'
import { checkRoutes } from './checks.ts'
import { createCi } from './ci.ts'
import { collaboratorRoutes } from './collaborators.ts'
import type { Files, GitHub, GitHubOptions } from './contract.ts'
import { newActionsApp, newApp, startEmulator } from './emulator.ts'
import { filesBelow } from './files.ts'
import { createFront } from './front.ts'
import { gitDataRoutes } from './git-api.ts'
import { initStore } from './git-store.ts'
import { historyRoutes } from './history-api.ts'
import { hookRoutes } from './hook-api.ts'
import { createIdentities } from './identity.ts'
import { mergeRoutes } from './merge.ts'
import { startOidc } from './oidc.ts'
import { createPerson } from './people.ts'
import { createProxy } from './proxy.ts'
import { pullRoutes } from './pulls.ts'
import { pushRoutes } from './pushes.ts'
import { reactionRoutes } from './reactions.ts'
import { close, listen } from './server.ts'
import { statusRoutes } from './statuses.ts'
import { talkRoutes } from './talk.ts'
import { tokenRoutes } from './tokens.ts'
import { createHooks } from './webhooks.ts'
import type { Repository, World } from './world.ts'

/** What Purser's `app.yml` asks for. */
const appPermissions = {
  metadata: 'read',
  statuses: 'read',
  contents: 'write',
  pull_requests: 'write',
  issues: 'write',
  checks: 'write',
  actions: 'write',
} as const

const purserApp = { id: 4711, installationId: 9_004_711 }

/** Ids of reactions, statuses, runs and jobs; far above what `emulate` counts up from 1. */
const firstId = 1_000_000

export async function startGitHub(options: GitHubOptions): Promise<GitHub> {
  const { dir, seed } = options
  const now = options.now ?? (() => new Date())
  const slug = options.app.slug ?? 'purser'
  const purser = newApp(
    { id: purserApp.id, slug, name: 'Purser' },
    purserApp.installationId,
    options.app.permissions ?? appPermissions,
  )
  const actionsApp = newActionsApp()
  const identities = createIdentities(new Map([purser, actionsApp].map((app) => [app.id, app.key.publicKey])))
  const tokenOf = (login: string): string => `ghp_${login}`

  const front = createFront()
  const url = await listen(front.server)
  const logins = Object.keys(seed.users)
  const emulator = await startEmulator(
    url,
    {
      owner: seed.owner,
      repositories: [seed.repo, ...Object.keys(seed.others ?? {})],
      privates: seed.privates ?? [],
      users: logins,
      members: logins.filter((login) => seed.users[login] !== 'none'),
      tokens: Object.fromEntries(logins.map((login) => [tokenOf(login), login])),
      apps: [purser, actionsApp],
    },
    now,
  )
  const oidc = await startOidc(now)
  const hooks = createHooks(options.app.webhookSecret, options.app.webhookUrl, now)

  let lastId = firstId
  const world: World = {
    url,
    dir,
    owner: seed.owner,
    now,
    identities,
    hooks,
    repositories: new Map(),
    permissions: new Map(Object.entries(seed.users)),
    app: { ...purserApp, slug, privateKey: purser.key.pem },
    emulate: emulator.ask,
    onPush: [],
    onHead: [],
    nextId: () => ++lastId,
    async appToken(app, permissions) {
      const seeded = app === 'purser' ? purser : actionsApp
      const token = await emulator.installationToken(seeded, permissions ?? seeded.permissions)
      const kind = app === 'purser' ? 'app' : 'job'
      identities.add(token, {
        kind,
        login: `${seeded.slug}[bot]`,
        app: seeded,
        permissions: permissions ?? seeded.permissions,
      })
      return token
    },
  }
  for (const [login, permission] of world.permissions)
    identities.add(tokenOf(login), { kind: 'person', login, permission })
  for (const [name, files] of Object.entries({ [seed.repo]: seed.files, ...seed.others }))
    await addRepository(world, name, files)
  // `emulate` makes an App's bot user when it first acts: here by an update of a check run that doesn't exist.
  for (const app of ['purser', 'actions'] as const) {
    await emulator.send(
      'PATCH',
      `/repos/${seed.owner}/${seed.repo}/check-runs/0`,
      Buffer.from('{}'),
      await world.appToken(app),
    )
  }

  const repository = world.repositories.get(`${seed.owner}/${seed.repo}`)
  if (!repository) throw new Error('the seeded repository is missing')
  const forward = createProxy(emulator)
  const actions = createActions(world, options.actions ?? null, oidc)
  const ci = await createCi(world, options.ci ?? null, join(dir, 'ci'))
  front.serve(
    world,
    [
      ...tokenRoutes(world, forward, [purser, actionsApp]),
      ...gitDataRoutes(world),
      ...pullRoutes(world, forward),
      ...mergeRoutes(world),
      ...talkRoutes(world, forward),
      ...checkRoutes(world, forward),
      ...statusRoutes(world),
      ...reactionRoutes(world),
      ...collaboratorRoutes(world),
      ...pushRoutes(world),
      ...actions.routes,
      ...historyRoutes(world),
      ...hookRoutes(world),
    ],
    forward,
  )

  const people = new Map(logins.map((login) => [login, createPerson(world, repository, login, tokenOf(login))]))

  async function settled(): Promise<void> {
    // A webhook may start a job, a job may push, a push may start a check: quiet is when a whole round saw nothing new.
    for (let before = -1; before !== front.calls.length + hooks.deliveries().length; ) {
      before = front.calls.length + hooks.deliveries().length
      await hooks.settled()
      await actions.api.idle()
      await ci.idle()
    }
  }

  return {
    url,
    repository,
    app: { ...world.app, token: () => world.appToken('purser') },
    jobToken: (permissions) => world.appToken('actions', permissions),
    oidc,
    hooks,
    actions: actions.api,
    ci,
    person(login, repo) {
      const other = repo === undefined ? undefined : world.repositories.get(`${seed.owner}/${repo}`)
      const person = other ? createPerson(world, other, login, tokenOf(login)) : people.get(login)
      if (!person) throw new Error(`nobody called ${login} was seeded: ${logins.join(', ')}`)
      return person
    },
    tokenOf,
    calls: () => [...front.calls],
    fail: (fault) => void front.faults.push({ ...fault, left: fault.times ?? 1 }),
    settled,
    async close() {
      hooks.close()
      await actions.close()
      await ci.idle()
      await Promise.all([close(front.server), emulator.close(), oidc.close()])
    },
  }
}

/** A bare repository with the seeded files as the first commit on `main`. */
async function addRepository(world: World, name: string, files: Files | string): Promise<void> {
  const fullName = `${world.owner}/${name}`
  const json = await world.emulate('GET', `/repos/${fullName}`)
  const gitDir = join(world.dir, 'repositories', `${fullName}.git`)
  const store = await initStore(gitDir)
  const repository: Repository = {
    id: Number(json.id),
    owner: world.owner,
    ownerId: Number((json.owner as { id: number }).id),
    name,
    fullName,
    gitDir,
    store,
    fork: false,
    pulls: new Map(),
    activity: [],
    statuses: [],
    checks: new Map(),
    events: new Map(),
    touched: new Map(),
    comments: [],
  }
  world.repositories.set(fullName, repository)
  const author = { name: world.owner, email: `${world.owner}@example.com`, date: world.now().toISOString() }
  const seeded = typeof files === 'string' ? filesBelow(files) : files
  await store.setRef('refs/heads/main', await store.commitFiles(null, seeded, 'Initial commit', author))
}
