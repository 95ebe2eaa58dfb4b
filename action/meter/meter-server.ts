/**
 * The meter that a command-line agent talks to instead of the provider: an HTTP server on a socket outside the sandbox. It
 * alone has the key. A request is let through only where its cost can be bounded; its worst case is reserved before it is
 * sent, its output limit is what the reservation allows, and what the answer says it used is posted while the answer
 * streams through unchanged.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { CallOutcome } from '../../core/money/meter.ts'
import { type Price, priceInUs } from '../../core/money/price.ts'
import { boundRequest, limitRequest } from '../../core/request/bound.ts'
import { isCountRequest } from '../../core/request/messages.ts'
import { PriorRequests } from '../../core/request/prior-requests.ts'
import type { Api, BoundedRequest } from '../../core/request/request.ts'
import type { Granted, Limit, Purse } from '../money/purse.ts'
import { parseJson } from './answer.ts'
import { MeterError, writeError } from './meter-error.ts'
import { type Provider, sendUpstream } from './upstream.ts'

/** A context of a million tokens of plain text. Bodies that wait for their turn are not read yet. */
const REQUEST_BYTES_MAX = 4_000_000
/** Calls at the provider at one time; more wait for their turn. */
const CALLS_AT_ONCE_MAX = 4
const WAITING_MAX = 64
/** Of sealed reasoning that is remembered; an agent that brings back more has it refused. */
const SEALS_MAX = 10_000

export interface MeterServerOptions {
  readonly socketPath: string
  readonly provider: Provider
  /** The one model of the step, as the plan priced it. */
  readonly model: string
  readonly price: Price
  readonly purse: Purse
  readonly step: string
  /** What of the cap this step may still use; `undefined` where all of it. */
  readonly shareLeftMicroUsd: () => bigint | undefined
  readonly turnsMax: number
  readonly signal: AbortSignal
  /** After each call that was posted. */
  onCall(count: number): void
  /** After each request that no call could be made for. */
  onLimit(limit: MeterLimit): void
}

export type MeterLimit = Limit | 'turns'
const FREED_LATER: ReadonlySet<MeterLimit> = new Set(['cap', 'share', 'drawn'])

export interface MeterServer {
  /** Model calls that were sent. */
  readonly calls: number
  /** Why the last request that asked for a call was given none; undefined where it was. */
  readonly limit: MeterLimit | undefined
  /** Ends what is under way; each call that is not answered is posted as unknown. */
  close(): Promise<void>
}

export async function openMeterServer(options: MeterServerOptions): Promise<MeterServer> {
  const meter = new Metering(options)
  const server = createServer((asked, answer) => {
    meter.answer(asked, answer).catch((error: unknown) => writeError(answer, options.provider.kind, error))
  })
  server.listen(options.socketPath)
  await once(server, 'listening')
  return {
    get calls() {
      return meter.calls
    },
    get limit() {
      return meter.limit
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await meter.settled()
    },
  }
}

class Metering {
  readonly #options: MeterServerOptions
  readonly #priors = new PriorRequests()
  /** Seal -> the most output tokens of the answer that it came in. */
  readonly #seals = new Map<string, number>()
  readonly #underWay = new Set<Promise<void>>()
  readonly #abort = new AbortController()
  readonly #signal: AbortSignal
  /** Reservations are made one after another, so that none is made on what another is about to take. */
  #reserving: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #inFlightMicroUsd = 0n
  readonly #untilFreed: (() => void)[] = []
  calls = 0
  limit: MeterLimit | undefined

  constructor(options: MeterServerOptions) {
    this.#options = options
    this.#signal = AbortSignal.any([options.signal, this.#abort.signal])
  }

