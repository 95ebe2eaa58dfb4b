/** `/agent reject <reason>`: in a proposal's issue, the same as its label that rejects, for a reason of the closed list. */

import { rejectionOf, rejectionsListed } from '../../core/promotion/rejection.ts'
import { refuse } from '../../core/reason.ts'
import { type CommandAt, showRefusal } from '../comment/command.ts'
import { reject as rejectProposal } from '../promotion/decide.ts'
import { react } from '../show/react.ts'
import { proposalHere } from './promote.ts'

export async function reject(at: CommandAt): Promise<void> {
  const promotion = await proposalHere(at, 'To reject a proposal')
  if (!promotion) return
  const rejection = at.command.text === null ? undefined : rejectionOf(at.command.text, promotion.decision)
  if (rejection === undefined) {
    const message = `A rejection needs a reason, which is published: ${rejectionsListed(promotion.decision)}.`
    return showRefusal(at.place, at, refuse('invalid-command', message, 'Write it as `/agent reject <reason>`.'))
  }
  await react(at.place, at.commentId, 'eyes')
  await rejectProposal(at.parts, at.place, promotion, rejection)
}
