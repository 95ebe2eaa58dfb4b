/**
 * One CI job with its process: claims, draws before it spends, meters with `core/money/meter.ts`, keeps a journal, reports; and
 * may crash or stand still between any two of these.
 */
import type { Call } from '../core/money/call.ts'
import {
  type CallAsk,
  type Meter,
  openMeter,
  postCall,
  type Reservation,
  raiseDrawn,
  reserveCall,
} from '../core/money/meter.ts'
import type { Price } from '../core/money/price.ts'
import { isRefusal, type ReasonCode, type Refusal } from '../core/reason.ts'
import { HEARTBEAT_SECONDS, LEASE_SECONDS } from '../core/run/protocol.ts'
import type { Report } from '../core/run/report.ts'
import type { Conclusion } from '../core/run/run.ts'
import { fail } from './invariants.ts'
import type { Claimed, Drawn, Reserved } from './ledger.ts'
import { Machine } from './machine.ts'
import { send } from './messages.ts'
import { bill, pickPrice, type Reply } from './provider.ts'
import { checkMeterRefusal } from './refusals.ts'
import { believed, reportOf, tell, usageOf } from './report.ts'
import type { World } from './world.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const LEASE_MS = LEASE_SECONDS * SECOND_MS

const CALLS_MAX = 12
const CLAIM_TRIES_MAX = 5
const REPORT_TRIES_MAX = 6

export type Job = Pick<Reserved, 'runId' | 'heldMicroUsd' | 'heldTokens'> & {
  readonly repositoryId: number
  readonly jobKey: string
}

export class Runner {
  readonly #world: World
  readonly #job: Job
  readonly #price: Price
  readonly #journal: Call[] = []
  readonly #machine: Machine
  #over = false
  #epoch = 0
  #meter: Meter | undefined
  #callsLeft: number
  #inputTokens: number
  #heardMs = 0
  #stopped: ReasonCode | undefined

  constructor(world: World, job: Job) {
    const { random } = world
    this.#world = world
    this.#job = job
    this.#price = pickPrice(random)
    this.#callsLeft = random.between(0, CALLS_MAX)
    this.#inputTokens = random.between(300, 6_000)
    this.#machine = new Machine(world)
  }