  async settled(): Promise<void> {
    this.#abort.abort()
    await Promise.allSettled(this.#underWay)
  }

  async answer(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { provider, model } = this.#options
    const path = new URL(asked.url ?? '/', 'http://meter').pathname
    if (asked.method === 'GET' && path === '/v1/models')
      return writeJson(answer, { object: 'list', data: [{ id: model, object: 'model', type: 'model' }] })
    if (asked.method !== 'POST') throw new MeterError(404, `${asked.method} ${path} is not let through`)
    const api = provider.paths[path]
    if (api !== undefined) return this.#inTurn(() => this.#bounded(api, path, asked, answer))
    if (provider.countPath !== path) throw new MeterError(404, `${path} is not let through`)
    return this.#inTurn(() => this.#count(path, asked, answer))
  }

  async #bounded(api: Api, path: string, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { model } = this.#options
    const body = await readBody(asked)
    const request = boundRequest(api, body, (seal) => this.#seals.get(seal))
    if ('problem' in request) throw new MeterError(400, `This request’s cost can’t be bounded: ${request.problem}.`)
    if (request.model !== model) throw otherModel(request.model, model)
    await this.#call(api, path, body, request, asked, answer)
  }

  /** Costs nothing; what it may hold is what a call may. */
  async #count(path: string, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await readBody(asked)
    if (!isCountRequest(body)) throw new MeterError(400, 'This request has fields that are not let through.')
    if (body.model !== this.#options.model) throw otherModel(body.model, this.#options.model)
    const { provider } = this.#options
    const nothing = { onSeal: () => {}, onOutcome: () => {} }
    await sendUpstream({ provider, path, body, asked, answer, signal: this.#signal }, 'messages', nothing)
  }

  async #call(
    api: Api,
    path: string,
    body: object,
    request: BoundedRequest,
    asked: IncomingMessage,
    answer: ServerResponse,
  ): Promise<void> {
    const { provider, purse } = this.#options
    const granted = await this.#reserve(request, answer)
    const { outputTokensMax, reservedMicroUsd } = granted.reservation
    const seals: string[] = []
    const onSeal = (seal: string) => {
      seals.push(seal)
      this.#keepSeal(seal, outputTokensMax)
    }
    const onOutcome = (outcome: CallOutcome) => {
      // Whoever waits goes on when it is posted, also where that can't be written down.
      this.#inFlightMicroUsd -= reservedMicroUsd
      for (const go of this.#untilFreed.splice(0)) go()
      purse.post(granted, outcome)
      if (outcome.kind === 'reported') {
        if (limited.isReadAsAsked) this.#priors.learn(request, outcome.usage.inputTokens)
        for (const seal of seals) this.#keepSeal(seal, outcome.usage.outputTokens)
      }
      this.#options.onCall(this.calls)
    }
    const limited = limitRequest(api, body, outputTokensMax, provider.isAtItsOwnAddress)
    const told = { onSeal, onOutcome }
    await sendUpstream({ provider, path, body: limited.body, asked, answer, signal: this.#signal }, api, told)
  }

  /** Reserves the call's worst case, or says why there is none. */
  #reserve(request: BoundedRequest, answer: ServerResponse): Promise<Granted> {
    const reserving = this.#reserving.then(async () => {
      const { purse, step, provider, model, price, shareLeftMicroUsd, turnsMax } = this.#options
      if (this.calls >= turnsMax) throw this.#refused('turns')
      const reserve = () => {
        const left = shareLeftMicroUsd()
        return purse.reserve(step, model, {
          price,
          priceInUs: provider.kind === 'anthropic' ? priceInUs(model, price) : undefined,
          inputTokensBound: this.#priors.bound(request),
          wrapUpInputTokensBound: undefined,
          outputTokensAsked: request.outputTokensAsked,
          shareLeftMicroUsd: left && left - this.#inFlightMicroUsd,
          purpose: 'work',
        })
      }
      let granted = await reserve()
      // What others have reserved is mostly given back when they end.
      while ('limit' in granted && this.#inFlightMicroUsd > 0n && FREED_LATER.has(granted.limit)) {
        await new Promise<void>((resolve) => this.#untilFreed.push(resolve))
        granted = await reserve()
      }
      if ('limit' in granted) throw this.#refused(granted.limit)
      // Whoever asked may have gone away while it waited, or the run have been stopped: it would be paid, and heard by nobody.
      if (answer.destroyed || this.#signal.aborted) {
        purse.post(granted, { kind: 'unbilled' })
        throw new MeterError(400, 'Nobody waits for this answer any more.')
      }
      this.limit = undefined
      this.calls += 1
      this.#inFlightMicroUsd += granted.reservation.reservedMicroUsd
      return granted
    })
    this.#reserving = reserving.catch(() => {})
    return reserving
  }

  #refused(limit: MeterLimit): MeterError {
    this.limit = limit
    this.#options.onLimit(limit)
    return new MeterError(402, LIMITS[limit])
  }

  #keepSeal(seal: string, tokens: number): void {
    if (this.#seals.has(seal) || this.#seals.size < SEALS_MAX) this.#seals.set(seal, tokens)
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    if (this.#waiting >= WAITING_MAX) throw new MeterError(400, 'Too many requests are waiting.')
    this.#waiting += 1
    while (this.#underWay.size >= CALLS_AT_ONCE_MAX) await Promise.race(this.#underWay)
    this.#waiting -= 1
    const done = work()
    const settled = done.catch(() => {}).then(() => void this.#underWay.delete(settled))
    this.#underWay.add(settled)
    return done
  }
}

/** For whoever reads the agent's error: nothing that tries again will help. */
const LIMITS: Record<MeterLimit, string> = {
  cap: 'The cap of this run is reached: the next call would not have fitted under it. Stop here.',
  share: 'This step’s share of the cap is used up: the next call would not have fitted under it. Stop here.',
  drawn: 'No more of this run’s cap is to be had now. Stop here.',
  overage:
    'The provider billed more for a call than it can cost at the declared price, so nothing more is sent. Stop here.',
  stopped: 'The run was stopped. Stop here.',
  turns: 'This step has made all the model calls that it may. Stop here.',
}

function otherModel(asked: string, model: string): MeterError {
  return new MeterError(400, `The model ${asked.slice(0, 100)} is not the one that this step was priced for, ${model}.`)
}

/** To its end, however long it is: whoever still sends would not hear why that is in vain. */
async function readBody(asked: IncomingMessage): Promise<object> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of asked) {
    bytes += chunk.length
    if (bytes <= REQUEST_BYTES_MAX) chunks.push(chunk)
  }
  if (bytes > REQUEST_BYTES_MAX) throw new MeterError(413, 'The request is too long.')
  const body = parseJson(Buffer.concat(chunks).toString('utf8'))
  if (typeof body !== 'object' || body === null) throw new MeterError(400, 'The request is not JSON.')
  return body
}

function writeJson(answer: ServerResponse, body: object): void {
  answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
