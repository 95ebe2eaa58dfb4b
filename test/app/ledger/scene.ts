/** A repository of its own for each test, so that tests share a database without seeing each other. */

import { transactSql } from '../../../app/database/transact.ts'
import { type Claim, claim } from '../../../app/ledger/claim.ts'
import { ensureAccounts } from '../../../app/ledger/ensure-accounts.ts'
import type { Ledger } from '../../../app/ledger/ledger.ts'
import {
  type NewRun,
  type NewSession,
  type Reserved,
  type ReserveRequest,
  reserve,
} from '../../../app/ledger/reserve.ts'
import type { AccountSpec } from '../../../core/money/account.ts'
import type { Call } from '../../../core/money/call.ts'
import type { Plan } from '../../../core/plan/plan.ts'
import { isRefusal, type Refusal } from '../../../core/reason.ts'
import type { Report } from '../../../core/run/report.ts'
import type { Account, PrismaClient } from '../../../prisma/client/client.ts'

export const NOW = new Date('2026-11-20T12:00:00Z')
export const CENT = 10_000n
const SHA = 'a'.repeat(40)

let repositories = 0n

export async function newRepository(prisma: PrismaClient): Promise<bigint> {
  repositories += 1n
  const id = repositories + BigInt(process.pid) * 1_000_000n
  await prisma.repository.create({
    data: { id, owner: 'acme', name: `shop-${id}`, installationId: 1n, defaultBranch: 'main' },
  })
  return id
}

export function portfolioAccount(budgetMicroUsd: bigint, changes: Partial<AccountSpec> = {}): AccountSpec {
  return {
    kind: 'portfolio',
    name: 'refactoring',
    unit: 'usd',
    periodStart: new Date('2026-11-01T00:00:00Z'),
    periodEnd: new Date('2026-12-01T00:00:00Z'),
    budget: budgetMicroUsd,
    enforced: true,
    ...changes,
  }
}

export function squadTokens(budget: bigint): AccountSpec {
  return portfolioAccount(budget, { kind: 'squad', name: 'payments', unit: 'tokens' })
}

/** As a reservation does before it decides. */
export async function openAccounts(
  connections: Pick<Ledger, 'pool' | 'kind'>,
  repositoryId: bigint,
  specs: readonly AccountSpec[],
  now = NOW,
): Promise<readonly Account[]> {
  return transactSql(connections, (sql) => ensureAccounts(sql, repositoryId, specs, now))
}

export function planOf(capMicroUsd: bigint, changes: Partial<Plan> = {}): Plan {
  return {
    version: 1,
    workflow: 'refactor+tests',
    portfolio: 'refactoring',
    subject: { kind: 'pull-request', repository: 'acme/shop', number: 12, headSha: SHA },
    inputs: { goal: 'Keep behaviour' },
    setup: undefined,
    steps: [],
    agents: {},
    guards: {},
    deliver: 'commit',
    prices: {},
    capMicroUsd,
    timeoutMinutes: 30,
    ...changes,
  }
}

let commands = 0

/** A request that differs from every other; `changes` say in what it is of interest. */
export function requestFor(
  repositoryId: bigint,
  capMicroUsd: bigint,
  accounts: readonly AccountSpec[],
  changes: { session?: Partial<NewSession>; run?: Partial<NewRun>; now?: Date } = {},
): ReserveRequest {
  commands += 1
  return {
    session: {
      repositoryId,
      subjectKind: 'pull-request',
      subjectNumber: commands,
      subjectKey: `pull-request:${commands}`,
      trigger: 'comment',
      commandKey: `comment:${commands}`,
      ...changes.session,
    },
    run: {
      family: 'refactor+tests',
      variant: null,
      assignment: 'baseline',
      portfolio: 'refactoring',
      headSha: SHA,
      configSha: SHA,
      plan: planOf(capMicroUsd),
      floorMicroUsd: capMicroUsd / 10n,
      recentSpendsMicroUsd: [],
      ...changes.run,
    },
    accounts,
    now: changes.now ?? NOW,
  }
}

/** Of totals alone, which are then all that it proves. */
export function reportOf(spentMicroUsd: bigint, changes: Partial<Report> = {}): Report {
  return {
    version: 1,
    conclusion: 'completed',
    message: 'Done.',
    spentMicroUsd,
    inputTokens: 1000,
    cachedTokens: 0,
    outputTokens: 100,
    steps: [],
    calls: [],
    noCallSent: true,
    ...changes,
  }
}

/** A model call that cost what was reserved for it. */
export function callOf(spentMicroUsd: bigint): Call {
  return {
    id: 0,
    step: 'refactor',
    model: 'gpt-5.2-mini',
    reservedMicroUsd: spentMicroUsd,
    spentMicroUsd,
    inputTokens: 700,
    cachedTokens: 0,
    outputTokens: 50,
    reasoningTokens: 0,
    usage: 'reported',
  }
}

/** What was not refused. */
export function granted<T>(result: T | Refusal): T {
  if (isRefusal(result)) throw new Error(`refused: ${result.reason}: ${result.message}`)
  return result
}

export async function reservedRun(ledger: Ledger, request: ReserveRequest): Promise<Reserved> {
  return granted(await reserve(ledger, request))
}

export async function claimedRun(ledger: Ledger, request: ReserveRequest): Promise<Claim> {
  const { run } = await reservedRun(ledger, request)
  return claimOf(ledger.prisma, run)
}

export async function claimOf(
  prisma: PrismaClient,
  run: { readonly id: string; readonly repositoryId: bigint },
  jobKey = 'job',
): Promise<Claim> {
  return granted(await claim(prisma, { runId: run.id, repositoryId: run.repositoryId, jobKey, now: NOW }))
}