  async start(tries = 1): Promise<void> {
    const answer = await send(this.#world, () => this.#claim())
    if (this.#crashes('after claim')) return
    if (answer === undefined) {
      if (tries < CLAIM_TRIES_MAX) this.#machine.later(2 * SECOND_MS, 20 * SECOND_MS, () => this.start(tries + 1))
      return
    }
    if (isRefusal(answer)) return
    this.#epoch = answer.epoch
    this.#meter = openMeter({
      capMicroUsd: this.#job.heldMicroUsd,
      drawnMicroUsd: answer.drawnMicroUsd,
      ...(this.#job.heldTokens === null
        ? {}
        : { capTokens: Number(this.#job.heldTokens), drawnTokens: Number(answer.drawnTokens ?? 0n) }),
    })
    this.#heardMs = this.#machine.clockMs()
    this.#beatLater()
    this.#machine.later(SECOND_MS, 30 * SECOND_MS, () => this.#next())
  }

  async #claim(): Promise<Claimed | Refusal> {
    const { runId, repositoryId, jobKey } = this.#job
    const world = this.#world
    // What its own clock says reaches the ledger nowhere that counts; it may be a day off.
    const now = new Date(world.agenda.nowMs + world.random.between(-24, 24) * HOUR_MS)
    const { answer } = await world.operate(
      {
        kind: 'claim',
        says: `${runId} ${jobKey}`,
        touched: { runIds: [runId] },
        answers: (claimed) => (isRefusal(claimed) ? '' : `epoch ${claimed.epoch} drawn ${claimed.drawnMicroUsd}`),
      },
      () => world.ledger.claim({ runId, repositoryId, jobKey, now }),
    )
    if (!isRefusal(answer)) world.claimed(runId, jobKey, answer)
    return answer
  }

  /** The next call, if another is wanted and fits. */
  async #next(): Promise<void> {
    if (!this.#machine.isAlive || this.#over) return
    if (this.#stopped !== undefined) return this.#finish('cancelled', this.#stopped)
    if (this.#callsLeft <= 0) return this.#finish('completed', undefined)
    this.#callsLeft -= 1
    const ask = this.#ask('work')
    const first = reserveCall(this.#held(), { ...ask, drawnIsFinal: false })
    if (first.verdict === 'draw') return this.#drawFor(ask, first.wantMicroUsd, first.wantTokens)
    if (first.verdict === 'no-room') return this.#noRoom(ask, first.limit)
    return this.#send(first.meter, first.reservation, ask)
  }

  async #drawFor(ask: CallAsk, wantMicroUsd: bigint, wantTokens: number | undefined): Promise<void> {
    if (!this.#machine.isAlive || this.#over) return
    const drawn = await this.#beat(wantMicroUsd, wantTokens)
    if (this.#crashes('after draw')) return
    if (this.#stopped !== undefined) return this.#finish('cancelled', this.#stopped)
    if (drawn === undefined) {
      if (this.#leaseLeftMs() <= 0) return this.#finish('failed', 'ledger-unreachable')
      return this.#machine.later(2 * SECOND_MS, 10 * SECOND_MS, () => this.#drawFor(ask, wantMicroUsd, wantTokens))
    }
    this.#checkDrawn(drawn, wantMicroUsd, wantTokens)
    const verdict = reserveCall(this.#held(), { ...ask, drawnIsFinal: true })
    if (verdict.verdict === 'go') return this.#send(verdict.meter, verdict.reservation, ask)
    return this.#noRoom(ask, verdict.verdict === 'no-room' ? verdict.limit : 'drawn')
  }

  async #noRoom(ask: CallAsk, limit: string): Promise<void> {
    this.#world.counts.add(`meter no-room ${limit}`)
    checkMeterRefusal(this.#job.runId, this.#held(), ask, limit)
    if (limit === 'share') return this.#next()
    if (limit === 'overage') return this.#finish('failed', 'model-failed')
    const wrapUp = { ...this.#ask('wrap-up'), drawnIsFinal: true }
    const verdict = reserveCall(this.#held(), wrapUp)
    this.#callsLeft = 0
    if (verdict.verdict === 'go') return this.#send(verdict.meter, verdict.reservation, wrapUp)
    checkMeterRefusal(this.#job.runId, this.#held(), wrapUp, 'drawn')
    return this.#finish('capped', 'cap-reached')
  }

  /** Written down, sent, billed; the reply comes later, if it comes. */
  async #send(meter: Meter, reservation: Reservation, ask: CallAsk): Promise<void> {
    const { random, truth, counts } = this.#world
    const { runId } = this.#job
    const call: Call = {
      id: this.#journal.length,
      step: 'work',
      model: 'simulated',
      reservedMicroUsd: reservation.reservedMicroUsd,
      spentMicroUsd: reservation.reservedMicroUsd,
      inputTokens: ask.inputTokensBound,
      cachedTokens: 0,
      outputTokens: reservation.outputTokensMax,
      reasoningTokens: 0,
      reservedTokens: reservation.reservedTokens,
      usage: 'unknown',
    }
    this.#journal.push(call)
    this.#meter = meter
    if (this.#crashes('before call')) return
    const billed = bill(random, {
      price: ask.price,
      inputTokensBound: ask.inputTokensBound,
      outputTokensMax: reservation.outputTokensMax,
      boundMicroUsd: reservation.reservedMicroUsd,
      boundTokens: reservation.reservedTokens,
    })
    counts.add(`call ${billed.what}`)
    truth.charge(runId, billed.charge)
    if (this.#crashes('after call')) return
    this.#machine.later(SECOND_MS, 60 * SECOND_MS, () => this.#answered(call, reservation, believed(billed.reply)))
  }

  async #answered(call: Call, reservation: Reservation, reply: Reply): Promise<void> {
    if (this.#over || this.#crashes('before reply is kept')) return
    const posted = postCall(this.#held(), reservation, reply)
    this.#meter = posted.meter
    this.#journal[call.id] = { ...call, ...usageOf(reply), spentMicroUsd: posted.spentMicroUsd }
    if (reply.kind === 'reported') this.#inputTokens = Math.max(this.#inputTokens, reply.usage.inputTokens)
    this.#inputTokens += this.#world.random.between(100, 3_000)
    if (this.#crashes('after reply')) return
    return this.#next()
  }

  /** The report is sent until it is answered, a few times. */
  async #finish(conclusion: Conclusion, reason: ReasonCode | undefined): Promise<void> {
    this.#over = true
    if (this.#crashes('before report')) return
    await this.#report(reportOf(this.#journal, conclusion, reason), 1)
  }

  async #report(report: Report, tries: number): Promise<void> {
    if (!this.#machine.isAlive) return
    const answer = await send(this.#world, () => this.#settle(report))
    if (this.#crashes('after report') || answer !== undefined) return
    if (tries < REPORT_TRIES_MAX) {
      this.#machine.later(2 * SECOND_MS, tries * MINUTE_MS, () => this.#report(report, tries + 1))
    }
  }

  async #settle(report: Report): Promise<unknown> {
    const world = this.#world
    const { runId } = this.#job
    const [epoch, now] = [this.#epoch, new Date(world.agenda.nowMs)]
    const { answer } = await world.operate(
      {
        kind: 'settle',
        says: `${runId} epoch ${epoch} ${report.spentMicroUsd}`,
        touched: { runIds: [runId] },
        answers: (settled) =>
          isRefusal(settled) ? '' : settled.late ? 'late' : settled.repeated ? 'repeated' : 'settled',
      },
      async () => {
        const settled = await world.ledger.settle({ runId, epoch, report, now })
        if (!isRefusal(settled) && !settled.repeated) tell(world.truth, runId, report)
        return settled
      },
    )
    return answer
  }

  /** Sends a heartbeat, which draws; undefined where nothing came back. */
  async #beat(wantMicroUsd: bigint, wantTokens: number | undefined): Promise<Drawn | undefined> {
    const world = this.#world
    const { runId } = this.#job
    const ask = {
      runId,
      epoch: this.#epoch,
      wantMicroUsd,
      ...(wantTokens === undefined ? {} : { wantTokens: BigInt(wantTokens) }),
    }
    const answer = await send(world, async () => {
      const operated = await world.operate(
        {
          kind: 'draw',
          says: `${runId} epoch ${ask.epoch} ${wantMicroUsd}`,
          touched: { runIds: [runId] },
          answers: (drawn) => (isRefusal(drawn) ? '' : `drawn ${drawn.drawnMicroUsd}`),
        },
        () => world.ledger.draw(ask),
      )
      return operated.answer
    })
    if (answer === undefined || !this.#machine.isAlive) return undefined
    this.#heardMs = this.#machine.clockMs()
    if (isRefusal(answer)) {
      if (answer.reason === 'run-over' || answer.reason === 'already-claimed') this.#stopped = 'cancelled'
      return undefined
    }
    if (answer.stopRequested) this.#stopped = 'cancelled'
    const drawnTokens = answer.drawnTokens === null ? undefined : Number(answer.drawnTokens)
    const { tokens, drawnMicroUsd } = this.#held()
    // Answers may overtake each other; what was acknowledged is never taken back.
    this.#meter = raiseDrawn(
      this.#held(),
      answer.drawnMicroUsd > drawnMicroUsd ? answer.drawnMicroUsd : drawnMicroUsd,
      tokens && Math.max(tokens.drawn, drawnTokens ?? 0),
    )
    return answer
  }

  #beatLater(): void {
    this.#machine.later(HEARTBEAT_SECONDS * SECOND_MS, 3 * HEARTBEAT_SECONDS * SECOND_MS, async () => {
      if (!this.#machine.isAlive || this.#over || this.#crashes('at a heartbeat')) return
      const { drawnMicroUsd, tokens } = this.#held()
      await this.#beat(drawnMicroUsd, tokens?.drawn)
      this.#beatLater()
    })
  }

  #checkDrawn({ drawnMicroUsd, drawnTokens }: Drawn, wantMicroUsd: bigint, wantTokens: number | undefined): void {
    const { runId, heldMicroUsd, heldTokens } = this.#job
    const due = wantMicroUsd < heldMicroUsd ? wantMicroUsd : heldMicroUsd
    if (drawnMicroUsd < due) fail('false-refusal', `${runId} asked to draw`, due, drawnMicroUsd, [runId])
    if (wantTokens === undefined || heldTokens === null || drawnTokens === null) return
    const dueTokens = BigInt(wantTokens) < heldTokens ? BigInt(wantTokens) : heldTokens
    if (drawnTokens < dueTokens) fail('false-refusal', `${runId} asked for tokens`, dueTokens, drawnTokens, [runId])
  }

  #ask(purpose: CallAsk['purpose']): CallAsk {
    const { random } = this.#world
    const meter = this.#held()
    const left = meter.capMicroUsd - meter.spentMicroUsd - meter.reservedMicroUsd
    const bound = this.#inputTokens + random.between(50, 500)
    const share = purpose === 'work' && random.chance(150) ? (left * BigInt(random.between(1, 100))) / 100n : undefined
    return {
      price: this.#price,
      inputTokensBound: bound,
      wrapUpInputTokensBound: bound + 300,
      ...(share === undefined ? {} : { shareLeftMicroUsd: share }),
      purpose,
      drawnIsFinal: false,
    }
  }

  /** Whether the process dies here. The machine may live on: then `post` reports what the journal says, sooner or later. */
  #crashes(point: string): boolean {
    return this.#machine.crashes(point, () => {
      const { random } = this.#world
      if (random.chance(600)) this.#machine.plan(random.between(SECOND_MS, 2 * MINUTE_MS), () => this.#gone())
      // Without an epoch it never had the token that opens the ledger's door.
      if (this.#epoch === 0 || random.chance(400)) return
      const most = random.chance(800) ? 3 * MINUTE_MS : 30 * HOUR_MS
      this.#machine.plan(random.between(SECOND_MS, most), () => this.#post())
    })
  }

  async #post(): Promise<void> {
    this.#world.counts.add('late report')
    await send(this.#world, () => this.#settle(reportOf(this.#journal, 'cancelled', 'lost')))
  }

  /** GitHub tells the App that the job is over. */
  async #gone(): Promise<void> {
    const world = this.#world
    const { runId } = this.#job
    // Only the job that has the run is asked about.
    if (this.#epoch === 0) return
    await send(world, async () => {
      await world.operate({ kind: 'vanish', says: runId, touched: { runIds: [runId] }, answers: String }, () =>
        world.ledger.vanish(runId, new Date(world.agenda.nowMs)),
      )
    })
  }

  #leaseLeftMs(): number {
    return LEASE_MS - (this.#machine.clockMs() - this.#heardMs)
  }

  #held(): Meter {
    if (this.#meter === undefined) throw new Error(`${this.#job.runId} has no meter before its claim`)
    return this.#meter
  }
}
