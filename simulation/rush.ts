/**
 * A thousand ask at once: how much of a budget is held or spent when the first is refused, and how much of it is really
 * spent once everybody who was let in has used what the meter lets through.
 */
import type { AccountSpec } from '../core/money/account.ts'
import { openMeter, postCall, reserveCall } from '../core/money/meter.ts'
import type { Price } from '../core/money/price.ts'
import { isRefusal } from '../core/reason.ts'
import type { Report } from '../core/run/report.ts'
import { fail, Invariants } from './invariants.ts'
import type { AccountFacts, Ledger, ReserveAsk, Reserved } from './ledger.ts'
import { Truth } from './truth.ts'

export const ASKING_AT_ONCE = 1_000
const BUDGET_MICRO_USD = 40_100_000n
const CAP_MICRO_USD = 2_500_000n
const FLOOR_MICRO_USD = 250_000n
const CALLS_MAX = 500
const NOW = new Date('2026-11-20T12:00:00Z')
const PRICE: Price = { input: 250_000n, cached: 25_000n, output: 2_000_000n, tiers: [], source: 'simulated' }
const INPUT_TOKENS = 4_000

const SPEC: AccountSpec = {
  kind: 'portfolio',
  name: 'rush',
  unit: 'usd',
  periodStart: new Date('2026-11-01T00:00:00Z'),
  periodEnd: new Date('2026-12-01T00:00:00Z'),
  budget: BUDGET_MICRO_USD,
  enforced: true,
}

export interface Rush {
  readonly asked: number
  readonly granted: number
  readonly refused: number
  /** Basis points of the budget that was held or spent when the first refusal came: 10000 is all of it. */
  readonly spendableBasisPoints: number
  /** Basis points of what the runs held that they had spent when no useful call fitted any more. */
  readonly spentOfHeldBasisPoints: number
}

/** Throws `InvariantBroken` as the simulation does. */
export async function rush(ledger: Ledger, repositoryId: number, prefix: string): Promise<Rush> {
  const truth = new Truth()
  const granted: Reserved[] = []
  let refused = 0
  let usedAtFirstRefusal: bigint | undefined
  await Promise.all(
    Array.from({ length: ASKING_AT_ONCE }, async (_, index) => {
      const answer = await ledger.reserve(askOf(repositoryId, `${prefix}rush:${index}`))
      if (!isRefusal(answer)) {
        granted.push(answer)
        return
      }
      refused += 1
      if (usedAtFirstRefusal === undefined) {
        usedAtFirstRefusal = 0n
        const { spent, held } = await accountOf(ledger, repositoryId)
        usedAtFirstRefusal = spent + held
      }
    }),
  )
  for (const run of granted) await work(ledger, repositoryId, run, truth)
  const look = await ledger.books.look({ runIds: granted.map(({ runId }) => runId), named: namedIn(repositoryId) })
  const invariants = new Invariants()
  const accounts = new Map(look.accounts.map((account) => [account.id, account]))
  for (const account of look.accounts) invariants.account(account)
  for (const run of look.runs) invariants.run(run, truth.of(run.id), accounts)
  const { spent } = await accountOf(ledger, repositoryId)
  const held = granted.reduce((sum, run) => sum + run.heldMicroUsd, 0n)
  return {
    asked: ASKING_AT_ONCE,
    granted: granted.length,
    refused,
    spendableBasisPoints: basisPoints(usedAtFirstRefusal ?? held, BUDGET_MICRO_USD),
    spentOfHeldBasisPoints: basisPoints(spent, held),
  }
}

/** Spends as long as a useful call fits; every call uses all that it may. */
async function work(ledger: Ledger, repositoryId: number, run: Reserved, truth: Truth): Promise<void> {
  const { runId } = run
  const claimed = await ledger.claim({ runId, repositoryId, jobKey: 'rush', now: NOW })
  if (isRefusal(claimed)) fail('one-claimant', `${runId} could not be claimed`, 'a claim', claimed.reason, [runId])
  const { epoch } = claimed
  let meter = openMeter({ capMicroUsd: run.heldMicroUsd, drawnMicroUsd: claimed.drawnMicroUsd })
  const drawn = await ledger.draw({ runId, epoch, wantMicroUsd: run.heldMicroUsd })
  if (!isRefusal(drawn)) meter = { ...meter, drawnMicroUsd: drawn.drawnMicroUsd }
  for (let call = 0; call < CALLS_MAX; call += 1) {
    const verdict = reserveCall(meter, {
      price: PRICE,
      inputTokensBound: INPUT_TOKENS,
      wrapUpInputTokensBound: INPUT_TOKENS,
      purpose: 'work',
      drawnIsFinal: true,
    })
    if (verdict.verdict !== 'go') break
    const { reservation } = verdict
    const usage = {
      inputTokens: INPUT_TOKENS,
      cachedTokens: 0,
      outputTokens: reservation.outputTokensMax,
      reasoningTokens: 0,
    }
    meter = postCall(verdict.meter, reservation, { kind: 'reported', usage }).meter
    truth.charge(runId, {
      microUsd: reservation.reservedMicroUsd,
      tokens: BigInt(reservation.reservedTokens),
      boundMicroUsd: reservation.reservedMicroUsd,
      boundTokens: BigInt(reservation.reservedTokens),
    })
  }
  await ledger.settle({ runId, epoch, report: reportOf(meter.spentMicroUsd), now: NOW })
}

function askOf(repositoryId: number, key: string): ReserveAsk {
  return {
    repositoryId,
    subjectKey: key,
    commandKey: key,
    capMicroUsd: CAP_MICRO_USD,
    capTokens: 1n,
    floorMicroUsd: FLOOR_MICRO_USD,
    accounts: [SPEC],
    now: NOW,
  }
}

function reportOf(spentMicroUsd: bigint): Report {
  return {
    version: 1,
    conclusion: 'capped',
    message: 'Simulated.',
    spentMicroUsd,
    inputTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
    steps: [],
    calls: [],
  }
}

async function accountOf(ledger: Ledger, repositoryId: number): Promise<AccountFacts> {
  const look = await ledger.books.look({ runIds: [], named: namedIn(repositoryId) })
  const account = look.accounts.find(({ name }) => name === SPEC.name)
  if (account === undefined) throw new Error('the rush has no account')
  return account
}

function namedIn(repositoryId: number) {
  return { repositoryId, specs: [SPEC] }
}

function basisPoints(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number((part * 10_000n) / whole)
}
