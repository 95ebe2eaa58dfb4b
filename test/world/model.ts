import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { ChatRequest, Model, ModelCall, ModelOptions, ModelReply } from './model-contract.ts'
import { completion, completionChunks } from './model-reply.ts'
import { asChat, response as modelResponse, responseEvents } from './model-responses.ts'
import { close, listen } from './server.ts'

const callsMax = 1_000
const requestBytesMax = 16 * 1024 * 1024

/**
 * A model that says what a script tells it to, over OpenAI's chat completions and its Responses API, streamed or not.
 *
 * Written on node:http and not on aimock, which drops `cached_tokens` and `reasoning_tokens`: with a pass-through in
 * front that puts usage back, cuts streams and keeps silent, nothing of it would be left in use.
 */
export async function startModel(options: ModelOptions): Promise<Model> {
  const scripts = [...options.scripts]
  const calls: ModelCall[] = []
  const ending = new AbortController()
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) refuse(response, 500, `the scripted model broke: ${String(error)}`)
      else response.destroy()
    })
  })
  const origin = await listen(server)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', origin)
    if (request.method === 'GET' && pathname === '/v1/models') return json(response, 200, { object: 'list', data: [] })
    if (request.method !== 'POST' || !['/v1/chat/completions', '/v1/responses'].includes(pathname)) {
      return refuse(response, 404, `Unknown request URL: ${request.method} ${pathname}`)
    }
    const body = (await readAll(request)).toString()
    const written = JSON.parse(body)
    const asked: ChatRequest = pathname === '/v1/responses' ? asChat(written) : written
    const call: ModelCall = {
      path: pathname,
      body,
      request: asked,
      status: 0,
      reply: null,
      authorization: request.headers.authorization ?? null,
    }
    calls.push(call)
    if (calls.length > callsMax) calls.shift()
    const reply = firstReply(scripts, asked)
    call.reply = reply
    if (reply === null) {
      call.status = 400
      return refuse(response, 400, `no script answers: ${JSON.stringify(asked.messages.at(-1)).slice(0, 400)}`)
    }
    call.status = reply.error?.status ?? 200
    const answers =
      pathname === '/v1/responses'
        ? { streamed: () => responseEvents(written, asked, reply), whole: () => modelResponse(written, asked, reply) }
        : { streamed: () => completionChunks(asked, reply), whole: () => completion(asked, reply) }
    await give(response, asked.stream === true, answers, reply)
  }

  async function give(
    response: ServerResponse,
    streamed: boolean,
    answers: { streamed: () => string; whole: () => unknown },
    reply: ModelReply,
  ): Promise<void> {
    if (reply.delayMs !== undefined) await wait(reply.delayMs, undefined, { signal: ending.signal })
    if (reply.silent) return
    if (reply.error) {
      const retry = reply.error.retryAfterSeconds
      const headers = retry === undefined ? {} : { 'retry-after': String(retry) }
      return refuse(response, reply.error.status, reply.error.message ?? 'an error that the script asked for', headers)
    }
    const body = streamed ? answers.streamed() : JSON.stringify(answers.whole())
    response.writeHead(200, { 'content-type': streamed ? 'text/event-stream' : 'application/json' })
    if (reply.cutAfterBytes === undefined) return void response.end(body)
    // What was sent has to have left before the connection is torn: a reset would take it along.
    response.write(Buffer.from(body).subarray(0, reply.cutAfterBytes), () => response.socket?.destroySoon())
  }

  return {
    url: `${origin}/v1`,
    use: (script) => void scripts.unshift(script),
    calls: () => [...calls],
    close: () => {
      ending.abort()
      return close(server)
    },
  }
}

function firstReply(scripts: ModelOptions['scripts'], asked: ChatRequest): ModelReply | null {
  for (const script of scripts) {
    const reply = script(asked)
    if (reply) return reply
  }
  return null
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > requestBytesMax) throw new Error('the request is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

function refuse(response: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): void {
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error'
  json(response, status, { error: { message, type, param: null, code: null } }, headers)
}
