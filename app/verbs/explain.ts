/** `/agent explain`: why the last session here went as it did, from what is stored and nothing else. */
import { refuse } from '../../core/reason.ts'
import { answer, type CommandAt, showRefusal } from '../comment/command.ts'
import { storedPlan } from '../ledger/stored.ts'
import { explainRun } from '../outcome/explain.ts'
import { actionsUrlOf } from '../show/urls.ts'
import { explainComment } from './explain-text.ts'

/** Facts of one run that are shown. */
const FACTS_SHOWN_MAX = 50

export async function explain(at: CommandAt): Promise<void> {
  const { parts, place } = at
  const { key } = await at.subject()
  const run = await parts.prisma.run.findFirst({
    where: { repositoryId: place.repositoryId, subjectKey: key },
    orderBy: { createdAt: 'desc' },
    include: { facts: { orderBy: [{ at: 'asc' }, { kind: 'asc' }] } },
  })
  if (!run) return showRefusal(place, at, refuse('no-session'))
  const { facts, ...row } = run
  const plan = storedPlan(row)
  const explained = await explainRun(parts.prisma, row, facts)
  if (explained?.agrees === false) {
    const { stored, recomputed } = explained
    parts.log.error({ run: row.id, stored, recomputed }, 'an outcome is not what its facts and rules come to')
  }
  const shown = facts.slice(0, FACTS_SHOWN_MAX)
  const actionsUrl = actionsUrlOf(parts, place, row)
  await answer(at, explainComment({ run: row, plan, facts: shown, explained, actionsUrl }))
}
