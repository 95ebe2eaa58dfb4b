/**
 * Says that something did not start by itself: whoever set a label is answered in one comment, which later answers edit; all else
 * is one neutral check for each head, workflow and reason.
 */
import type { Start } from '../../core/plan/starts.ts'
import { refusalComment } from '../../core/text/refusal-comment.ts'
import { say } from '../../delivery/say.ts'
import type { Parts } from '../parts.ts'
import { payingNow } from '../run/paying.ts'
import { type Prepared, triedIn } from '../run/prepare.ts'
import { checkNameOf, showRefusedCheck } from '../show/check.ts'
import type { Place } from '../subject/place.ts'
import type { FoundSubject } from '../subject/subject.ts'
import type { Refused } from './start.ts'

export async function tellRefused(
  parts: Parts,
  place: Place,
  { found, start, refusal, prepared }: Refused & { readonly found: FoundSubject; readonly start: Start },
): Promise<void> {
  const { number, headSha } = found.subject
  const { family: workflow, trigger } = start
  parts.log.info({ family: workflow, trigger, subject: found.key, reason: refusal.reason }, 'not started by itself')
  const id = `${trigger}-${workflow.replaceAll('+', '_')}`
  const view = {
    refusal,
    workflow,
    accounts: await payersOf(parts, place, prepared),
    floorMicroUsd: prepared?.resolved.floorMicroUsd,
    capMicroUsd: prepared?.resolved.plan.capMicroUsd,
  }
  if (trigger === 'label' && number !== undefined) {
    await say(place, number, refusalComment({ ...view, sessionId: id }))
    return
  }
  await showRefusedCheck(parts, place, {
    name: checkNameOf({ workflow }),
    headSha,
    id: `${id}-${refusal.reason}`,
    summary: refusalComment(view),
  })
}

async function payersOf(parts: Parts, place: Place, prepared: Prepared | undefined) {
  if (prepared === undefined) return []
  const { declared, accounts, plan } = prepared
  return payingNow(parts, place.repositoryId, declared.configuration, accounts, triedIn(plan))
}
