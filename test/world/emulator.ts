import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { Agent, type IncomingMessage, request } from 'node:http'
import { createEmulator, type SeedConfig } from 'emulate'
import { SignJWT } from 'jose'
import type { AppIdentity } from './identity.ts'
import { notFound, readBody } from './router.ts'
import type { Json } from './world.ts'

export const actionsApp: AppIdentity = { id: 15368, slug: 'github-actions', name: 'GitHub Actions' }

const allWrite = ['contents', 'issues', 'pull_requests', 'checks', 'statuses', 'actions', 'packages', 'deployments']

export type SeededApp = AppIdentity & {
  installationId: number
  permissions: Record<string, string>
  key: AppKey
}

/** The App's key pair; `pem` is what the App is given of it. */
export type AppKey = { readonly publicKey: KeyObject; readonly privateKey: KeyObject; readonly pem: string }

export type EmulatorAnswer = { status: number; json: unknown; link: string | null }

export type Emulator = {
  send(method: string, path: string, raw: Buffer | null, token: string | null): Promise<EmulatorAnswer>
  /** As the site's administrator unless a token is given. Throws on a refusal, a 404 as GitHub's own. */
  ask(method: string, path: string, body?: unknown, token?: string): Promise<Json>
  /** An installation token as `emulate` gives it out, narrowed to `permissions`. */
  installationToken(app: SeededApp, permissions: Record<string, string>): Promise<string>
  close(): Promise<void>
}

export type EmulatorSeed = {
  owner: string
  repositories: string[]
  privates: readonly string[]
  users: string[]
  /** Users who are members of the owner, for `author_association`. */
  members: string[]
  /** Token to login. */
  tokens: Record<string, string>
  apps: SeededApp[]
}

export function newApp(app: AppIdentity, installationId: number, permissions: Record<string, string>): SeededApp {
  const key = keys.get(app.id) ?? newKey()
  keys.set(app.id, key)
  return { ...app, installationId, permissions, key }
}

/** Each App has the same key in all worlds of a process: to make one takes longer than much of what a test does with it. */
const keys = new Map<number, AppKey>()

