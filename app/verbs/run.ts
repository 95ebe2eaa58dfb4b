/** `/agent <workflow>`: everything that has to hold before a session starts, in the order in which it is looked at. */
import { orVerb } from '../../core/command/command-problem.ts'
import { mayRun, refusePermission } from '../../core/command/permission.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import { isHeadMoved } from '../comment/authorize.ts'
import { type CommandAt, commandKeyOf, refuseRun } from '../comment/command.ts'
import { runByCommand } from '../ledger/history.ts'
import { mustWait, waitInLine } from '../queue/line.ts'
import { type Begun, begin, goOn, onlyQuotes } from '../run/begin.ts'
import { payingNow } from '../run/paying.ts'
import { declaredBy, prepare, triedIn } from '../run/prepare.ts'
import { react } from '../show/react.ts'
import type { FoundSubject } from '../subject/subject.ts'

export async function run(at: CommandAt): Promise<void> {
  const { parts, place, command } = at
  const about = { workflow: command.workflow ?? '', variant: command.variant ?? undefined }
  await react(place, at.commentId, 'eyes')
  const commandKey = commandKeyOf(at)
  const known = await runByCommand(parts.prisma, place.repositoryId, commandKey)
  if (known) return reactTo(at, await goOn(parts, place, known))
  const found = await at.subject()
  const declared = await declaredBy(parts, place)
  if (isRefusal(declared)) return refuseRun(at, found, declared, about)
  const request = {
    ...about,
    inputs: command.inputs,
    overrides: command.overrides,
  }
  const prepared = await prepare(parts, place, declared, request, found.subject)
  if (isRefusal(prepared)) {
    return refuseRun(at, found, orVerb(prepared, about.workflow, declared.configuration), about)
  }
  const { resolved, accounts } = prepared
  if (!mayRun(resolved.access, at.permissions)) {
    return refuseRun(at, found, refusePermission(`\`${about.workflow}\``, resolved.access), about)
  }
  const refusal = await refusalOf(at, found)
  if (refusal) return refuseRun(at, found, refusal, about)
  const beginning = { prepared, found, trigger: 'comment', commandKey } as const
  // What only waits for a go is in nobody's way.
  if (!onlyQuotes(beginning) && (await mustWait(at, found.key))) return waitInLine(at, found)
  const begun = await begin(parts, place, beginning)
  if (!isRefusal(begun)) return reactTo(at, begun)
  if (begun.reason === 'already-running') return waitInLine(at, found)
  await refuseRun(at, found, begun, {
    ...about,
    accounts: await payingNow(parts, place.repositoryId, declared.configuration, accounts, triedIn(prepared.plan)),
    floorMicroUsd: resolved.floorMicroUsd,
    capMicroUsd: resolved.plan.capMicroUsd,
  })
}

/** Nothing more is said here: the session's comment says the rest. */
export async function reactTo(at: CommandAt, begun: Begun): Promise<void> {
  if (begun === 'started') await react(at.place, at.commentId, 'rocket')
  if (begun === 'not-started') await react(at.place, at.commentId, 'confused')
}

/** What the subject itself rules out, and a head that its author has not seen. */
export async function refusalOf(at: CommandAt, found: FoundSubject): Promise<Refusal | undefined> {
  const refusal = refuseSubject(found)
  if (refusal) return refusal
  const { headRef, headSha } = found.subject
  if (headRef !== undefined && (await isHeadMoved(at.parts.prisma, at.place, headRef, at.time))) {
    const message = `The branch was pushed to after the command was given, or within the same second; its head is now \`${headSha.slice(0, 7)}\`.`
    return refuse('head-moved', message)
  }
  return undefined
}

export function refuseSubject(found: FoundSubject): Refusal | undefined {
  if (found.fork) return refuse('fork')
  const { kind, number } = found.subject
  if (!found.open) {
    const what = kind === 'pull-request' ? 'pull request' : 'issue'
    return refuse(
      'wrong-subject',
      `The ${what} #${number} is closed.`,
      'Reopen it, or give the command on an open one.',
    )
  }
  return undefined
}
