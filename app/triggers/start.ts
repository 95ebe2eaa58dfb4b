/**
 * What starts by itself when something happens. The definitions are the default branch's, the session is what a command's would
 * be, and whoever caused it needs the access that the workflow asks for. Bots cause nothing.
 */

import { matchesAny } from '../../core/changes/guard.ts'
import { type Access, type GitHubPermissions, mayRun } from '../../core/command/permission.ts'
import { type Happening, type Start, startsOn } from '../../core/plan/starts.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import { isMachine } from '../../delivery/author.ts'
import { unlessMissing } from '../../delivery/github.ts'
import { readPermissions } from '../comment/authorize.ts'
import type { Declared } from '../declared/configuration.ts'
import { runByCommand } from '../ledger/history.ts'
import type { Parts } from '../parts.ts'
import { queueMachine } from '../queue/line.ts'
import type { QueuedMachine } from '../queue/queued.ts'
import { type Beginning, begin, goOn, reserveRun } from '../run/begin.ts'
import { brakeOn } from '../run/brake.ts'
import { declaredBy, type Prepared, prepare } from '../run/prepare.ts'
import type { Place } from '../subject/place.ts'
import { changedPaths, type FoundSubject, readIssueNow, readPullRequest } from '../subject/subject.ts'
import { refuseSubject } from '../verbs/run.ts'
import { grantedNow, movedMeanwhile } from './at-its-turn.ts'
import { tellRefused } from './tell-refused.ts'

/** Read once, for GitHub's permission answer, and then forgotten. */
export interface Cause {
  readonly login: string
  readonly type?: string | undefined
}

export interface Occasion {
  readonly happening: Happening
  /** Whoever caused it; `clock` for a schedule, which the default branch declares. */
  readonly cause: Cause | 'clock'
  /** Whoever had a part in it, and needs the access besides. */
  readonly alsoCause?: Cause | undefined
  /** Names it for ever, for each workflow: the same occasion never starts a second session. */
  commandKey(family: string, found: FoundSubject): string
  subject(family: string): Promise<FoundSubject>
  /** The files that it changed, where those are not the subject's. */
  changed?(): Promise<readonly string[]>
  /** An event may come late: whether what it told of is so no more. */
  isOver?(): Promise<boolean>
  /** What else rules it out. */
  refusal?(found: FoundSubject): Refusal | undefined
}

export async function startAll(parts: Parts, place: Place, occasion: Occasion): Promise<void> {
  const { cause, alsoCause, happening } = occasion
  // Two bots that answer each other would never stop; Purser's own labels, commits and pull requests least of all.
  if (cause !== 'clock' && isMachine(cause)) return
  const declared = await declaredBy(parts, place)
  if (isRefusal(declared)) return
  const starts = startsOn(declared.configuration, happening)
  if (starts.length === 0 || (await occasion.isOver?.())) return
  const permissions: Granted[] = [cause === 'clock' ? 'granted' : await readPermissions(place, cause.login)]
  if (alsoCause) permissions.push(await readPermissions(place, alsoCause.login))
  let changed: readonly string[] | undefined
  for (const start of starts) {
    const found = await occasion.subject(start.family)
    if (start.paths !== undefined) {
      changed ??= await (occasion.changed?.() ?? changedPaths(place, found.subject))
      if (!changed.some((path) => matchesAny(start.paths ?? [], path))) continue
    }
    // Where nobody asked, a fork is not even told.
    if (found.fork && happening.kind !== 'label') continue
    const known = await runByCommand(parts.prisma, place.repositoryId, occasion.commandKey(start.family, found))
    if (known) {
      await goOn(parts, place, known)
      continue
    }
    const label = happening.kind === 'label' ? happening.label : undefined
    const refusal = await startOne({ parts, place, declared, occasion, start, found, permissions, label })
    if (refusal) await tellRefused(parts, place, { found, start, ...refusal })
  }
}

/** `granted`: by the clock, or where nobody can be asked again who was before it waited in line. */
export type Granted = { readonly permissions: GitHubPermissions | null } | Refusal | 'granted'

interface StartAt {
  readonly parts: Parts
  readonly place: Place
  readonly declared: Declared
  readonly occasion: Pick<Occasion, 'commandKey' | 'refusal'>
  readonly start: Start
  readonly found: FoundSubject
  /** Of each that had a part in it. */
  readonly permissions: readonly Granted[]
  readonly label?: string | undefined
}

