/**
 * A provider of command-line agents: OpenAI's Responses and Anthropic's Messages, streamed, saying what a script tells it
 * to. It keeps a bill of its own, of what it says that every call used, which is what a meter's journal has to come to.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { costMicroUsd, type Price } from '../../core/money/price.ts'
import type { Usage } from '../../core/run/run.ts'
import { close, listen } from './server.ts'

export interface ProviderRequest {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Readonly<Record<string, unknown>>
  /** The request as text, to look for words in. */
  readonly text: string
  /** How many came before it. */
  readonly number: number
}

export interface ProviderReply {
  readonly text?: string
  readonly call?: { readonly name: string; readonly input: object }
  /** Sealed reasoning that comes before the rest. */
  readonly seal?: string
  /** Counted by a tokenizer when left out. Its bill goes by this, true or not. */
  readonly usage?: Usage
  /** What is said of it besides, in the interface's own words. */
  readonly besides?: object
  /** Its bill goes by this price. */
  readonly price?: Price | undefined
  /** Does not say what it used, and bills it. */
  readonly silentOnUsage?: boolean
  readonly status?: number
  /** What is said with the status. */
  readonly error?: string
  /** Ends the connection after this many bytes of the answer. */
  readonly cutAfterBytes?: number
  /** The answer comes in pieces of so many bytes. */
  readonly pieceBytes?: number
  readonly delayMs?: number
}

export interface ChargingProvider {
  /** Without a path. */
  readonly url: string
  requests(): readonly ProviderRequest[]
  /** The sum of its bills. */
  chargedMicroUsd(): bigint
  /** The most requests that were under way at one time. */
  atOnceMax(): number
  close(): Promise<void>
}

