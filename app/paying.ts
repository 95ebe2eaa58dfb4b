/** The accounts that pay, as people read them. */
import { dayOf } from '../core/calendar.ts'
import type { Configuration } from '../core/config/configuration.ts'
import type { AccountSpec, Room } from '../core/ledger.ts'
import type { Amount, PayingAccount } from '../core/text/paying-account.ts'
import type { Account } from '../prisma/client/client.ts'
import { room } from './ledger/accounts.ts'
import type { Parts } from './parts.ts'

/** How the accounts stand now: what is held and spent is taken off. */
export async function payingNow(
  parts: Parts,
  repositoryId: bigint,
  configuration: Configuration,
  specs: readonly AccountSpec[],
): Promise<readonly PayingAccount[]> {
  const rooms = await room(parts.prisma, repositoryId, specs, parts.now())
  return rooms.map((one) => payingAccount(configuration, one))
}

/** The accounts of a run that holds or has held something of them. */
export async function payingOf(
  parts: Parts,
  configuration: Configuration,
  runId: string,
): Promise<readonly PayingAccount[]> {
  const holds = await parts.prisma.hold.findMany({
    where: { runId },
    include: { account: true },
    orderBy: { accountId: 'asc' },
  })
  return holds.map(({ account }) => payingAccount(configuration, account))
}

type Standing = Pick<Room | Account, 'kind' | 'name' | 'unit' | 'periodEnd' | 'budget' | 'spent' | 'held'>

export function payingAccount(configuration: Configuration, standing: Standing): PayingAccount {
  const { portfolios, experiments } = configuration.portfolios
  const { kind, name, unit, budget, spent, held, periodEnd } = standing
  const portfolio = kind === 'portfolio' ? portfolios[name] : undefined
  return {
    kind,
    name,
    purpose: kind === 'experiment' ? experiments[name]?.project : portfolio?.purpose,
    value: portfolio?.value,
    budget: amountIn(unit, budget),
    remaining: amountIn(unit, budget - spent - held),
    resets: dayOf(periodEnd, configuration.portfolios['time-zone']),
    highCost: portfolio?.['high-cost'],
  }
}

function amountIn(unit: Standing['unit'], amount: bigint): Amount {
  return unit === 'usd' ? { microUsd: amount } : { tokens: amount }
}
