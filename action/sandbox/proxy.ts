/**
 * The one way out of a sandbox whose command may reach some hosts: an HTTP proxy on a socket of this process, outside.
 * Inside there is no network at all. A connection is made only to a host that is declared, by an address that was looked
 * up out here and may be connected to; all else is refused by name.
 */
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type HostRule, ruleFor } from '../../core/plan/host.ts'
import { mayConnect } from './network-address.ts'

const CONNECT_TIMEOUT_MS = 30_000
const CONNECTIONS_MAX = 200
/** Of hosts that were refused, to be told at the end. */
const REFUSED_MAX = 20
/** Meant for the proxy alone. */
const HOP_BY_HOP = ['connection', 'proxy-connection', 'proxy-authorization', 'keep-alive', 'te', 'trailer', 'upgrade']

export interface HostProxy {
  /** `host:port` of what was asked for and is not declared, or has no address that may be connected to. */
  refused(): readonly string[]
  close(): Promise<void>
}

export type Resolve = (host: string) => Promise<readonly string[]>

const resolveName: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address)

export async function openProxy(
  socketPath: string,
  rules: readonly HostRule[],
  resolve: Resolve = resolveName,
): Promise<HostProxy> {
  const refused = new Set<string>()
  const sockets = new Set<Duplex>()

  /** Where to connect to, or why not. */
  async function addressOf(host: string, port: number): Promise<{ address: string } | { problem: string }> {
    const name = host.replace(/^\[|\]$/g, '')
    const rule = ruleFor(rules, isIP(name) === 6 ? `[${name}]` : name, port)
    const refuse = (why: string) => {
      if (refused.size < REFUSED_MAX) refused.add(`${name}:${port}`)
      return { problem: `Purser: ${name}:${port} ${why}` }
    }
    if (rule === undefined) return refuse('is not among the hosts that the workflow declares')
    const addresses = isIP(name) === 0 ? await resolve(name).catch(() => []) : [name]
    if (addresses.length === 0) return { problem: `Purser: ${name} has no address` }
    const address = addresses.find((one) => mayConnect(rule, one))
    return address === undefined ? refuse('is an address of this machine or its network') : { address }
  }

  async function tunnel(asked: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const target = /^(\[[0-9a-fA-F:.]+\]|[^:/@\s]+):(\d{1,5})$/.exec(asked.url ?? '')
    const [, host, port] = target ?? []
    if (host === undefined || port === undefined) return void client.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    const found = await addressOf(host, Number(port))
    if ('problem' in found) return void client.end(`HTTP/1.1 403 ${found.problem}\r\n\r\n`)
    const server = await dial(found.address, Number(port))
    if (server === undefined) return void client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    server.write(head)
    join(client, server)
  }

  async function dial(address: string, port: number): Promise<Socket | undefined> {
    const server = connect({ host: address, port, allowHalfOpen: true })
    sockets.add(server)
    server.on('close', () => sockets.delete(server))
    server.on('error', () => server.destroy())
    try {
      await once(server, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) })
      return server
    } catch {
      server.destroy()
      return undefined
    }
  }

  async function forward(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = URL.canParse(asked.url ?? '') ? new URL(asked.url ?? '') : undefined
    if (url?.protocol !== 'http:') return void answer.writeHead(400).end('Purser: this is a proxy\n')
    const port = Number(url.port || '80')
    const found = await addressOf(url.hostname, port)
    if ('problem' in found) return void answer.writeHead(403).end(`${found.problem}\n`)
    const headers = { ...asked.headers, host: url.host }
    for (const name of HOP_BY_HOP) delete headers[name as keyof typeof headers]
    const path = `${url.pathname}${url.search}`
    const sent = request({
      host: found.address,
      port,
      path,
      method: asked.method,
      headers,
      timeout: CONNECT_TIMEOUT_MS,
    })
    sent.on('timeout', () => sent.destroy())
    sent.on('error', () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end('Purser: no answer\n')))
    sent.on('response', (got) => {
      const passed = { ...got.headers }
      for (const name of HOP_BY_HOP) delete passed[name]
      answer.writeHead(got.statusCode ?? 502, passed)
      got.on('error', () => answer.destroy())
      got.pipe(answer)
    })
    answer.on('close', () => {
      // What the host did not want of it: left unread it would hold up the next request on the connection for ever.
      asked.unpipe(sent).resume()
      sent.destroy()
    })
    asked.pipe(sent)
  }

  const server = createServer((asked, answer) => void forward(asked, answer).catch(() => answer.destroy()))
  server.maxConnections = CONNECTIONS_MAX
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  })
  server.on('connect', (asked, client, head) => void tunnel(asked, client, head).catch(() => client.destroy()))
  server.listen(socketPath)
  await once(server, 'listening')
  return {
    refused: () => [...refused],
    async close() {
      for (const socket of sockets) socket.destroy()
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}

function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to)
    from.on('error', () => to.destroy())
    // What has come to its end in order may still be on its way to the other side.
    from.on('close', () => from.readableEnded || to.destroy())
  }
}
