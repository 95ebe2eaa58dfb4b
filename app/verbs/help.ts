/** `/agent help`: the commands that this version carries out. It answers also where nothing is configured. */
import { verbs } from '../../core/command.ts'
import { isRefusal } from '../../core/reason.ts'
import { helpComment } from '../../core/text/help-comment.ts'
import { answer, type CommandAt } from '../command.ts'
import { declaredBy } from '../prepare.ts'
import { carriedOutVerbs } from './carried-out.ts'
import { familiesFor } from './list.ts'

export async function help(at: CommandAt): Promise<void> {
  const declared = await declaredBy(at.parts, at.place)
  const { subject } = await at.subject()
  const families = isRefusal(declared) ? [] : familiesFor(declared.configuration, subject.kind)
  const workflows = families.map((family) => family.name)
  const able = ['run', ...verbs] as const
  await answer(
    at,
    helpComment({ verbs: able.filter((verb) => carriedOutVerbs.some((one) => one === verb)), workflows }),
  )
}
