/** `/agent ask <agent> "..."`: one question to another agent about the session's work; the answer is a comment. */
import { ASK } from '../../core/plan/resolve-ask.ts'
import type { CommandAt } from '../comment/command.ts'
import { sessionHere } from '../comment/session-here.ts'
import { goFurther } from '../run/go-further.ts'
import { prepareAsk } from '../run/prepare.ts'

export async function ask(at: CommandAt): Promise<void> {
  const here = await sessionHere(at, 'ask')
  if (!here) return
  const { agent, text } = at.command
  const question = { workflow: here.last.family, agent: agent ?? '', text: text ?? '' }
  await goFurther(at, here, {
    verb: 'ask',
    about: { workflow: ASK },
    from: 'checkpoint',
    fork: false,
    prepare: async (declared, { subject }) => prepareAsk(at.parts, declared, question, subject),
  })
}
