/** The two ways to a server: a program in the sandbox by its standard input and output, an address by HTTP. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ReadBuffer, serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { ErrorCode, type JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { createParser } from 'eventsource-parser'
import type { McpServer } from '../../core/config/mcp.ts'
import { boundedFetch } from '../model/bounded-fetch.ts'
import { killGroup } from '../sandbox/process.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'

/** Of one message. */
const MESSAGE_BYTES_MAX = 8_000_000
/** Lines of a program that are no messages, as words of its start; one that prints more is ended. */
const STRAY_LINES_MAX = 1_000
/** Of all that a program says in one step. */
const PRINTED_BYTES_MAX = 100_000_000
/** Of what a program complains of, for the message that says why it can't be used. */
const COMPLAINT_CHARACTERS_MAX = 2_000

export interface McpTransport extends Transport {
  /** What a program printed on its standard error last. */
  readonly complaint?: string
}

/** `hosts`: those that a program may reach. */
export function openTransport(server: McpServer, sandbox: Sandbox, hosts: readonly string[]): McpTransport {
  if ('command' in server) return new ProgramTransport(() => sandbox.start(server.command, server.env ?? {}, hosts))
  const url = new URL(server.url)
  // The SDK's types give `sessionId` and handlers that may be undefined, which exact optional properties don't take.
  return new StreamableHTTPClientTransport(url, {
    fetch: fetchOnly(url),
    requestInit: { headers: { ...server.headers } },
  }) as Transport
}

/** Asks the declared address and nothing else; what is sent there may not be sent on. */
function fetchOnly(declared: URL): (asked: string | URL, init?: RequestInit) => Promise<Response> {
  return async (asked, init) => {
    if (new URL(asked).href !== declared.href) throw new Error('another address than the declared one was to be asked')
    const response = await boundedFetch(declared, { ...init, redirect: 'manual' })
    const { status, body, headers } = response
    if (status >= 300 && status < 400 && status !== 304)
      throw new Error(`it answered with a redirect (HTTP ${status}), which is not followed`)
    if (body === null || init?.method !== 'POST' || !headers.get('content-type')?.includes('event-stream'))
      return response
    const { id } = JSON.parse(String(init.body)) as { id?: unknown }
    return new Response(ReadableStream.from(withLastWord(body, id)), { status, headers })
  }
}

/**
 * The SDK waits for what broke off until the call's time is up, unless the server gave its events ids to take it up again by. So its
 * end is told as an answer, which is nobody's where there was one.
 */
async function* withLastWord(body: AsyncIterable<Uint8Array>, id: unknown): AsyncGenerator<Uint8Array> {
  let mayGoOn = false
  const decoder = new TextDecoder()
  const events = createParser({
    onEvent({ id }) {
      mayGoOn ||= id !== undefined
    },
  })
  try {
    for await (const chunk of body) {
      events.feed(decoder.decode(chunk, { stream: true }))
      yield chunk
    }
  } catch (error) {
    if (mayGoOn) throw error
  }
  const error = { code: ErrorCode.ConnectionClosed, message: 'its answer broke off' }
  if (!mayGoOn) yield Buffer.from(`\n\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, error })}\n\n`)
}

class ProgramTransport implements McpTransport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage) => void
  readonly #open: () => Promise<ChildProcessWithoutNullStreams>
  readonly #buffer = new ReadBuffer({ maxBufferSize: MESSAGE_BYTES_MAX })
  #child: ChildProcessWithoutNullStreams | undefined
  #complaint = ''
  #isClosed = false
  #printed = 0
  #stray = 0

  constructor(open: () => Promise<ChildProcessWithoutNullStreams>) {
    this.#open = open
  }

  get complaint(): string {
    return this.#complaint
  }

  async start(): Promise<void> {
    const child = await this.#open()
    if (this.#isClosed) killGroup(child)
    this.#child = child
    child.stdout.on('data', (chunk: Buffer) => this.#take(chunk))
    child.stderr.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString('utf8')).slice(-COMPLAINT_CHARACTERS_MAX)
    })
    // A program that has ended can't be written to: its end is told by `close`.
    child.stdin.on('error', () => {})
    child.on('error', (error) => this.onerror?.(error))
    child.on('close', () => this.#ended())
    child.on('exit', () => killGroup(child))
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#child === undefined) throw new Error('the program has ended')
    // What does not fit into the pipe waits in memory: no more than one call's arguments, since calls wait for answers.
    this.#child.stdin.write(serializeMessage(message))
  }

  async close(): Promise<void> {
    const child = this.#child
    this.#isClosed = true
    if (child === undefined) return
    killGroup(child)
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
    this.#ended()
  }

  #take(chunk: Buffer): void {
    this.#printed += chunk.length
    try {
      this.#buffer.append(chunk)
    } catch {
      this.#printed = Number.POSITIVE_INFINITY
    }
    while (this.#child !== undefined && this.#printed <= PRINTED_BYTES_MAX && this.#stray <= STRAY_LINES_MAX) {
      const message = this.#next()
      if (message === null) return
      if (message !== 'stray') this.onmessage?.(message)
    }
    if (this.#child === undefined) return
    this.#complaint = `It printed too much. ${this.#complaint}`
    void this.close()
  }

  /** A line that is no message is a program's own word: the next one may be one. */
  #next(): JSONRPCMessage | 'stray' | null {
    try {
      return this.#buffer.readMessage()
    } catch {
      this.#stray += 1
      return 'stray'
    }
  }

  #ended(): void {
    if (this.#child === undefined) return
    this.#child = undefined
    this.onclose?.()
  }
}
