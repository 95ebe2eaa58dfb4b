/** `/agent quote <workflow>`: the price alone. Nothing is started or reserved. */
import { holdAmount } from '../../core/money/hold.ts'
import { quoteRun } from '../../core/money/quote.ts'
import { isRefusal } from '../../core/reason.ts'
import { quoteComment } from '../../core/text/quote-comment.ts'
import { answer, type CommandAt, showRefusal } from '../comment/command.ts'
import { accountsAsDeclared } from '../ledger/accounts.ts'
import { recentSpends } from '../ledger/history.ts'
import { newStandard } from '../promotion/new-standard.ts'
import { outOfReachLine } from '../run/out-of-reach.ts'
import { payingAccounts } from '../run/paying.ts'
import { declaredBy, prepare, triedIn } from '../run/prepare.ts'

export async function quote(at: CommandAt): Promise<void> {
  const { parts, place, command } = at
  const { repositoryId } = place
  const variant = command.variant ?? undefined
  const about = { workflow: command.workflow ?? undefined, variant }
  const declared = await declaredBy(parts, place)
  if (isRefusal(declared)) return showRefusal(place, at, declared, about)
  const { subject } = await at.subject()
  const request = { workflow: command.workflow ?? '', variant, inputs: command.inputs, overrides: command.overrides }
  const prepared = await prepare(parts, place, declared, request, subject)
  if (isRefusal(prepared)) return showRefusal(place, at, prepared, about)
  const { plan, resolved } = prepared
  const rows = await accountsAsDeclared(parts.prisma, repositoryId, prepared.accounts, parts.now())
  const accounts = await payingAccounts(parts, repositoryId, declared.configuration, rows, triedIn(plan))
  const { capMicroUsd } = plan
  const capTokens = plan.capTokens === undefined ? undefined : BigInt(plan.capTokens)
  const { floorMicroUsd } = resolved
  const hold = holdAmount({ capMicroUsd, capTokens, floorMicroUsd }, rows)
  if (isRefusal(hold)) return showRefusal(place, at, hold, { ...about, accounts, floorMicroUsd, capMicroUsd })
  const spends = await recentSpends(parts.prisma, repositoryId, plan.workflow, plan.variant ?? null)
  const price = quoteRun(spends, capMicroUsd, hold.heldMicroUsd)
  const outOfReach = outOfReachLine(declared.configuration, plan, rows, price)
  const asGiven = Object.keys({ ...command.inputs, ...command.overrides }).length > 0
  const another = plan.variant === undefined ? await newStandard(parts, { place, declared }, plan.workflow) : undefined
  await answer(at, quoteComment({ ...plan, quote: price, accounts, outOfReach, newStandard: another, asGiven }))
}
