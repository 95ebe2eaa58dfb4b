/**
 * Plays the ledger as text: one operation a row, answered in a line with the account's state behind it, amounts in
 * cents. `reserve a 400 floor 200` -> `held 200 · 0 spent, 1000 held of 1000`.
 */

import { claim, draw } from '../../../app/ledger/claim.ts'
import type { Ledger } from '../../../app/ledger/ledger.ts'
import { propose, reserve } from '../../../app/ledger/reserve.ts'
import { release, settle, stopRun } from '../../../app/ledger/settle.ts'
import { expireLost } from '../../../app/ledger/sweep.ts'
import { isRefusal } from '../../../core/reason.ts'
import type { PrismaClient } from '../../../prisma/client/client.ts'
import { CENT, callOf, NOW, openAccounts, portfolioAccount, reportOf, requestFor } from './scene.ts'

/** Plays rows against one account of a repository; each run has a letter. */
export class LedgerScript {
  readonly #ledger: Ledger
  readonly #prisma: PrismaClient
  readonly #repositoryId: bigint
  #account = portfolioAccount(1000n * CENT)
  readonly #runs = new Map<string, { id: string; epoch: number }>()

  constructor(ledger: Ledger, repositoryId: bigint) {
    this.#ledger = ledger
    this.#prisma = ledger.prisma
    this.#repositoryId = repositoryId
  }

  /** Plays one row; answers the status and the account. */
  async play(operation: string): Promise<string> {
    const status = await this.#status(operation)
    return `${status} · ${await this.#state()}`
  }

  async #status(operation: string): Promise<string> {
    const [verb = '', name = '', ...rest] = operation.split(' ')
    switch (verb) {
      case 'budget':
        return this.#budget(name, rest)
      case 'propose':
      case 'reserve':
        return this.#reserve(verb, name, rest)
      case 'claim':
        return this.#claim(name, rest[0] ?? 'job')
      case 'draw':
        return this.#draw(name, cents(rest[0]))
      case 'settle':
        return this.#settle(name, cents(rest[0]))
      case 'release':
        return (await release(this.#ledger, this.#run(name).id, 'dispatch-failed', NOW)) ? 'released' : 'left alone'
      case 'stop':
        return stopRun(this.#ledger, this.#run(name).id, NOW)
      case 'lose':
        return this.#lose(name)
      default:
        throw new Error(`no such operation: ${operation}`)
    }
  }

  async #budget(amount: string, options: readonly string[]): Promise<string> {
    const enforced = !options.includes('recorded')
    this.#account = portfolioAccount(cents(amount), { enforced, now: options.includes('now') ? 'A cut' : undefined })
    await openAccounts(this.#ledger, this.#repositoryId, [this.#account], NOW)
    return 'set'
  }

  async #reserve(verb: 'propose' | 'reserve', name: string, [cap, , floor]: readonly string[]): Promise<string> {
    const request = requestFor(this.#repositoryId, cents(cap), [this.#account], {
      session: { commandKey: `comment:${name}`, subjectKey: `pull-request:${name}` },
      run: floor === undefined ? {} : { floorMicroUsd: cents(floor) },
    })
    if (verb === 'propose') {
      const { run, repeated } = await propose(this.#ledger, request)
      this.#runs.set(name, { id: run.id, epoch: 0 })
      return repeated ? 'repeated' : 'waits'
    }
    const result = await reserve(this.#ledger, request)
    if (isRefusal(result)) return result.reason
    this.#runs.set(name, { id: result.run.id, epoch: result.run.epoch })
    return `${result.repeated ? 'repeated' : 'held'} ${inCents(result.heldMicroUsd)}`
  }

  async #claim(name: string, jobKey: string): Promise<string> {
    const { id } = this.#run(name)
    const result = await claim(this.#prisma, { runId: id, repositoryId: this.#repositoryId, jobKey, now: NOW })
    if (isRefusal(result)) return result.reason
    this.#runs.set(name, { id, epoch: result.epoch })
    return `epoch ${result.epoch}, drawn ${inCents(result.drawnMicroUsd)}`
  }

  async #draw(name: string, wantMicroUsd: bigint): Promise<string> {
    const { id, epoch } = this.#run(name)
    const result = await draw(this.#prisma, { runId: id, epoch, wantMicroUsd })
    return isRefusal(result) ? result.reason : `drawn ${inCents(result.drawnMicroUsd)}`
  }

  async #settle(name: string, spentMicroUsd: bigint): Promise<string> {
    const { id, epoch } = this.#run(name)
    const report = reportOf(spentMicroUsd, { calls: [callOf(spentMicroUsd)] })
    const result = await settle(this.#ledger, { runId: id, epoch, report, now: NOW })
    if (isRefusal(result)) return result.reason
    const how = [result.repeated && 'repeated', result.late && 'late', result.overage && 'overage'].filter(Boolean)
    return [...how, `spent ${inCents(result.spentMicroUsd)}`].join(' ')
  }

  /** The job vanishes: its lease runs out on the database's clock, and the sweep comes by. */
  async #lose(name: string): Promise<string> {
    const { id } = this.#run(name)
    await this.#prisma
      .$executeRaw`UPDATE run SET lease_until = clock_timestamp() - interval '1 second' WHERE id = ${id}`
    const { ended } = await expireLost(this.#ledger, NOW)
    if (!ended.includes(id)) return 'left alone'
    const { spentMicroUsd } = await this.#prisma.run.findUniqueOrThrow({ where: { id } })
    return `lost ${inCents(spentMicroUsd)}`
  }

  #run(name: string): { id: string; epoch: number } {
    return this.#runs.get(name) ?? { id: 'none', epoch: 1 }
  }

  async #state(): Promise<string> {
    const account = await this.#prisma.account.findFirst({ where: { repositoryId: this.#repositoryId } })
    if (account === null) return 'no account'
    const { spent, held, ceiling, overage, frozen } = account
    const of = ceiling === null ? '' : ` of ${inCents(ceiling)}`
    const over = overage === 0n ? '' : `, ${inCents(overage)} over`
    return `${inCents(spent)} spent, ${inCents(held)} held${of}${over}${frozen ? ', frozen' : ''}`
  }
}

function cents(text: string | undefined): bigint {
  return BigInt(text ?? '0') * CENT
}

function inCents(microUsd: bigint): string {
  return (microUsd / CENT).toString()
}
