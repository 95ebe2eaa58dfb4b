/** The run as a check run on its head: the one place on GitHub that can say "neutral". */
import { checkRun } from '../../core/text/check-run.ts'
import { workflowName } from '../../core/text/workflow-name.ts'
import type { Run } from '../../prisma/client/client.ts'
import { isMissing } from '../github.ts'
import { storedQuote } from '../ledger/stored.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../place.ts'
import { endedRun } from './ended-run.ts'
import type { Shown } from './show-run.ts'

/** A run that waits has no check: a check that is never completed would block a merge. */
export async function showCheck(parts: Parts, place: Place, shown: Shown): Promise<void> {
  const { run, session } = shown
  if (run.state === 'waiting') return
  const known = session.checkRunId === null ? await findCheck(parts, place, run) : Number(session.checkRunId)
  const made = await put(place, shown, known)
  if (session.checkRunId !== BigInt(made)) {
    await parts.prisma.session.update({ where: { id: session.id }, data: { checkRunId: made } })
  }
}

function checkName({ family, variant }: Run): string {
  return `purser: ${workflowName({ workflow: family, variant: variant ?? undefined })}`
}

async function findCheck(parts: Parts, place: Place, run: Run): Promise<number | undefined> {
  const { data } = await place.octokit.rest.checks.listForRef({
    ...place.name,
    ref: run.headSha,
    check_name: checkName(run),
    app_id: parts.appId,
    filter: 'all',
    per_page: 100,
  })
  return data.check_runs.find((check) => check.external_id === run.id)?.id
}

async function put(place: Place, shown: Shown, checkRunId: number | undefined): Promise<number> {
  const { checks } = place.octokit.rest
  const body = bodyOf(shown)
  if (checkRunId !== undefined) {
    try {
      const { data } = await checks.update({ ...place.name, check_run_id: checkRunId, ...body })
      return data.id
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
  const { run } = shown
  const { data } = await checks.create({
    ...place.name,
    name: checkName(run),
    head_sha: run.headSha,
    external_id: run.id,
    ...body,
  })
  return data.id
}

function bodyOf({ run, accounts, actionsUrl }: Shown) {
  const details = actionsUrl === undefined ? {} : { details_url: actionsUrl }
  if (run.state !== 'ended') return { ...details, status: 'in_progress' as const }
  const text = checkRun({
    workflow: run.family,
    variant: run.variant ?? undefined,
    quote: storedQuote(run),
    accounts,
    run: endedRun(run, actionsUrl),
  })
  const { conclusion, title, summary } = text
  return { ...details, status: 'completed' as const, conclusion, output: { title, summary } }
}
