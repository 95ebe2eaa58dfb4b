/** The App's one HTTP server: webhooks, the runner's door, and a word for people and for health checks. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { refuse } from '../core/reason.ts'
import { isAway } from './database/problems.ts'
import { sendRefusal } from './door/answer.ts'
import { sendText } from './http.ts'
import type { Logger } from './log.ts'
import type { HandleRequest } from './webhooks/webhooks.ts'

export const WEBHOOK_PATH = '/api/github/webhooks'

/** A whole request has to be in by then; webhooks of 25 MB are the largest. */
const REQUEST_MS_MAX = 60_000
/**
 * An idle connection is kept longer than those in front keep it, of whom many take 60 s: whoever closes last closes none on which a
 * request is just coming.
 */
const IDLE_MS_MAX = 75_000
/** Requests that are under way when the App stops have so long to end. */
const STOP_MS_MAX = 10_000
const IDLE_LOOK_MS = 50

export interface Doors {
  readonly webhook: HandleRequest
  readonly door: (request: IncomingMessage, response: ServerResponse, path: string) => Promise<boolean>
  /** Throws when the App can't work. */
  readonly isHealthy: () => Promise<void>
  /** Told when a job could not be heard, since the database could not be reached. */
  readonly unheard: () => void
  readonly log: Logger
}

/** `underWay`: what is not answered yet. */
export type AppServer = Server & { readonly underWay: ReadonlySet<ServerResponse> }

export async function startServer(doors: Doors, host: string, port: number): Promise<AppServer> {
  const underWay = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    underWay.add(response.once('close', () => underWay.delete(response)))
    void route(doors, request, response)
  })
  server.requestTimeout = REQUEST_MS_MAX
  server.keepAliveTimeout = IDLE_MS_MAX
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return Object.assign(server, { underWay })
}

/** Lets requests that are under way end; one that takes longer, or never ends, is cut off. */
export async function stopServer(server: AppServer, msMax = STOP_MS_MAX): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  // One that is answered now is idle afterwards. One on which nothing was asked yet, as browsers keep some, counts as busy for Node.
  const idle = setInterval(
    () => (server.underWay.size > 0 ? server.closeIdleConnections() : server.closeAllConnections()),
    IDLE_LOOK_MS,
  )
  const cutOff = setTimeout(() => server.closeAllConnections(), msMax)
  await closed
  clearInterval(idle)
  clearTimeout(cutOff)
}

async function route(doors: Doors, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
  try {
    if (path === WEBHOOK_PATH && request.method === 'POST') return await doors.webhook(request, response)
    if (path === '/healthz') return await health(doors, response)
    if (path.startsWith('/api/') && (await doors.door(request, response, path))) return
    if (path === '/' && request.method === 'GET') return sendText(response, 200, 'Purser is running.')
    sendText(response, 404, 'There is nothing here.')
  } catch (error) {
    doors.log.error({ err: error, path: pathShown(path) }, 'request failed')
    if (path.startsWith('/api/v1/') && isAway(error)) doors.unheard()
    if (response.headersSent) response.destroy()
    // A report is taken again; to everything else "no" is an answer, since nothing new may be spent unseen.
    else if (path.startsWith('/api/v1/') && !path.endsWith('/finish')) {
      sendRefusal(response, refuse('ledger-unreachable'))
    } else sendText(response, 503, 'Not now; try again.')
  }
}

async function health(doors: Doors, response: ServerResponse): Promise<void> {
  await doors.isHealthy()
  sendText(response, 200, 'ok')
}

/** A path is the caller's to choose, and only Purser's own belong into the log. */
function pathShown(path: string): string {
  return /^\/(api\/(v1\/runs|github\/webhooks)|healthz)/.exec(path)?.[0] ?? 'other'
}