/** A refusal with what it may name besides its reason. */
export interface Refused {
  readonly refusal: Refusal
  readonly prepared?: Prepared | undefined
}

async function startOne(at: StartAt): Promise<Refused | undefined> {
  const { parts, place, declared, occasion, start, found, permissions } = at
  const unread = permissions.find((one) => isRefusal(one))
  if (unread) return { refusal: unread }
  const request = { workflow: start.family, inputs: start.inputs, overrides: {} }
  const prepared = await prepare(parts, place, declared, request, found.subject)
  if (isRefusal(prepared)) return { refusal: prepared }
  const { access } = prepared.resolved
  if (!permissions.every((one) => isGranted(one, access))) return { refusal: notPermitted(start, access) }
  const commandKey = occasion.commandKey(start.family, found)
  const subjectKey = found.subject.number === undefined ? undefined : found.key
  const refusal =
    refuseSubject(found) ??
    occasion.refusal?.(found) ??
    (await brakeOn(parts, { repositoryId: place.repositoryId, family: start.family, subjectKey, commandKey }))
  if (refusal) return { refusal }
  const waits = await waitForOthers(at, commandKey)
  if (waits !== 'free') return isRefusal(waits) ? { refusal: waits } : undefined
  const begun = await beginByMachine(parts, place, { prepared, found, trigger: start.trigger, commandKey })
  return isRefusal(begun) ? { refusal: begun, prepared } : undefined
}

function isGranted(one: Granted, access: Access): boolean {
  return one === 'granted' || (!isRefusal(one) && mayRun(access, one.permissions))
}

/** A commit is worked on by each workflow once, so nothing waits there. */
async function waitForOthers(
  { parts, place, start: { family, trigger, inputs }, found: { key, subject }, label }: StartAt,
  commandKey: string,
): ReturnType<typeof queueMachine> {
  if (subject.number === undefined) return 'free'
  const { number, kind, headRef, headSha } = subject
  const asked: QueuedMachine = {
    kind: 'machine',
    family,
    trigger,
    inputs,
    number,
    isPullRequest: kind === 'pull-request',
    ...(label === undefined ? {} : { label }),
    ...(headRef === undefined ? {} : { seenSha: headSha }),
  }
  return queueMachine(parts, { repositoryId: place.repositoryId, subjectKey: key }, { commandKey, asked })
}

/** What had waited for the run before it, where that is still allowed, on the head that it was about. */
export async function startQueued(parts: Parts, place: Place, commandKey: string, asked: QueuedMachine): Promise<void> {
  const { family, trigger, inputs, number, isPullRequest, label, seenSha } = asked
  const declared = await declaredBy(parts, place)
  const found = await unlessMissing(() =>
    isPullRequest ? readPullRequest(place, number) : readIssueNow(place, number),
  )
  if (isRefusal(declared) || found === undefined || found.fork) return
  const granted = await grantedNow(place, asked, found.subject)
  if (granted === undefined) return
  const permissions = [granted]
  const moved = await movedMeanwhile(parts, place, found.subject, seenSha)
  const start = { family, trigger, inputs }
  const occasion = { commandKey: () => commandKey, refusal: () => moved }
  const refusal = await startOne({ parts, place, declared, occasion, start, found, permissions, label })
  if (refusal) await tellRefused(parts, place, { found, start, ...refusal })
}

/** Where there is nobody to ask, what the default branch declares is the go: somebody has reviewed it. */
async function beginByMachine(parts: Parts, place: Place, beginning: Beginning): Promise<Refusal | undefined> {
  if (beginning.found.subject.number !== undefined) {
    const begun = await begin(parts, place, beginning)
    return isRefusal(begun) ? begun : undefined
  }
  const reserved = await reserveRun(parts, place, beginning)
  if (isRefusal(reserved)) return reserved
  await goOn(parts, place, reserved.run)
  return undefined
}

const caused = {
  label: 'set the label',
  'pull-request': 'opened or pushed to it',
  check: 'pushed its head, or set the status that failed,',
} as const

function notPermitted({ family, trigger }: Start, access: string): Refusal {
  const did = trigger in caused ? caused[trigger as keyof typeof caused] : 'caused it'
  return refuse(
    'not-permitted',
    `\`${family}\` needs ${access} access to this repository, which whoever ${did} lacks.`,
    `Somebody with ${access} access can start it with \`/agent ${family}\`.`,
  )
}
