/**
 * A run's life: what each event makes of it, what its end posts as spent, and what may follow. The ledger carries this out
 * under the lock of the run's row.
 */
import type { ReasonCode } from '../reason.ts'
import type { Conclusion } from './run.ts'

export type RunState = 'waiting' | 'reserved' | 'dispatched' | 'claimed' | 'ended'

/** The states in which a run owns a hold. */
export const holdingStates = ['reserved', 'dispatched', 'claimed'] as const satisfies readonly RunState[]

/** What is read of a run to know where in its life it is. */
export interface RunStanding {
  readonly state: RunState
  /** A code of `core/reason.ts`. */
  readonly reason: string | null
  readonly hasReport: boolean
}

/** A lost run that has not reported yet may still prove that it spent less; in all else it has ended like any other. */
type Phase = RunState | 'lost'

export type RunEvent =
  /** Its hold is taken. */
  | 'reserve'
  /** GitHub was asked for its job. */
  | 'dispatch'
  /** A job asks for it. */
  | 'claim'
  /** The step that has claimed it asks again, since the answer was lost; see `mayClaimAgain`. */
  | 'claim-again'
  /** Its report comes. */
  | 'report'
  /** The very report that it ended with comes again. */
  | 'report-again'
  /** Its job is over, or its lease, and no report came. */
  | 'vanish'
  /** GitHub said no to its job, or nothing at all. */
  | 'dispatch-failed'
  /** No job claimed it in time. */
  | 'never-started'
  /** Somebody asks it to end. */
  | 'stop'
  /** Somebody asks it to rest. */
  | 'pause'

/** How a run ended that sent no report. */
export interface Ending {
  readonly conclusion: Conclusion
  readonly reason: ReasonCode
}

export type Change =
  | { readonly kind: 'moves'; readonly to: (typeof holdingStates)[number] }
  /** By its report: what that proves is posted. */
  | { readonly kind: 'settles' }
  /** Without one: what it had drawn is posted, or nothing where nobody could have spent. */
  | { readonly kind: 'ends'; readonly ending: Ending; readonly posts: 'drawn' | 'nothing' }
  /** It stays as it ended; what its late report proves was not spent goes back. */
  | { readonly kind: 'refunds' }
  /** Its next heartbeat is told. */
  | { readonly kind: 'is-told' }
  | { readonly kind: 'stays' }
  | { readonly kind: 'refuses'; readonly reason: ReasonCode }

const stays = { kind: 'stays' } as const
const moves = (to: (typeof holdingStates)[number]): Change => ({ kind: 'moves', to })
const refuses = (reason: ReasonCode): Change => ({ kind: 'refuses', reason })

/** Nobody has claimed it, so nothing was spent, it is refused, and it counts nowhere. */
function endsUnclaimed(reason: ReasonCode): Readonly<Partial<Record<Phase, Change>>> {
  const change: Change = { kind: 'ends', ending: { conclusion: 'refused', reason }, posts: 'nothing' }
  return { waiting: change, reserved: change, dispatched: change }
}

const life: Readonly<Record<RunEvent, Readonly<Partial<Record<Phase, Change>> & { otherwise: Change }>>> = {
  reserve: { waiting: moves('reserved'), otherwise: stays },
  dispatch: { reserved: moves('dispatched'), otherwise: stays },
  claim: {
    waiting: refuses('confirmation-needed'),
    reserved: moves('claimed'),
    dispatched: moves('claimed'),
    claimed: refuses('already-claimed'),
    otherwise: refuses('run-over'),
  },
  'claim-again': { claimed: moves('claimed'), otherwise: refuses('run-over') },
  report: {
    claimed: { kind: 'settles' },
    lost: { kind: 'refunds' },
    ended: refuses('run-over'),
    otherwise: refuses('run-unknown'),
  },
  'report-again': { ended: stays, otherwise: refuses('run-unknown') },
  vanish: {
    claimed: { kind: 'ends', ending: { conclusion: 'failed', reason: 'lost' }, posts: 'drawn' },
    otherwise: stays,
  },
  'dispatch-failed': { ...endsUnclaimed('dispatch-failed'), otherwise: stays },
  'never-started': { ...endsUnclaimed('never-started'), otherwise: stays },
  stop: { ...endsUnclaimed('cancelled'), claimed: { kind: 'is-told' }, otherwise: stays },
  // What waits for a go holds nothing that could be given back.
  pause: { ...endsUnclaimed('paused'), waiting: stays, claimed: { kind: 'is-told' }, otherwise: stays },
}

export function changeBy(event: RunEvent, run: RunStanding): Change {
  const isLost = run.state === 'ended' && run.reason === 'lost' && !run.hasReport
  const phase = isLost ? 'lost' : run.state
  return life[event][phase] ?? life[event].otherwise
}

/**
 * Whether a claim is the same one once more; `jobKey` names one step of one job of one attempt. Only before the first heartbeat, which alone raises what may be spent:
 * afterwards a second runner could spend again what the first may have spent already.
 */
export function mayClaimAgain(
  run: { readonly jobKey: string | null; readonly heardAt: Date | null },
  jobKey: string,
): boolean {
  return run.jobKey === jobKey && run.heardAt === null
}

/** A delivery that keeps failing is tried this often, which takes a day; what is still not delivered then stays in the report. */
export const DELIVERY_TRIES_MAX = 35
const DELIVERY_PAUSE_SECONDS_MAX = 3600

/** How long after so many tries the next may come: at once after the first, then twice as long each time, up to an hour. */
export function deliveryPauseSeconds(tries: number): number {
  return Math.min(DELIVERY_PAUSE_SECONDS_MAX, 2 ** (tries - 1) - 1)
}

/**
 * Why a run ended whose work is kept for a maintainer to look at, and never delivered by itself: since it was given up,
 * another run may have worked on the same subject.
 */
export const undeliverableReason = 'lost' satisfies ReasonCode

/** Whether the App has to deliver a run's work, or to find that there is none. The sweep looks for the same in SQL. */
export function isDeliveryDue(run: RunStanding & { readonly deliveredAt: Date | null }): boolean {
  return run.state === 'ended' && run.hasReport && run.reason !== undeliverableReason && run.deliveredAt === null
}

/**
 * Whether an outcome is decided for it and weighs in its trial: what never started made no work that anything could become
 * of, and what was paused is gone on with by another run, whose outcome tells.
 */
export function countsInTrial(run: {
  readonly state: RunState
  readonly conclusion: Conclusion | null
  readonly reason: string | null
}): boolean {
  return run.state === 'ended' && run.conclusion !== 'refused' && run.reason !== 'paused'
}
