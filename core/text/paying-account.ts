/** Who pays, as people read it. */
import type { AccountKind } from '../ledger.ts'
import { formatTokens, formatUsd } from '../money.ts'
import { inline } from './markdown.ts'

/** An account is in money or in tokens, never in both. */
export type Amount = { readonly microUsd: bigint } | { readonly tokens: bigint }

/** An account that a run touches, as it stands with the run's hold (or, once settled, its spend) taken off. */
export interface PayingAccount {
  readonly kind: AccountKind
  /** The portfolio's, squad's or experiment's name. */
  readonly name: string
  /** The portfolio's purpose or the experiment's project; a squad's sprint has none. */
  readonly purpose?: string | undefined
  /** The value that a portfolio serves. */
  readonly value?: string | undefined
  /** Why this one pays, where it is not simply the workflow's portfolio: `it owns most of the changed files`. */
  readonly why?: string | undefined
  readonly budget: Amount
  /** Below zero where the budget is only recorded and has been passed. */
  readonly remaining: Amount
  /** The day, `2026-12-01`, on which the next period or sprint begins or the experiment ends. */
  readonly resets: string
  /** Why dear runs are right here, as the portfolio declares it. */
  readonly highCost?: string | undefined
}

export function formatAmount(amount: Amount): string {
  return 'microUsd' in amount ? formatUsd(amount.microUsd) : formatTokens(amount.tokens)
}

/** One line for each account, and the reasons for high cost below. */
export function accountLines(accounts: readonly PayingAccount[]): string {
  const lines = accounts.map((account) => `- ${payer(account)}: ${standing(account)}`)
  const reasons = accounts.flatMap((account) =>
    account.highCost === undefined ? [] : [`> High cost is right here: ${inline(account.highCost)}`],
  )
  return [lines.join('\n'), ...new Set(reasons)].filter((part) => part !== '').join('\n\n')
}

/** `$31.20 of $40.00 left until 2026-12-01`. */
export function standing(account: PayingAccount): string {
  const { budget, remaining, resets } = account
  const left = 'microUsd' in remaining ? remaining.microUsd : remaining.tokens
  if (left >= 0n)
    return `${'microUsd' in remaining ? formatUsd(left) : left.toLocaleString('en-US')} of ${formatAmount(budget)} left until ${resets}`
  const over: Amount = 'microUsd' in remaining ? { microUsd: -left } : { tokens: -left }
  return `${formatAmount(over)} over its ${formatAmount(budget)}, which lasts until ${resets}`
}

function payer(account: PayingAccount): string {
  const name = `**${inline(account.name)}**`
  const value = account.value === undefined ? undefined : `value: ${inline(account.value)}`
  const about = [account.purpose === undefined ? undefined : inline(account.purpose), value, account.why]
  const said = about.filter((part) => part !== undefined).join('; ')
  const lead = { portfolio: 'Portfolio', squad: 'The sprint of squad', experiment: 'Experiment' }[account.kind]
  return `${lead} ${name}${said === '' ? '' : ` (${said})`}`
}
