/** The accounts that pay, as people read them. */

import type { Configuration } from '../../core/config/configuration.ts'
import type { AccountRow, AccountSpec } from '../../core/money/account.ts'
import { dayOf } from '../../core/money/calendar.ts'
import type { Amount, PayingAccount } from '../../core/text/paying-account.ts'
import type { Run } from '../../prisma/client/client.ts'
import { accountsAsDeclared, payersOf } from '../ledger/accounts.ts'
import type { Parts } from '../parts.ts'
import { portfolioLately } from './accepted.ts'

/** How the accounts stand now: what is held and spent is taken off. */
export async function payingNow(
  parts: Parts,
  repositoryId: bigint,
  configuration: Configuration,
  specs: readonly AccountSpec[],
  variant: string | null | undefined,
): Promise<readonly PayingAccount[]> {
  const accounts = await accountsAsDeclared(parts.prisma, repositoryId, specs, parts.now())
  return payingAccounts(parts, repositoryId, configuration, accounts, variant)
}

export async function payingOf(
  parts: Parts,
  configuration: Configuration,
  run: Pick<Run, 'id' | 'repositoryId' | 'variant' | 'assignment'>,
): Promise<readonly PayingAccount[]> {
  const payers = await payersOf(parts.prisma, run.id)
  const variant = run.assignment === 'chosen' ? run.variant : null
  return payingAccounts(parts, run.repositoryId, configuration, payers, variant)
}

/** With what a portfolio that says why dear runs are right has come to. */
export async function payingAccounts(
  parts: Parts,
  repositoryId: bigint,
  configuration: Configuration,
  standings: readonly Standing[],
  variant: string | null | undefined,
): Promise<readonly PayingAccount[]> {
  return Promise.all(
    standings.map(async (one) => {
      const account = payingAccount(configuration, one, variant)
      if (account.highCost === undefined) return account
      const { name } = account
      return {
        ...account,
        worth: await portfolioLately(parts.prisma, configuration, { repositoryId, name }, parts.now()),
      }
    }),
  )
}

type Standing = Pick<AccountRow, 'kind' | 'name' | 'unit' | 'periodEnd' | 'budget' | 'spent' | 'held'>

/** `variant`: what somebody chose to try and it pays for; left out for anything else. */
export function payingAccount(
  configuration: Configuration,
  standing: Standing,
  variant?: string | null,
): PayingAccount {
  const { portfolios, experiments } = configuration.portfolios
  const { kind, name, unit, budget, spent, held, periodEnd } = standing
  const portfolio = kind === 'portfolio' ? portfolios[name] : undefined
  const experiment = kind === 'experiment' ? experiments[name] : undefined
  const timeZone = configuration.portfolios['time-zone']
  return {
    kind,
    name,
    purpose: experiment?.project ?? portfolio?.purpose,
    value: portfolio?.value,
    why: variant == null ? undefined : whyPaying(configuration, kind),
    budget: amountIn(unit, budget),
    remaining: amountIn(unit, budget - spent - held),
    held: amountIn(unit, held),
    resets: dayOf(kind === 'experiment' ? new Date(periodEnd.getTime() - 1) : periodEnd, timeZone),
    scope: experiment?.scope.paths,
    flatRate: experiment?.metering === 'flat-rate',
    highCost: portfolio?.['high-cost'],
  }
}

/** Who pays for trying a variant depends on the files that the subject changes (`core/money/squads.ts`). */
function whyPaying({ portfolios }: Configuration, kind: Standing['kind']): string | undefined {
  if (kind === 'squad') return 'it owns most of the changed files'
  if (kind === 'experiment') return undefined
  const hasSquads = Object.keys(portfolios.exploration?.squads ?? {}).length > 0
  return hasSquads ? 'no squad owns most of the changed files' : undefined
}

function amountIn(unit: Standing['unit'], amount: bigint): Amount {
  return unit === 'usd' ? { microUsd: amount } : { tokens: amount }
}
