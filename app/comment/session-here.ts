/** The session that a command on a subject speaks to: the newest one there. */
import { mayRun, refusePermission } from '../../core/command/permission.ts'
import { accessFor, type SessionVerb } from '../../core/command/session-verb.ts'
import { highestAccess, namedIn } from '../../core/plan/access.ts'
import { ASK } from '../../core/plan/resolve-ask.ts'
import { isRefusal, refuse } from '../../core/reason.ts'
import type { Run, Session } from '../../prisma/client/client.ts'
import { openRun } from '../ledger/history.ts'
import { noteSpoken } from '../ledger/session-log.ts'
import { storedPlan } from '../ledger/stored.ts'
import { declaredBy } from '../run/prepare.ts'
import type { FoundSubject } from '../subject/subject.ts'
import { type CommandAt, commandKeyOf, showRefusal } from './command.ts'

export interface SessionHere {
  readonly found: FoundSubject
  readonly session: Session
  /** Its newest run of a workflow, which may be under way. One that only waits for `/agent go` is none yet. */
  readonly last: Run
  /** The run that is under way on the subject, if any: that one, or one that answers a question. */
  readonly open: Run | null
}

/** Where whoever asks may speak to it; else a refusal is shown. Whose session it is nobody knows, so nobody is asked. */
export async function sessionHere(at: CommandAt, verb: SessionVerb): Promise<SessionHere | undefined> {
  const { parts, place } = at
  const { repositoryId } = place
  const found = await at.subject()
  const run = await parts.prisma.run.findFirst({
    where: { repositoryId, subjectKey: found.key, state: { not: 'waiting' }, family: { not: ASK } },
    orderBy: [{ createdAt: 'desc' }, { reservedAt: 'desc' }],
    include: { session: true },
  })
  if (run === null) {
    await showRefusal(place, at, refuse('no-session'))
    return undefined
  }
  const { session, ...last } = run
  const declared = await declaredBy(parts, place)
  const plan = storedPlan(last)
  const highest = highestAccess(isRefusal(declared) ? undefined : declared.configuration, namedIn(plan))
  const approves = verb === 'deliver' && (last.approval === 'awaited' || last.approval === 'lapsed')
  const asked = approves ? plan.approve : undefined
  const access = asked ?? accessFor(verb, highest)
  if (!mayRun(access, at.permissions)) {
    const about = { workflow: last.family, variant: last.variant ?? undefined }
    await showRefusal(place, at, refusePermission(`\`${verb}\` in a session of \`${last.family}\``, access), about)
    return undefined
  }
  return { found, session, last, open: await openRun(parts.prisma, repositoryId, found.key) }
}

/** Keeps in the session's log what the command said; what `say` said waits there for the session's agent. */
export async function note(at: CommandAt, verb: SessionVerb, sessionId: string): Promise<void> {
  const { text, agent } = at.command
  const spoken = { ...(text === null ? {} : { text }), ...(agent === null ? {} : { agent }) }
  await noteSpoken(at.parts.prisma, { sessionId, verb, spoken, commandKey: commandKeyOf(at) })
}
