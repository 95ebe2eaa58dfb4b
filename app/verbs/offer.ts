/** `/agent offer`: a maintainer offers what this repository declares to the organisation's catalog. */
import { mayRun, refusePermission } from '../../core/command/permission.ts'
import { isRefusal, refuse } from '../../core/reason.ts'
import { offeredText } from '../../core/text/offer.ts'
import { workflowName } from '../../core/text/workflow-name.ts'
import { answer, type CommandAt, showRefusal } from '../comment/command.ts'
import { promotionOfIssue } from '../ledger/promotion.ts'
import { type Offer, offerTo } from '../promotion/offer.ts'
import { declaredBy } from '../run/prepare.ts'
import { react } from '../show/react.ts'

export async function offer(at: CommandAt): Promise<void> {
  const { parts, place } = at
  if (!mayRun('maintain', at.permissions)) {
    return showRefusal(place, at, refusePermission('To offer it to the organisation', 'maintain'))
  }
  const named = await namedBy(at)
  if (!named) {
    const todo =
      'Name it, as in `/agent offer refactor+tests/tests-first`, or give the command in the issue that proposes it.'
    return showRefusal(place, at, refuse('nothing-proposed', 'Nothing is proposed here that could be offered.', todo))
  }
  await react(place, at.commentId, 'eyes')
  const declared = await declaredBy(parts, place)
  const offered = isRefusal(declared) ? declared : await offerTo(parts, place, declared, named)
  if (isRefusal(offered)) return showRefusal(place, at, offered)
  await answer(at, offeredText(workflowName(named), offered))
}

async function namedBy({ parts, place, command, number }: CommandAt): Promise<Offer | undefined> {
  const { workflow, variant } = command
  if (workflow !== null) return { workflow, variant: variant ?? undefined }
  const promotion = await promotionOfIssue(parts.prisma, place.repositoryId, number)
  return promotion ? { workflow: promotion.family, variant: promotion.variant } : undefined
}
