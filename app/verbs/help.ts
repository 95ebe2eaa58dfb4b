/** `/agent help`: the commands. It answers also where nothing is configured. */
import { isRefusal } from '../../core/reason.ts'
import { helpComment } from '../../core/text/help-comment.ts'
import { answer, type CommandAt } from '../comment/command.ts'
import { declaredBy } from '../run/prepare.ts'
import { familiesFor } from './list.ts'

export async function help(at: CommandAt): Promise<void> {
  const declared = await declaredBy(at.parts, at.place)
  const { subject } = await at.subject()
  const families = isRefusal(declared) ? [] : familiesFor(declared.configuration, subject.kind)
  const workflows = families.map((family) => family.name)
  await answer(at, helpComment({ workflows }))
}
