/** The run as a check run on its head: the one place on GitHub that can say "neutral". */
import { checkRun, startedCheck } from '../../core/text/check-run.ts'
import { workflowName } from '../../core/text/workflow-name.ts'
import { isMissing } from '../../delivery/github.ts'
import type { Run } from '../../prisma/client/client.ts'
import { storedQuote } from '../ledger/stored.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../subject/place.ts'
import { endedRun } from './ended-run.ts'
import type { Shown } from './show-run.ts'

/** A run that waits has no check: a check that is never completed would block a merge. */
export async function showCheck(parts: Parts, place: Place, shown: Shown): Promise<void> {
  const { run, session, progress } = shown
  if (run.state === 'waiting') return
  // The check only says that the run is under way: a further step changes nothing of it.
  if (progress !== undefined && session.checkRunId !== null && run.state !== 'ended') return
  const known =
    session.checkRunId === null
      ? await findCheck(parts, place, { name: checkName(run), headSha: run.headSha, id: run.id })
      : Number(session.checkRunId)
  const made = await put(place, shown, known)
  if (session.checkRunId !== BigInt(made)) {
    await parts.prisma.session.update({ where: { id: session.id }, data: { checkRunId: made } })
  }
}

function checkName({ family, variant }: Pick<Run, 'family' | 'variant'>): string {
  return checkNameOf({ workflow: family, variant: variant ?? undefined })
}

export function checkNameOf(named: { readonly workflow: string; readonly variant?: string | undefined }): string {
  return `purser: ${workflowName(named)}`
}

/** A refusal on the head that the run would have started from: neutral, so that it never blocks a merge. */
export async function showRefusedCheck(
  parts: Parts,
  place: Place,
  refused: { readonly name: string; readonly headSha: string; readonly id: string; readonly summary: string },
): Promise<void> {
  const { name, headSha, id, summary } = refused
  if ((await findCheck(parts, place, { name, headSha, id })) !== undefined) return
  await place.octokit.rest.checks.create({
    ...place.name,
    name,
    head_sha: headSha,
    external_id: id,
    status: 'completed',
    conclusion: 'neutral',
    output: { title: 'Not started', summary },
  })
}

async function findCheck(
  parts: Parts,
  place: Place,
  { name, headSha, id }: { readonly name: string; readonly headSha: string; readonly id: string },
): Promise<number | undefined> {
  const { data } = await place.octokit.rest.checks.listForRef({
    ...place.name,
    ref: headSha,
    check_name: name,
    app_id: parts.appId,
    filter: 'all',
    per_page: 100,
  })
  return data.check_runs.find((check) => check.external_id === id)?.id
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

function bodyOf({ run, accounts, actionsUrl, repeated }: Shown) {
  const details = actionsUrl === undefined ? {} : { details_url: actionsUrl }
  if (run.state !== 'ended') {
    const output = startedCheck({ quote: storedQuote(run), accounts })
    return { ...details, status: 'in_progress' as const, output }
  }
  const text = checkRun({
    workflow: run.family,
    variant: run.variant ?? undefined,
    quote: storedQuote(run),
    accounts,
    run: endedRun(run, actionsUrl, repeated),
  })
  const { conclusion, title, summary } = text
  return { ...details, status: 'completed' as const, conclusion, output: { title, summary } }
}
