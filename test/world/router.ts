import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Identity } from './identity.ts'

/** A request that the overlay answers itself or hands on to `emulate`. */
export type Ask = {
  method: string
  /** Without the query; undecoded. */
  path: string
  query: URLSearchParams
  params: Record<string, string>
  headers: IncomingHttpHeaders
  raw: Buffer
  /** The parsed JSON body, `{}` when there is none. */
  body: Record<string, unknown>
  who: Identity
  token: string | null
}

export type Answer = {
  status: number
  json?: unknown
  text?: string
  headers?: Record<string, string>
}

export type Handler = (ask: Ask) => Promise<Answer> | Answer

export type Route = { method: string; pattern: RegExp; handle: Handler }

/** Bodies above this are refused: GitHub's own bound for a blob is 100 MB, tests need far less. */
const bodyBytesMax = 32 * 1024 * 1024

/** What GitHub answers when it says no. Thrown by handlers, turned into an answer in one place. */
export class Refused extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export const notFound = (): Refused => new Refused(404, 'Not Found')

/**
 * `/repos/:owner/:repo/git/refs/:ref+` matches one segment for `:name` and any number for `:name+`.
 * Values are decoded.
 */
export function route(method: string, path: string, handle: Handler): Route {
  const source = path
    .replace(/[.()[\]]/g, '\\$&')
    .replace(/:(\w+)(\+?)/g, (_, name, many) => `(?<${name}>${many ? '.+' : '[^/]+'})`)
  return { method, pattern: new RegExp(`^${source}/?$`), handle }
}

export function match(
  routes: Route[],
  method: string,
  path: string,
): { route: Route; params: Record<string, string> } | null {
  for (const candidate of routes) {
    if (candidate.method !== method) continue
    const found = candidate.pattern.exec(path)
    if (!found) continue
    const params = Object.entries(found.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)])
    return { route: candidate, params: Object.fromEntries(params) }
  }
  return null
}

/** A request's body, or an answer's. By events, a tenth of what iterating takes. */
export function readBody(message: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    message.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > bodyBytesMax) reject(new Refused(413, 'Payload too large'))
      else chunks.push(chunk)
    })
    message.once('end', () => resolve(Buffer.concat(chunks)))
    message.once('error', reject)
  })
}

export function parseJson(raw: Buffer): Record<string, unknown> {
  if (raw.length === 0) return {}
  try {
    const value: unknown = JSON.parse(raw.toString())
    if (value === null || typeof value !== 'object') throw new Error('not an object')
    return value as Record<string, unknown>
  } catch {
    throw new Refused(400, 'Problems parsing JSON')
  }
}

export function send(response: ServerResponse, answer: Answer): void {
  if (answer.text !== undefined) {
    response.writeHead(answer.status, { 'content-type': 'text/plain; charset=utf-8', ...answer.headers })
    response.end(answer.text)
    return
  }
  if (answer.json === undefined) {
    response.writeHead(answer.status, answer.headers)
    response.end()
    return
  }
  response.writeHead(answer.status, { 'content-type': 'application/json; charset=utf-8', ...answer.headers })
  response.end(JSON.stringify(answer.json))
}

/** One page of a list, by `per_page` and `page`, with GitHub's `Link` header when more follows. */
export function page(
  ask: Ask,
  origin: string,
  items: unknown[],
  wrap: (items: unknown[]) => unknown = (all) => all,
): Answer {
  const size = Math.min(100, Math.max(1, Number(ask.query.get('per_page') ?? 30) || 30))
  const number = Math.max(1, Number(ask.query.get('page') ?? 1) || 1)
  const json = wrap(items.slice((number - 1) * size, number * size))
  if (number * size >= items.length) return { status: 200, json }
  const link = (to: number, rel: string): string => {
    const query = new URLSearchParams(ask.query)
    query.set('page', String(to))
    return `<${origin}${ask.path}?${query}>; rel="${rel}"`
  }
  const last = Math.ceil(items.length / size)
  return { status: 200, json, headers: { link: `${link(number + 1, 'next')}, ${link(last, 'last')}` } }
}

/** A field of a request's body that has to be a string. */
export function stringField(body: Record<string, unknown>, name: string): string {
  const value = body[name]
  if (typeof value !== 'string' || value === '') throw new Refused(422, `Invalid request. "${name}" wasn't supplied.`)
  return value
}
