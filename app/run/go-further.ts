/** A further run of a session, or the first one of its fork: what has to hold before it starts, in that order. */

import { mayRun, refusePermission } from '../../core/command/permission.ts'
import type { SessionVerb } from '../../core/command/session-verb.ts'
import { BASELINE } from '../../core/plan/assignment.ts'
import type { Plan } from '../../core/plan/plan.ts'
import type { RunRequest } from '../../core/plan/resolve.ts'
import { mostCap } from '../../core/plan/resolve-overrides.ts'
import { isRefusal, type Refusal } from '../../core/reason.ts'
import type { Run } from '../../prisma/client/client.ts'
import { type CommandAt, commandKeyOf, showRefusal } from '../comment/command.ts'
import { note, type SessionHere } from '../comment/session-here.ts'
import type { Declared } from '../declared/configuration.ts'
import { reserveFurther } from '../ledger/further.ts'
import { runByCommand, runByGo } from '../ledger/history.ts'
import { checkpointHolder } from '../ledger/session-log.ts'
import { storedPlan } from '../ledger/stored.ts'
import { mustWait, waitInLine } from '../queue/line.ts'
import { deliveredOf } from '../show/ended-run.ts'
import { react } from '../show/react.ts'
import type { FoundSubject } from '../subject/subject.ts'
import { reactTo, refusalOf, refuseSubject } from '../verbs/run.ts'
import { goOn, ledgerRequest } from './begin.ts'
import { payingNow } from './paying.ts'
import { declaredBy, type Prepared, triedIn } from './prepare.ts'

export interface Further {
  readonly verb: SessionVerb
  /** For the headings of refusals. */
  readonly about: { readonly workflow: string; readonly variant?: string | undefined }
  /** `checkpoint`: on what the last run left, where it left something. `anew`: on the subject as it is. */
  readonly from: 'checkpoint' | 'anew'
  readonly fork: boolean
  prepare(declared: Declared, found: FoundSubject): Promise<Prepared | Refusal>
}

export async function goFurther(at: CommandAt, here: SessionHere, further: Further): Promise<void> {
  const { parts, place } = at
  const { verb, about, fork } = further
  await react(place, at.commentId, 'eyes')
  const known = await firstResult(at, here, fork)
  if (known) return reactTo(at, await goOn(parts, place, known))
  if (await mustWait(at, here.found.key)) return waitInLine(at, here.found)
  const start = await startOf(at, here, further.from)
  const refusal = start.isPinned ? refuseSubject(start.found) : await refusalOf(at, start.found)
  if (refusal) return showRefusal(place, at, refusal, about)
  const declared = await declaredBy(parts, place)
  if (isRefusal(declared)) return showRefusal(place, at, declared, about)
  const prepared = await further.prepare(declared, start.found)
  if (isRefusal(prepared)) return showRefusal(place, at, prepared, about)
  const { resolved, accounts } = prepared
  if (!mayRun(resolved.access, at.permissions)) {
    return showRefusal(place, at, refusePermission(`\`${about.workflow}\``, resolved.access), about)
  }
  const { capMicroUsd, ownCapMicroUsd = capMicroUsd } = resolved.plan
  const request = await ledgerRequest(parts, place, {
    prepared,
    found: start.found,
    trigger: 'comment',
    commandKey: commandKeyOf(at),
    goKey: fork ? undefined : commandKeyOf(at),
  })
  const reserved = await reserveFurther(parts.ledger, {
    ...request,
    accounts,
    sessionId: here.session.id,
    fork,
    continuesRunId: start.continuesRunId,
    raiseToMicroUsd: at.command.overrides.cap === undefined ? undefined : capMicroUsd,
    mostMicroUsd: mostCap(resolved.payer.terms, ownCapMicroUsd),
  })
  if (isRefusal(reserved)) {
    if (reserved.reason === 'already-running') return waitInLine(at, here.found)
    const paying = await payingNow(parts, place.repositoryId, declared.configuration, accounts, triedIn(prepared.plan))
    const isRoom = reserved.reason === 'no-room' || reserved.reason === 'account-frozen'
    return showRefusal(place, at, reserved, { ...about, ...(isRoom ? { accounts: paying } : {}) })
  }
  // Before its job can claim it, which is when its agent is told.
  await note(at, verb, reserved.session.id)
  await reactTo(at, await goOn(parts, place, reserved.run))
}

/** The command has been here before. */
function firstResult({ parts, place, ...at }: CommandAt, { found }: SessionHere, fork: boolean): Promise<Run | null> {
  const key = commandKeyOf(at)
  return fork
    ? runByCommand(parts.prisma, place.repositoryId, key)
    : runByGo(parts.prisma, place.repositoryId, found.key, key)
}

interface Start {
  readonly found: FoundSubject
  readonly continuesRunId?: string
  /** On the commit that the work so far was made from, whatever the branch's head is by now. */
  readonly isPinned: boolean
}

/** Work that is on the subject's branch by now is not applied again; any other applies only to what it was made from. */
async function startOf({ parts }: CommandAt, { found, last }: SessionHere, from: Further['from']): Promise<Start> {
  const holder = from === 'anew' ? undefined : await checkpointHolder(parts.prisma, last.id)
  if (holder === undefined) return { found, isPinned: false }
  if (deliveredOf(last, undefined).kind === 'commit') return { found, continuesRunId: last.id, isPinned: false }
  const { baseSha: _baseSha, ...subject } = found.subject
  const { baseSha } = storedPlan(last).subject
  const pinned = { ...subject, headSha: last.headSha, ...(baseSha === undefined ? {} : { baseSha }) }
  return { found: { ...found, subject: pinned }, continuesRunId: last.id, isPinned: true }
}

/** What the session was asked for, with what this command changes. */
export function requestOf(plan: Plan, overrides: RunRequest['overrides'] = {}): RunRequest {
  return {
    workflow: plan.workflow,
    // A session stays on its side of a trial, whatever is declared meanwhile.
    variant: plan.variant ?? BASELINE,
    assigned: plan.assigned,
    inputs: Object.fromEntries(Object.entries(plan.inputs).map(([name, value]) => [name, String(value)])),
    overrides: { ...plan.overrides, ...overrides },
  }
}
