/** How a run ended, from its row and its report, in the form that the texts take. */

import { waiving } from '../../core/changes/waive.ts'
import { inertLine, redactClean } from '../../core/inert.ts'
import { type ReasonCode, reasonCodes, reasons } from '../../core/reason.ts'
import { redactor } from '../../core/redact.ts'
import type { Repeated } from '../../core/run/failure.ts'
import type { Delivered, EndedRun } from '../../core/text/ended-run.ts'
import { planGuardWords, type WorkDone } from '../../core/text/work-done.ts'
import { sideBranchOf } from '../../delivery/side-branch-url.ts'
import { violationsOf } from '../../delivery/validate.ts'
import type { Run } from '../../prisma/client/client.ts'
import { storedPlan, storedReport } from '../ledger/stored.ts'

const DETAIL_CHARACTERS_MAX = 300
/** What only a look into the repository shows, by the reason it was withheld for. */
const LOOKED: Readonly<Record<string, string>> = {
  'guard-diff': 'The work changes more lines than `diff.lines` allows, and more than its runner said.',
  'guard-files': 'A file of the work would take the place of files that the work does not delete.',
}
const redact = redactor([])

export function endedRun(run: Run, actionsUrl: string | undefined, repeated?: Repeated): EndedRun {
  const report = storedReport(run)
  return {
    conclusion: run.conclusion ?? 'failed',
    reason: reasonOf(run),
    detail: detailOf(run),
    repeated,
    spentMicroUsd: run.spentMicroUsd,
    delivered: deliveredOf(run, actionsUrl),
    steps: report?.steps ?? [],
    work: workOf(run),
    actionsUrl,
  }
}

/** Whatever was made and not withheld has passed its guards: they are looked at before anything else is. */
function workOf(run: Run): WorkDone | undefined {
  const report = storedReport(run)
  const delivery = report?.delivery
  if (!delivery) return undefined
  const plan = waiving(storedPlan(run), run.waived)
  const isSaid = run.delivery === 'review' || run.delivery === 'comment' || run.delivery === 'issue'
  return {
    files: (delivery.changeset?.files ?? []).map((file) => ({ ...file, path: redactClean(file.path, redact) })),
    // While it waits it is shown whole, by itself.
    words:
      isSaid || run.approval === 'awaited'
        ? undefined
        : redactClean(delivery.body.trim() === '' ? delivery.title : delivery.body, redact),
    testChanges: report?.testChanges,
    guardsPassed: hasPassed(run) ? planGuardWords(plan) : [],
  }
}

function hasPassed({ conclusion, approval }: Run): boolean {
  return conclusion === 'completed' || conclusion === 'capped' || approval === 'awaited' || approval === 'lapsed'
}

export function reasonOf(run: Run): ReasonCode | undefined {
  return reasonCodes.find((code) => code === run.reason)
}

/** What the App found itself comes before what the runner said. Either was written by a stranger. */
function detailOf(run: Run): string | undefined {
  const report = storedReport(run)
  if (!report || run.reason === null) return undefined
  const violation = violationsOf(waiving(storedPlan(run), run.waived), report.delivery?.changeset).find(
    ({ reason }) => reason === run.reason,
  )
  const waived = run.reason === 'guard-waived' ? `${reasons['guard-waived'].says} ${report.message}` : undefined
  // What the App concluded itself the runner knew nothing of.
  const said = report.reason === run.reason ? report.message : LOOKED[run.reason]
  const detail = waived ?? violation?.message ?? said ?? ''
  return detail === '' ? undefined : inertLine(detail, DETAIL_CHARACTERS_MAX, redact)
}

/** What reached the repository, told from the run's row. */
export function deliveredOf(run: Run, actionsUrl: string | undefined): Delivered {
  const { deliveredUrl: url, deliveredNumber: number, deliveredSha: sha } = run
  const branch = url === null ? undefined : sideBranchOf(url)
  if (url !== null && branch !== undefined) return { kind: 'side-branch', branch, url }
  if (url !== null && number !== null) {
    return { kind: run.delivery === 'issue' ? 'issue' : 'pull-request', number, url }
  }
  if (url !== null && sha !== null) return { kind: 'commit', sha, url }
  const isSaid = run.conclusion === 'completed' || run.conclusion === 'capped'
  if (url !== null && isSaid && run.delivery === 'review') return { kind: 'review', url }
  // An issue without a number became a comment.
  if (url !== null && isSaid && (run.delivery === 'comment' || run.delivery === 'issue'))
    return { kind: 'comment', url }
  const isAside = run.approval === 'awaited' || run.approval === 'lapsed'
  const isKept = isAside || storedReport(run)?.delivery?.changeset !== undefined
  return isKept && actionsUrl !== undefined ? { kind: 'kept', url: actionsUrl } : { kind: 'none' }
}
