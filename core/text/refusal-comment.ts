/** A "no" as people read it: why, the numbers, what to do, who can, where, and when it changes by itself. */
import { formatAtMostUsd } from '../money/money.ts'
import type { Refusal } from '../reason.ts'
import { termsBeside } from '../refusal-terms.ts'
import { code, paragraphs, prose } from './markdown.ts'
import { sessionMarker } from './marker.ts'
import { type PayingAccount, payer } from './paying-account.ts'
import { workflowName } from './workflow-name.ts'

export interface RefusalView {
  readonly refusal: Refusal
  /** The session it belongs to, where there is one. */
  readonly sessionId?: string | undefined
  readonly workflow?: string | undefined
  readonly variant?: string | undefined
  /** Of a command that starts no workflow by its name. */
  readonly verb?: string | undefined
  /** The accounts whose room decided; empty where money wasn't the reason. */
  readonly accounts: readonly PayingAccount[]
  /** The least the run would have been started with, and the cap it asked for. */
  readonly floorMicroUsd?: bigint | undefined
  readonly capMicroUsd?: bigint | undefined
}

export function refusalComment(view: RefusalView): string {
  const { refusal, sessionId } = view
  const marker = sessionId === undefined ? '' : `${sessionMarker(sessionId, 'refusal')}\n`
  return paragraphs(
    `${marker}### ${heading(view)}`,
    `${prose(refusal.message)} Nothing was spent.`,
    numbers(view),
    `**What to do:** ${prose(refusal.todo)}`,
    termsBeside(refusal),
    `<sub>Reason ${code(refusal.reason)} · ${code('/agent help')}</sub>`,
  )
}

/** A workflow that is under way is not called one that was not started because its session was told something in vain. */
function heading({ verb, workflow, variant }: RefusalView): string {
  if (verb !== undefined) return `${code(`/agent ${verb}`)}: not done`
  return workflow === undefined ? 'Not started' : `${code(workflowName({ workflow, variant }))}: not started`
}

/** What was asked for beside what there is. */
function numbers(view: RefusalView): string | undefined {
  const lines = [
    view.capMicroUsd === undefined ? undefined : `- Asked for: at most ${formatAtMostUsd(view.capMicroUsd)}`,
    view.floorMicroUsd === undefined
      ? undefined
      : `- Worth starting with: at least ${formatAtMostUsd(view.floorMicroUsd)}`,
    ...view.accounts.map((account) => `- Paid by: ${payer(account)}`),
  ]
  const said = lines.filter((line) => line !== undefined)
  return said.length === 0 ? undefined : said.join('\n')
}
