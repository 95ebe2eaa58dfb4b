/**
 * Of every refusal: who can change it, where, and when it changes by itself. One row for each code that can be one; whoever is
 * told is given these beside the refusal's own words, which have the numbers. Roles, never people.
 */
import { type ReasonCode, type Refusal, reasons } from './reason.ts'

export type RefusalCode = {
  [Code in ReasonCode]: (typeof reasons)[Code]['kind'] extends 'conclusion' ? never : Code
}[ReasonCode]

export const roles = {
  asker: 'whoever gives the command, by giving it anew',
  maintainer: 'whoever may merge to the default branch',
  administrator: 'whoever administers the repository or its organisation on GitHub',
  operator: 'whoever runs the App',
} as const
export type Role = keyof typeof roles

export interface Terms {
  readonly who: Role
  /** The file or the place where it is changed, as Markdown; left out where that is the command itself. */
  readonly where?: string
  /** When it changes without anybody's doing; left out where it never does. */
  readonly resets?: string
}

const PORTFOLIOS = '`.github/purser/portfolios.yml`'
const CATALOG = '`.github/purser/catalog/`'
const ENDED = 'when the run that is under way here has ended'

export const refusalTerms: Readonly<Record<RefusalCode, Terms>> = {
  'invalid-command': { who: 'asker' },
  'unknown-workflow': { who: 'asker' },
  'unknown-variant': { who: 'asker' },
  'input-invalid': { who: 'asker' },
  'override-out-of-bounds': { who: 'maintainer', where: `the portfolio’s \`overrides\` in ${PORTFOLIOS}` },
  'wrong-subject': { who: 'maintainer', where: `the workflow’s \`on\` in ${CATALOG}` },
  'nothing-proposed': { who: 'asker' },
  'offer-not-possible': { who: 'maintainer', where: `${CATALOG} of either repository` },
  'unknown-agent': { who: 'asker' },
  'no-session': { who: 'asker' },
  'nothing-to-resume': { who: 'asker' },
  'nothing-withheld': { who: 'asker' },
  'guard-stands': { who: 'maintainer', where: `the workflow’s \`guards.waive\` in ${CATALOG}` },
  'already-running': { who: 'asker', resets: ENDED },
  'queue-full': { who: 'asker', resets: 'as soon as one of those that wait has had its turn' },
  'not-permitted': { who: 'administrator', where: 'the repository’s settings, under “Collaborators and teams”' },
  'permission-unreadable': {
    who: 'administrator',
    where: 'the App’s installation',
    resets: 'when GitHub answers again',
  },
  fork: { who: 'asker', where: 'a branch of this repository' },
  'head-moved': { who: 'asker' },
  'command-stale': { who: 'asker' },
  'daily-brake': { who: 'asker', resets: 'a day after the earliest of those starts' },
  'not-default-branch': { who: 'maintainer', where: '`.github/workflows/` of the default branch' },
  'identity-invalid': { who: 'maintainer', where: 'the job’s `permissions` in `.github/workflows/`' },
  'no-configuration': { who: 'maintainer', where: PORTFOLIOS },
  'configuration-invalid': { who: 'maintainer', where: '`.github/purser/`' },
  'organisation-layer-unreadable': { who: 'administrator', where: 'the App’s installation' },
  'already-there': { who: 'asker' },
  'no-portfolio': { who: 'maintainer', where: PORTFOLIOS },
  'experiment-over': { who: 'maintainer', where: `the experiment’s \`extended\` in ${PORTFOLIOS}` },
  'model-without-price': { who: 'maintainer', where: `\`models.prices\` in ${PORTFOLIOS}` },
  'no-room': {
    who: 'maintainer',
    where: `the budget in ${PORTFOLIOS}`,
    resets: 'with the next period or sprint, and when running work gives back what it does not use',
  },
  'session-used-up': { who: 'asker' },
  'account-frozen': { who: 'operator', resets: 'with the next period or sprint' },
  'confirmation-needed': { who: 'asker' },
  'ledger-unreachable': { who: 'operator', resets: 'when the App answers again' },
  'app-unreachable': { who: 'operator', resets: 'when the App answers again' },
  'app-required': { who: 'maintainer', where: `\`without-app\` in ${PORTFOLIOS}` },
  'run-unknown': { who: 'asker' },
  'already-claimed': { who: 'asker' },
  'run-over': { who: 'asker' },
  'dispatch-failed': { who: 'administrator', where: 'the repository’s settings, under “Actions”' },
  'bad-request': { who: 'maintainer', where: 'the Action’s version in `.github/workflows/`' },
  'no-key': { who: 'administrator', where: 'the secrets of the `purser` environment' },
  'program-missing': { who: 'maintainer', where: '`.github/workflows/purser.yml`' },
  'sandbox-unavailable': { who: 'maintainer', where: '`.github/workflows/purser.yml`' },
  cancelled: { who: 'asker' },
  paused: { who: 'asker' },
  'checkpoint-unusable': { who: 'asker' },
}

/** A conclusion alone has none. */
export function termsOf(reason: ReasonCode): Terms | undefined {
  return isRefusalCode(reason) ? refusalTerms[reason] : undefined
}

function isRefusalCode(reason: ReasonCode): reason is RefusalCode {
  return reasons[reason].kind !== 'conclusion'
}

/** `**Who can change it:** whoever may merge to the default branch, in ...`. */
export function termsText({ who, where, resets }: Terms): string {
  const changed = `**Who can change it:** ${roles[who]}${where === undefined ? '' : `, in ${where}`}.`
  return resets === undefined ? changed : `${changed} ${byItself(resets)}`
}

/** The same beside a refusal's own words: what these say already, and that a command can be given anew, is not said again. */
export function termsBeside({ todo, reason }: Refusal): string | undefined {
  const terms = termsOf(reason)
  if (terms === undefined) return undefined
  const { resets, ...rest } = terms
  const isSaid = todo.includes('By itself')
  const open: Terms = resets === undefined || isSaid ? rest : { ...rest, resets }
  if (open.who !== 'asker' || open.where !== undefined) return termsText(open)
  return open.resets === undefined ? undefined : byItself(open.resets)
}

function byItself(resets: string): string {
  return `**By itself** it changes ${resets}.`
}