/** Never read from its PEM again: that failed once, in a process of the tests that had run much else ("asn1 encoding: too long"). */
function newKey(): AppKey {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { ...pair, pem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

const accessTokens = (installationId: number): string => `/app/installations/${installationId}/access_tokens`

/** A sender or a repository. */
const IN_EACH_WEBHOOK = /^\/(users|repos\/[^/]+)\/[^/?]+$/

/** The App that `GITHUB_TOKEN`s belong to; a job gets the part of this that its `permissions:` name. */
export const newActionsApp = (): SeededApp =>
  newApp(actionsApp, 9_015_368, Object.fromEntries(allWrite.map((name) => [name, 'write'])))

/** Tokens of `emulate`'s own administrator, used in turn; the overlay doesn't know them, so nobody outside can use them. */
const administrators = Array.from({ length: 100 }, (_, index) => `world-administrator-${index}`)

/** `emulate` lets a token make 5,000 requests an hour, far fewer than a long story does: then it goes on with another of the same. */
const REQUESTS_MAX = 4_500
const TOKENS_EACH = 40
const another = (token: string, turn: number): string => (turn === 0 ? token : `${token}-${turn}`)

/**
 * Starts `emulate` for the overlay at `url`. It sends no webhooks itself: it doesn't wait for them, so their order
 * and their end couldn't be known. Links in its answers are turned to the overlay's address.
 */
export async function startEmulator(url: string, seed: EmulatorSeed, now: () => Date): Promise<Emulator> {
  const emulator = await createEmulator({ service: 'github', port: 0, seed: seedJson(seed) })
  const { port } = new URL(emulator.url)
  const restamp = createRestamp(now)

  // A third of what `fetch` takes, on a way that each request to GitHub goes.
  const agent = new Agent({ keepAlive: true })

  // They hardly ever change, and were a third of all requests.
  const known = new Map<string, Promise<Json>>()

  const uses = new Map<string, number>()
  /** Installation tokens, and what they were made for. */
  const issued = new Map<string, { readonly app: SeededApp; readonly permissions: Record<string, string> }>()
  const renewed = new Map<string, Promise<string>>()

  async function inTurn(token: string): Promise<string> {
    const used = uses.get(token) ?? 0
    uses.set(token, used + 1)
    const turn = Math.floor(used / REQUESTS_MAX)
    if (turn === 0 || token in seed.tokens) return another(token, turn)
    const made = issued.get(token)
    if (made === undefined) return token
    const renewal = renewed.get(another(token, turn)) ?? installationToken(made.app, made.permissions)
    renewed.set(another(token, turn), renewal)
    return renewal
  }

  async function send(method: string, path: string, raw: Buffer | null, token: string | null): Promise<EmulatorAnswer> {
    const headers = {
      'content-type': 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${await inTurn(token)}` }),
    }
    const body = raw === null || method === 'GET' ? Buffer.alloc(0) : raw
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { agent, host: '127.0.0.1', port, method, path }
      const attempt = () => {
        const sent = request({ ...options, headers: { ...headers, 'content-length': body.length } }, resolve)
        sent.on('error', (error: NodeJS.ErrnoException) => {
          // A connection that had rested was closed on the other side just then, so nobody has read the request.
          if (sent.reusedSocket && error.code === 'ECONNRESET') attempt()
          else reject(error)
        })
        sent.end(body)
      }
      attempt()
    })
    if (method !== 'GET' && IN_EACH_WEBHOOK.test(path)) known.clear()
    const text = restamp((await readBody(response)).toString().replaceAll(emulator.url, url))
    const { link } = response.headers
    const json = text === '' ? undefined : JSON.parse(text)
    const app = seed.apps.find(({ installationId }) => path === accessTokens(installationId))
    if (app && response.statusCode === 201) issued.set(json.token, { app, permissions: json.permissions })
    return {
      status: response.statusCode ?? 0,
      json,
      link: typeof link === 'string' ? link.replaceAll(emulator.url, url) : null,
    }
  }

  let asked = 0
  async function ask(method: string, path: string, body?: unknown, given?: string): Promise<Json> {
    if (method !== 'GET' || given !== undefined || !IN_EACH_WEBHOOK.test(path))
      return askAnew(method, path, body, given)
    const answer = known.get(path) ?? askAnew(method, path)
    known.set(path, answer)
    answer.catch(() => known.delete(path))
    return structuredClone(await answer)
  }

  async function askAnew(method: string, path: string, body?: unknown, given?: string): Promise<Json> {
    asked += 1
    const token = given ?? administrators[asked % administrators.length] ?? null
    const raw = body === undefined ? null : Buffer.from(JSON.stringify(body))
    const answer = await send(method, path, raw, token)
    if (answer.status === 404) throw notFound()
    if (answer.status >= 300)
      throw new Error(`emulate answered ${answer.status} to ${method} ${path}: ${JSON.stringify(answer.json)}`)
    return (answer.json ?? {}) as Json
  }

  async function installationToken(app: SeededApp, permissions: Record<string, string>): Promise<string> {
    const at = Math.floor(Date.now() / 1000)
    const claims = new SignJWT({})
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(String(app.id))
      .setIssuedAt(at - 30)
    const jwt = await claims.setExpirationTime(at + 300).sign(app.key.privateKey)
    const json = await ask('POST', accessTokens(app.installationId), { permissions }, jwt)
    return String(json.token)
  }

  async function close(): Promise<void> {
    agent.destroy()
    await emulator.close()
  }

  return { send, ask, installationToken, close }
}

function seedJson(seed: EmulatorSeed): SeedConfig {
  const tokens = Object.entries(seed.tokens).flatMap(([token, login]) =>
    Array.from({ length: TOKENS_EACH }, (_, turn) => [another(token, turn), { login, scopes: ['repo'] }]),
  )
  const members = seed.members.map((login) => ({ login, role: 'member' }))
  return {
    tokens: {
      ...Object.fromEntries(tokens),
      ...Object.fromEntries(administrators.map((token) => [token, { login: 'admin', scopes: ['repo', 'admin:org'] }])),
    },
    github: {
      users: seed.users.map((login) => ({ login, name: login, email: `${login}@example.com` })),
      orgs: [{ login: seed.owner, members: [{ login: 'admin', role: 'admin' }, ...members] }],
      repos: seed.repositories.map((name) => ({
        owner: seed.owner,
        name,
        auto_init: true,
        default_branch: 'main',
        private: seed.privates.includes(name),
      })),
      apps: seed.apps.map((app) => ({
        app_id: app.id,
        slug: app.slug,
        name: app.name,
        private_key: app.key.pem,
        permissions: app.permissions,
        events: [],
        installations: [{ installation_id: app.installationId, account: seed.owner, repository_selection: 'all' }],
      })),
    },
  }
}

/**
 * `emulate` stamps with the machine's clock. Each of its times is turned into what the world's clock said when that
 * time was first seen, which is in the answer to what caused it. When a token ends stays real.
 */
function createRestamp(now: () => Date): (text: string) => string {
  const known = new Map<string, string>()
  return (text) =>
    text.replace(/"(\w+)":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"/g, (whole, name: string, time: string) => {
      if (name === 'expires_at') return whole
      const stamp = known.get(time) ?? `${now().toISOString().slice(0, 19)}Z`
      known.set(time, stamp)
      return `"${name}":"${stamp}"`
    })
}
