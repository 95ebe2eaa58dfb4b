/** A "no" as people read it: why, the numbers, who can change it and when it changes by itself. */
import { formatUsd } from '../money.ts'
import type { ReasonCode, Refusal } from '../reason.ts'
import { code, inline, paragraphs, table } from './markdown.ts'
import { sessionMarker } from './marker.ts'
import { type PayingAccount, standing } from './paying-account.ts'
import { workflowName } from './workflow-name.ts'

export interface RefusalView {
  readonly refusal: Refusal
  /** The session it belongs to, where there is one. */
  readonly sessionId?: string | undefined
  readonly workflow?: string | undefined
  readonly variant?: string | undefined
  /** The accounts whose room decided; empty where money wasn't the reason. */
  readonly accounts: readonly PayingAccount[]
  /** The least the run would have been started with, and the cap it asked for. */
  readonly floorMicroUsd?: bigint | undefined
  readonly capMicroUsd?: bigint | undefined
}

export function refusalComment(view: RefusalView): string {
  const { refusal, workflow, sessionId } = view
  const named = workflow === undefined ? '' : `${code(workflowName({ workflow, variant: view.variant }))}: `
  const marker = sessionId === undefined ? '' : `${sessionMarker(sessionId, 'refusal')}\n`
  return paragraphs(
    `${marker}### ${named}not started`,
    `${sentence(refusal.message)} Nothing was spent.`,
    numbers(view),
    `**What to do:** ${sentence(refusal.todo)}`,
    whoLine(refusal.reason),
    resetLine(view),
    `<sub>Reason ${code(refusal.reason)} · ${code('/agent help')}</sub>`,
  )
}

/** Money is told in a table: what was asked for beside what there is. */
function numbers(view: RefusalView): string | undefined {
  const rows = [
    ...(view.capMicroUsd === undefined ? [] : [['asked for', `at most ${formatUsd(view.capMicroUsd)}`]]),
    ...(view.floorMicroUsd === undefined ? [] : [['worth starting with', `at least ${formatUsd(view.floorMicroUsd)}`]]),
    ...view.accounts.map((account) => [`${accountKinds[account.kind]} ${inline(account.name)}`, standing(account)]),
  ]
  return rows.length === 0 ? undefined : table(['', ''], rows)
}

const accountKinds = { portfolio: 'portfolio', squad: 'sprint of squad', experiment: 'experiment' } as const

const MAINTAINERS = 'whoever may merge to the default branch, where `.github/purser/` is declared'
const ADMINISTRATORS = 'whoever administers the repository or its organisation on GitHub'
const OPERATORS = 'whoever runs the App'

/** Who can change it, where that is somebody else than the one who asked. */
const who: Readonly<Partial<Record<ReasonCode, string>>> = {
  'override-out-of-bounds': MAINTAINERS,
  'no-configuration': MAINTAINERS,
  'configuration-invalid': MAINTAINERS,
  'no-portfolio': MAINTAINERS,
  'model-without-price': MAINTAINERS,
  'no-room': MAINTAINERS,
  'account-frozen': MAINTAINERS,
  'app-required': MAINTAINERS,
  'organisation-layer-unreadable': ADMINISTRATORS,
  'dispatch-failed': ADMINISTRATORS,
  'no-key': ADMINISTRATORS,
  'ledger-unreachable': OPERATORS,
  'app-unreachable': OPERATORS,
}

function whoLine(reason: ReasonCode): string | undefined {
  const able = who[reason]
  return able === undefined ? undefined : `**Who can change it:** ${able}.`
}

function resetLine(view: RefusalView): string | undefined {
  const days = [...new Set(view.accounts.map((account) => account.resets))].toSorted()
  return days.length === 0 ? undefined : `**When it changes by itself:** ${days.join(', ')}, with the next budget.`
}

/** Refusals carry names that people wrote; code spans in them stay, everything else is made harmless. */
function sentence(text: string): string {
  const spans = text.split('`')
  return spans.map((part, index) => (index % 2 === 1 ? code(part) : plain(part))).join('')
}

function plain(text: string): string {
  const lead = /^\s/.test(text) ? ' ' : ''
  const trail = /\s$/.test(text) && text.trim() !== '' ? ' ' : ''
  return `${lead}${inline(text, SENTENCE_CHARACTERS_MAX)}${trail}`
}

const SENTENCE_CHARACTERS_MAX = 2_000
