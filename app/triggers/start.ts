/**
 * What starts by itself when something happens. The definitions are the default branch's, the session is what a command's would
 * be, and whoever caused it needs the access that the workflow asks for. Bots cause nothing.
 */
import { matchesAny } from '../../core/guard.ts'
import { type GitHubPermissions, mayRun } from '../../core/permission.ts'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import { type Happening, type Start, startsOn } from '../../core/starts.ts'
import { readPermissions } from '../authorize.ts'
import { type Beginning, begin, goOn, reserveRun } from '../begin.ts'
import { brakeOn } from '../brake.ts'
import type { Declared } from '../configuration.ts'
import { runByCommand } from '../ledger/history.ts'
import type { Parts } from '../parts.ts'
import type { Place } from '../place.ts'
import { declaredBy, type Prepared, prepare } from '../prepare.ts'
import { changedPaths, type FoundSubject } from '../subject.ts'
import { refuseSubject } from '../verbs/run.ts'
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
  /** Names it for ever, for each workflow: the same occasion never starts a second session. */
  commandKey(family: string): string
  subject(family: string): Promise<FoundSubject>
  /** The files that it changed, where those are not the subject's. */
  changed?(): Promise<readonly string[]>
  /** An event may come late: whether what it told of is so no more. */
  isOver?(): Promise<boolean>
  /** What else rules it out. */
  refusal?(found: FoundSubject): Refusal | undefined
}

export async function startAll(parts: Parts, place: Place, occasion: Occasion): Promise<void> {
  const { cause, happening } = occasion
  // Two bots that answer each other would never stop; Purser's own labels, commits and pull requests least of all.
  if (cause !== 'clock' && cause.type === 'Bot') return
  const declared = await declaredBy(parts, place)
  if (isRefusal(declared)) return
  const starts = startsOn(declared.configuration, happening)
  if (starts.length === 0 || (await occasion.isOver?.())) return
  const permissions = cause === 'clock' ? 'clock' : await readPermissions(place, cause.login)
  let changed: readonly string[] | undefined
  for (const start of starts) {
    const found = await occasion.subject(start.family)
    if (start.paths !== undefined) {
      changed ??= await (occasion.changed?.() ?? changedPaths(place, found.subject))
      if (!changed.some((path) => matchesAny(start.paths ?? [], path))) continue
    }
    // Where nobody asked, a fork is not even told.
    if (found.fork && happening.kind !== 'label') continue
    const known = await runByCommand(parts.prisma, place.repositoryId, occasion.commandKey(start.family))
    if (known) {
      await goOn(parts, place, known)
      continue
    }
    const refusal = await startOne({ parts, place, declared, occasion, start, found, permissions })
    if (refusal) await tellRefused(parts, place, { found, start, ...refusal })
  }
}

interface StartAt {
  readonly parts: Parts
  readonly place: Place
  readonly declared: Declared
  readonly occasion: Occasion
  readonly start: Start
  readonly found: FoundSubject
  readonly permissions: { readonly permissions: GitHubPermissions | null } | Refusal | 'clock'
}

/** A refusal with what it may name besides its reason. */
export interface Refused {
  readonly refusal: Refusal
  readonly prepared?: Prepared | undefined
}

async function startOne(at: StartAt): Promise<Refused | undefined> {
  const { parts, place, declared, occasion, start, found, permissions } = at
  if (isRefusal(permissions)) return { refusal: permissions }
  const request = { workflow: start.family, inputs: start.inputs, overrides: {} }
  const prepared = await prepare(parts, place, declared, request, found.subject)
  if (isRefusal(prepared)) return { refusal: prepared }
  const { access } = prepared.resolved
  if (permissions !== 'clock' && !mayRun(access, permissions.permissions)) {
    return { refusal: notPermitted(start, access) }
  }
  const commandKey = occasion.commandKey(start.family)
  const subjectKey = found.subject.number === undefined ? undefined : found.key
  const refusal =
    refuseSubject(found) ??
    occasion.refusal?.(found) ??
    (await brakeOn(parts, { repositoryId: place.repositoryId, family: start.family, subjectKey, commandKey }))
  if (refusal) return { refusal }
  const begun = await beginByMachine(parts, place, { prepared, found, trigger: start.trigger, commandKey })
  return isRefusal(begun) ? { refusal: begun, prepared } : undefined
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

const caused = { label: 'set the label', 'pull-request': 'opened or pushed to it', check: 'pushed its head' } as const

function notPermitted({ family, trigger }: Start, access: string): Refusal {
  const did = trigger in caused ? caused[trigger as keyof typeof caused] : 'caused it'
  return refuse(
    'not-permitted',
    `\`${family}\` needs ${access} access to this repository, which whoever ${did} lacks.`,
    `Somebody with ${access} access can start it with \`/agent ${family}\`.`,
  )
}
