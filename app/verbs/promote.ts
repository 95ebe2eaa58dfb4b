/** `/agent promote`: in a proposal's issue, the same as its label that approves. */
import { mayRun, refusePermission } from '../../core/command/permission.ts'
import { refuse } from '../../core/reason.ts'
import type { Promotion } from '../../prisma/client/client.ts'
import { type CommandAt, showRefusal } from '../comment/command.ts'
import { promotionOfIssue } from '../ledger/promotion.ts'
import { approve } from '../promotion/decide.ts'
import { react } from '../show/react.ts'

export async function promote(at: CommandAt): Promise<void> {
  const promotion = await proposalHere(at, 'To approve a proposal')
  if (!promotion) return
  await react(at.place, at.commentId, 'eyes')
  await approve(at.parts, at.place, promotion)
}

/** The proposal that is to be decided, where whoever asks may; else a refusal is shown. */
export async function proposalHere(at: CommandAt, what: string): Promise<Promotion | undefined> {
  const promotion = await promotionOfIssue(at.parts.prisma, at.place.repositoryId, at.number)
  if (!promotion) {
    await showRefusal(at.place, at, refuse('nothing-proposed', 'Nothing is proposed here.'))
    return undefined
  }
  if (mayRun('maintain', at.permissions)) return promotion
  await showRefusal(at.place, at, refusePermission(what, 'maintain'))
  return undefined
}