export async function startChargingProvider(
  price: Price,
  script: (request: ProviderRequest) => ProviderReply,
): Promise<ChargingProvider> {
  const requests: ProviderRequest[] = []
  let charged = 0n
  let atOnce = 0
  let most = 0

  async function answer(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of asked) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString('utf8')
    const path = asked.url ?? '/'
    const request = { path, headers: asked.headers, body: JSON.parse(text), text, number: requests.length }
    requests.push(request)
    const reply = script(request)
    atOnce += 1
    most = Math.max(most, atOnce)
    if (reply.delayMs !== undefined) await new Promise((done) => setTimeout(done, reply.delayMs))
    atOnce -= 1
    if (reply.status !== undefined) {
      response.writeHead(reply.status, { 'content-type': 'application/json' })
      return void response.end(
        JSON.stringify({ error: { type: 'scripted', message: reply.error ?? 'as the script says' } }),
      )
    }
    const usage = reply.usage ?? counted(request, reply)
    charged += costMicroUsd(reply.price ?? price, usage)
    const said = reply.silentOnUsage ? undefined : usage
    const events = path.includes('/messages')
      ? messagesEvents(request, reply, said)
      : responsesEvents(request, reply, said)
    const body = Buffer.from(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const sent = body.subarray(0, reply.cutAfterBytes)
    const piece = reply.pieceBytes ?? sent.length
    for (let at = 0; at < sent.length; at += piece) response.write(sent.subarray(at, at + piece))
    if (reply.cutAfterBytes === undefined) response.end()
    else response.write('', () => response.socket?.destroySoon())
  }

  const server = createServer((asked, response) => {
    answer(asked, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  const url = await listen(server)
  return {
    url,
    requests: () => requests,
    chargedMicroUsd: () => charged,
    atOnceMax: () => most,
    close: () => close(server),
  }
}

/** Half of a longer input comes from the cache, and a little is written into it where that is told. */
function counted({ text, path }: ProviderRequest, reply: ProviderReply): Usage {
  const inputTokens = countTokens(text)
  const cachedTokens = inputTokens > 1024 ? Math.floor(inputTokens / 2) : 0
  const outputTokens = countTokens(`${reply.text ?? ''}${JSON.stringify(reply.call ?? {})}`)
  return {
    inputTokens,
    cachedTokens,
    ...(path.includes('/messages') && { writtenTokens: Math.floor(inputTokens / 10) }),
    outputTokens,
    reasoningTokens: 0,
  }
}

type Event = { readonly type: string; readonly [field: string]: unknown }

function responsesEvents({ body, number }: ProviderRequest, reply: ProviderReply, usage: Usage | undefined): Event[] {
  const items: object[] = []
  if (reply.seal !== undefined) {
    items.push({ type: 'reasoning', id: `rs_${number}`, summary: [], encrypted_content: reply.seal })
  }
  if (reply.text !== undefined) {
    const content = [{ type: 'output_text', text: reply.text, annotations: [] }]
    items.push({ type: 'message', id: `msg_${number}`, role: 'assistant', status: 'completed', content })
  }
  if (reply.call !== undefined) {
    const { name, input } = reply.call
    const call = { call_id: `call_${number}`, name, arguments: JSON.stringify(input), status: 'completed' }
    items.push({ type: 'function_call', id: `fc_${number}`, ...call })
  }
  const response = { id: `resp_${number}`, object: 'response', model: body.model, output: items }
  return [
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
    ...items.flatMap((item, index): Event[] => [
      { type: 'response.output_item.added', output_index: index, item },
      { type: 'response.output_item.done', output_index: index, item },
    ]),
    {
      type: 'response.completed',
      response: {
        ...response,
        status: 'completed',
        ...(usage && {
          usage: {
            input_tokens: usage.inputTokens,
            input_tokens_details: { cached_tokens: usage.cachedTokens },
            output_tokens: usage.outputTokens,
            output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
            total_tokens: usage.inputTokens + usage.outputTokens,
          },
        }),
      },
    },
  ]
}

function messagesEvents({ body, number }: ProviderRequest, reply: ProviderReply, usage: Usage | undefined): Event[] {
  const { inputTokens = 0, cachedTokens = 0, writtenTokens = 0, outputTokens = 0 } = usage ?? {}
  const input = usage && {
    input_tokens: inputTokens - cachedTokens - writtenTokens,
    cache_read_input_tokens: cachedTokens,
    cache_creation_input_tokens: writtenTokens,
    ...reply.besides,
    cache_creation: { ephemeral_5m_input_tokens: writtenTokens, ephemeral_1h_input_tokens: 0 },
  }
  const blocks: Event[][] = []
  const block = (start: object, ...deltas: object[]) => {
    const index = blocks.length
    blocks.push([
      { type: 'content_block_start', index, content_block: start },
      ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index },
    ])
  }
  if (reply.seal !== undefined) {
    const half = reply.seal.length / 2
    block(
      { type: 'thinking', thinking: '', signature: '' },
      { type: 'signature_delta', signature: reply.seal.slice(0, half) },
      { type: 'signature_delta', signature: reply.seal.slice(half) },
    )
  }
  if (reply.text !== undefined) block({ type: 'text', text: '' }, { type: 'text_delta', text: reply.text })
  if (reply.call !== undefined) {
    const partial_json = JSON.stringify(reply.call.input)
    block(
      { type: 'tool_use', id: `toolu_${number}`, name: reply.call.name, input: {} },
      { type: 'input_json_delta', partial_json },
    )
  }
  const stop_reason = reply.call === undefined ? 'end_turn' : 'tool_use'
  const message = { id: `msg_${number}`, type: 'message', role: 'assistant', model: body.model, content: [] }
  return [
    {
      type: 'message_start',
      message: {
        ...message,
        stop_reason: null,
        stop_sequence: null,
        ...(input && { usage: { ...input, output_tokens: 1 } }),
      },
    },
    ...blocks.flat(),
    {
      type: 'message_delta',
      delta: { stop_reason, stop_sequence: null },
      ...(usage && { usage: { ...input, output_tokens: outputTokens } }),
    },
    { type: 'message_stop' },
  ]
}
