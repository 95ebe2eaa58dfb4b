/** Who pays, as people read it. */
import type { AccountKind } from '../money/account.ts'
import { formatAtLeastUsd, formatTokens, formatUsd, grouped } from '../money/money.ts'
import { type AcceptedLately, acceptedLine } from './accepted-line.ts'
import { code, inline } from './markdown.ts'

/** An account is in money or in tokens, never in both. */
export type Amount = { readonly microUsd: bigint } | { readonly tokens: bigint }

/** An account that a run touches, as it stands with the run's hold (or, once settled, its spend) taken off. `remaining` is without what is held. */
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
  /** What running work holds of it, and may give back. */
  readonly held: Amount
  /** The day, `2026-12-01`, on which the next period or sprint begins; of an experiment the last that belongs to it. */
  readonly resets: string
  /** The paths that an experiment confines its work to. */
  readonly scope?: readonly string[] | undefined
  /** Whether an experiment is paid for at a flat rate, so that what is logged is a shadow price. */
  readonly flatRate?: boolean | undefined
  /** Why dear runs are right here, as the portfolio declares it. */
  readonly highCost?: string | undefined
  /** Where it declares that: what all accepted runs of the portfolio have cost lately. */
  readonly worth?: AcceptedLately | undefined
}

export function formatAmount(amount: Amount): string {
  return 'microUsd' in amount ? formatUsd(amount.microUsd) : formatTokens(amount.tokens)
}

/** One line for each account. */
export function accountLines(accounts: readonly PayingAccount[]): string {
  return accounts.map((account) => `- ${payer(account)}: ${standing(account)}`).join('\n')
}

/** Why high cost is right, as the accounts declare it. */
export function highCostLines(accounts: readonly PayingAccount[]): string | undefined {
  const said = new Set(
    accounts.flatMap((account) => {
      const { highCost } = account
      return highCost === undefined ? [] : [`> High cost is right here: ${highCostWords({ ...account, highCost })}`]
    }),
  )
  return said.size === 0 ? undefined : [...said].join('\n\n')
}

export type HighCost = Pick<PayingAccount, 'name' | 'worth'> & { readonly highCost: string }

/**
 * The reason, and beside it what the whole portfolio has come to, since a reason alone excuses every amount. `plain`: for a terminal,
 * not as Markdown.
 */
export function highCostWords({ name, highCost, worth }: HighCost, plain = false): string {
  const figure = acceptedLine(worth)
  const reason = plain ? highCost : inline(highCost)
  if (figure === undefined) return reason
  const whole = `All of ${plain ? name : `**${inline(name)}**`} ${figure.charAt(0).toLowerCase()}${figure.slice(1)}`
  return `${/[.!?]$/.test(reason) ? reason : `${reason}.`} ${whole}`
}

/** `$31.20 of $40.00 left until 2026-12-01; running work holds $2.50`. */
export function standing(account: PayingAccount): string {
  const { held } = account
  const amount = 'microUsd' in held ? held.microUsd : held.tokens
  return `${leftOf(account)}${amount > 0n ? `; running work holds ${formatAmount(held)}` : ''}`
}

function leftOf({ kind, budget, remaining, resets }: PayingAccount): string {
  const end = kind === 'experiment' ? `the end of ${resets}` : resets
  const left = 'microUsd' in remaining ? remaining.microUsd : remaining.tokens
  if (left >= 0n)
    return `${'microUsd' in remaining ? formatAtLeastUsd(left) : grouped(left)} of ${formatAmount(budget)} left until ${end}`
  const over: Amount = 'microUsd' in remaining ? { microUsd: -left } : { tokens: -left }
  return `${formatAmount(over)} over its ${formatAmount(budget)}, which lasts until ${end}`
}

/** `Portfolio **refactoring** (Safer, faster refactors; value: quality)`. */
export function payer(account: PayingAccount): string {
  const name = `**${inline(account.name)}**`
  const value = account.value === undefined ? undefined : `value: ${inline(account.value)}`
  const scope = account.scope === undefined ? undefined : `only within ${account.scope.map(code).join(', ')}`
  const shadow = account.flatRate ? 'flat rate, so costs here are shadow prices' : undefined
  const purpose = account.purpose === undefined ? undefined : inline(account.purpose)
  const about = [purpose, value, scope, shadow, account.why]
  const said = about.filter((part) => part !== undefined).join('; ')
  const lead = { portfolio: 'Portfolio', squad: 'The sprint of squad', experiment: 'Experiment' }[account.kind]
  return `${lead} ${name}${said === '' ? '' : ` (${said})`}`
}
