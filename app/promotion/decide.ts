/** What a maintainer decides in a proposal's issue. Each decision is stored before anything is made of it, and may be repeated. */

import type { Rejection } from '../../core/promotion/rejection.ts'
import { isRefusal } from '../../core/reason.ts'
import {
  alreadyText,
  approvedText,
  CLOSED_CHECKPOINTS,
  changedMeanwhileText,
  closedText,
  decidedText,
  decidingLabels,
  decisionLabels,
  notPossibleText,
  REJECTED_CHECKPOINTS,
  rejectedText,
  rejectionLabel,
} from '../../core/text/promotion-decision.ts'
import type { Promotion } from '../../prisma/client/client.ts'
import { toJson } from '../database/json.ts'
import type { Declared } from '../declared/configuration.ts'
import { advance } from '../ledger/promotion.ts'
import type { Parts } from '../parts.ts'
import { layerBy } from '../run/prepare.ts'
import type { Place } from '../subject/place.ts'
import { storeBefore } from './before.ts'
import { prepareChange } from './change.ts'
import { definitionOf } from './definition.ts'
import { openPull } from './pull.ts'
import { sayIn, setIssueState, takeOff } from './say.ts'

/** Branches that hold something else before the approval is given up. */
const BRANCHES_MAX = 3

/** Opens the one pull request, or says in the issue why there is none. */
export async function approve(parts: Parts, place: Place, promotion: Promotion): Promise<void> {
  if (promotion.state !== 'open' && promotion.state !== 'approved') {
    return sayIn(place, promotion, 'decided', decidedText())
  }
  if (promotion.pullNumber !== null) return
  const declared = await layerBy(parts, place)
  if (isRefusal(declared)) return notPossible(parts, place, promotion, `${declared.message} ${declared.todo}`)
  if (isChanged(declared, promotion)) {
    await sayIn(
      place,
      promotion,
      'changed',
      changedMeanwhileText({ workflow: promotion.family, variant: promotion.variant }),
    )
    return backToOpen(parts, place, promotion)
  }
  const prepared = await prepareChange(parts, declared, promotion)
  if ('problem' in prepared) return notPossible(parts, place, promotion, prepared.problem)
  await advance(parts.prisma, promotion, ['open'], { state: 'approved', decidedAt: parts.now() })
  const { before } = prepared
  await advance(parts.prisma, promotion, ['approved'], before ? { before: toJson(storeBefore(before)) } : {})
  const pullNumber = await openOnce(parts, place, promotion, declared, prepared)
  if (pullNumber === undefined) {
    return notPossible(
      parts,
      place,
      promotion,
      'The branches that it would come on hold something else; remove those that begin with purser/.',
    )
  }
  await advance(parts.prisma, promotion, ['approved'], { pullNumber })
  await sayIn(place, promotion, `approved-${pullNumber}`, approvedText(pullNumber))
  parts.log.info({ ...namesOf(promotion), pull: pullNumber }, 'a proposal was approved')
}

/** An earlier try's pull request is adopted; a branch that somebody else's work is on is left alone. */
async function openOnce(
  parts: Parts,
  place: Place,
  promotion: Promotion,
  { configSha }: Declared,
  { files, text }: Exclude<Awaited<ReturnType<typeof prepareChange>>, { problem: string }>,
): Promise<number | undefined> {
  for (let tries = 0; tries < BRANCHES_MAX; tries += 1) {
    const attempt = { ...promotion, givenUp: promotion.givenUp + tries }
    const made = await openPull(place, attempt, configSha, files, text)
    if (made !== undefined) {
      await advance(parts.prisma, promotion, ['approved'], { givenUp: attempt.givenUp })
      return made
    }
  }
  return undefined
}

/**
 * A rollback is judged by what the baseline did, so only a lost way back stops it; an offer by what another repository
 * declares. Both are seen by `prepareChange`.
 */
function isChanged({ configuration }: Declared, { decision, definition, family, variant }: Promotion): boolean {
  if (decision === 'rollback' || decision === 'offer' || definition === null) return false
  return definitionOf(configuration, family, variant) !== definition
}

async function notPossible(parts: Parts, place: Place, promotion: Promotion, problem: string): Promise<void> {
  await sayIn(place, promotion, 'not-possible', notPossibleText(problem))
  await backToOpen(parts, place, promotion)
}

/** The label that approved it goes, so that setting it again is news. */
export async function backToOpen(parts: Parts, place: Place, promotion: Promotion): Promise<void> {
  await advance(parts.prisma, promotion, ['approved'], { state: 'open', decidedAt: null })
  const { issueNumber, decision } = promotion
  if (issueNumber !== null) await takeOff(place, issueNumber, [decisionLabels[decision].approved])
}

export async function reject(parts: Parts, place: Place, promotion: Promotion, rejection: Rejection): Promise<void> {
  const { decision, issueNumber, pullNumber } = promotion
  if (promotion.state === 'rejected') return
  if (pullNumber !== null && promotion.state === 'approved')
    return sayIn(place, promotion, 'already', alreadyText(pullNumber))
  const decided = { state: 'rejected', rejection, decidedAt: parts.now() } as const
  if (!(await advance(parts.prisma, promotion, ['open', 'approved'], decided))) {
    return sayIn(place, promotion, 'decided', decidedText())
  }
  const { rejected } = decisionLabels[decision]
  if (issueNumber !== null) {
    await place.octokit.rest.issues.addLabels({
      ...place.name,
      issue_number: issueNumber,
      labels: [rejected, rejectionLabel(rejection)],
    })
  }
  const runs = REJECTED_CHECKPOINTS * (await checkpointRuns(parts, place))
  await sayIn(place, promotion, `rejected-${rejection}`, rejectedText(decision, rejection, runs))
  await setIssueState(place, { ...promotion, ...decided }, 'closed')
  parts.log.info({ ...namesOf(promotion), rejection }, 'a proposal was rejected')
}

/** Nobody said why, so it counts as undecided; but it is not opened again at once. */
export async function closeByHand(parts: Parts, place: Place, promotion: Promotion): Promise<void> {
  if (!(await advance(parts.prisma, promotion, ['open'], { state: 'closed', decidedAt: parts.now() }))) return
  await sayIn(
    place,
    promotion,
    'closed',
    closedText(promotion.decision, CLOSED_CHECKPOINTS * (await checkpointRuns(parts, place))),
  )
}

/** Somebody wants to decide anew. */
export async function reopen(parts: Parts, place: Place, promotion: Promotion): Promise<void> {
  const open = { state: 'open', rejection: null, decidedAt: null } as const
  if (!(await advance(parts.prisma, promotion, ['closed', 'rejected'], open))) return
  if (promotion.issueNumber !== null) {
    await takeOff(place, promotion.issueNumber, decidingLabels(promotion.decision))
  }
}

async function checkpointRuns(parts: Parts, place: Place): Promise<number> {
  const declared = await layerBy(parts, place)
  return isRefusal(declared) ? 0 : declared.configuration.promotion.promote.runs
}

function namesOf({ family, variant, decision }: Promotion) {
  return { family, variant, decision }
}
