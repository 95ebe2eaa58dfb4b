import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Call, Fault } from './contract.ts'
import { gitRequest, serveGit } from './git-http.ts'
import { atLeast, type Identity } from './identity.ts'
import { movesBetween, refsMoved } from './pushes.ts'
import { type Answer, type Ask, match, parseJson, Refused, type Route, readBody, send } from './router.ts'
import { actorOf, type World } from './world.ts'

const callsMax = 10_000

export type Front = {
  server: Server
  calls: Call[]
  faults: (Fault & { left: number })[]
  /** Nothing is answered before this is set. */
  serve(world: World, routes: Route[], forward: (ask: Ask) => Promise<Answer>): void
}

/** The one door to the world's GitHub: it knows who asks, keeps the journal, applies faults and finds the route. */
export function createFront(): Front {
  const calls: Call[] = []
  const faults: (Fault & { left: number })[] = []
  let ready: { world: World; routes: Route[]; forward: (ask: Ask) => Promise<Answer> } | null = null
  let last: Promise<unknown> = Promise.resolve()

  /** Changes happen one after the other, so that webhooks are queued in the order of what caused them. */
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = last.then(change, change)
    last = turn.catch(() => undefined)
    return turn
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (ready === null) return send(response, { status: 503, json: { message: 'starting' } })
    const url = new URL(request.url ?? '/', ready.world.url)
    const git = gitRequest(url.pathname)
    if (git) return answerGit(ready.world, request, response, url, git)
    const path = url.pathname.replace(/^\/api\/v3(?=\/)/, '')
    const { who, token } = await ready.world.identities.read(request.headers.authorization)
    const call: Call = {
      method: request.method ?? 'GET',
      path,
      status: 0,
      who: kindOf(who),
      login: who.login,
      body: null,
    }
    keep(call)
    let result: Answer
    try {
      const raw = await readBody(request)
      const ask: Ask = {
        method: call.method,
        path,
        query: url.searchParams,
        params: {},
        headers: request.headers,
        raw,
        body: parseJson(raw),
        who,
        token,
      }
      call.body = ask.body
      result = await act(ask, ready.routes, ready.forward)
    } catch (error) {
      result = refusal(error)
    }
    result = conditional(request, result)
    call.status = result.status
    send(response, result)
  }

  async function act(ask: Ask, routes: Route[], forward: (ask: Ask) => Promise<Answer>): Promise<Answer> {
    if (ask.who.kind === 'unknown') throw new Refused(401, 'Bad credentials')
    const fault = takeFault(ask.method, ask.path)
    const failed = fault && {
      status: fault.status,
      json: { message: 'a fault that the test asked for' },
      headers: fault.headers ?? {},
    }
    if (failed && !fault.afterActing) return failed
    const found = match(routes, ask.method, ask.path)
    const handle = () => Promise.resolve(found ? found.route.handle({ ...ask, params: found.params }) : forward(ask))
    if (!found && ask.method !== 'GET' && ask.who.kind === 'anonymous')
      throw new Refused(401, 'Requires authentication')
    const result = await (ask.method === 'GET' ? handle() : inTurn(handle))
    return failed ?? result
  }

  async function answerGit(
    world: World,
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    git: { repository: string; rest: string },
  ): Promise<void> {
    const { who } = await world.identities.read(request.headers.authorization)
    const call: Call = {
      method: request.method ?? 'GET',
      path: url.pathname,
      status: 0,
      who: kindOf(who),
      login: who.login,
      body: null,
    }
    keep(call)
    const repository = world.repositories.get(git.repository)
    const pushing = git.rest === 'git-receive-pack' || url.searchParams.get('service') === 'git-receive-pack'
    const fault = takeFault(call.method, url.pathname)
    const refused = fault?.status ?? (repository ? gitRefusal(who, pushing, repository.owner) : 404)
    if (!repository || refused !== null) {
      call.status = refused ?? 404
      response.writeHead(call.status, call.status === 401 ? { 'www-authenticate': 'Basic realm="GitHub"' } : {})
      response.end()
      return
    }
    const at = { gitDir: repository.gitDir, rest: git.rest, user: who.login ?? 'anonymous' }
    if (git.rest !== 'git-receive-pack') {
      call.status = await serveGit(request, response, at, async () => undefined)
      return
    }
    await inTurn(async () => {
      const before = await repository.store.refs()
      call.status = await serveGit(request, response, at, async () => {
        const moves = movesBetween(before, await repository.store.refs())
        if (moves.length > 0) await refsMoved(world, repository, moves, who, await actorOf(world, who))
      })
    })
  }

  function keep(call: Call): void {
    calls.push(call)
    if (calls.length > callsMax) calls.shift()
  }

  function takeFault(method: string, path: string): Fault | null {
    const fault = faults.find((one) => one.left > 0 && (one.method ?? method) === method && one.path.test(path))
    if (!fault) return null
    fault.left -= 1
    return fault
  }

  return {
    server: createServer((request, response) => {
      // A client that gave up, or a stand-in that broke while git was answering: the connection ends, and it shows.
      answer(request, response).catch(() => response.destroy())
    }),
    calls,
    faults,
    serve: (world, routes, forward) => {
      ready = { world, routes, forward }
    },
  }
}

/** Anybody may fetch, as the repositories are public; who sends credentials has to send good ones. */
function gitRefusal(who: Identity, pushing: boolean, owner: string): number | null {
  if (who.kind === 'unknown' || who.kind === 'jwt') return 401
  if (!pushing) return null
  if (who.login === null) return 401
  if (who.kind === 'person') return atLeast(who.permission, 'write') || who.login === owner ? null : 403
  return who.permissions.contents === 'write' ? null : 403
}

function kindOf(who: Identity): Call['who'] {
  return who.kind === 'jwt' ? 'app' : who.kind
}

function refusal(error: unknown): Answer {
  if (error instanceof Refused)
    return { status: error.status, json: { message: error.message, documentation_url: 'https://docs.github.com/rest' } }
  // A bug of the stand-in must be seen as one, and not be taken for GitHub's answer.
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { status: 500, json: { message: `the stand-in broke: ${message}` } }
}

/** GitHub marks what it answers, and says no more than that where the asker has just that. */
function conditional(request: IncomingMessage, answer: Answer): Answer {
  if (request.method !== 'GET' || answer.status !== 200 || answer.json === undefined) return answer
  const etag = `"${createHash('sha256').update(JSON.stringify(answer.json)).digest('hex')}"`
  if (request.headers['if-none-match'] === etag) return { status: 304, headers: { etag } }
  return { ...answer, headers: { ...answer.headers, etag } }
}
