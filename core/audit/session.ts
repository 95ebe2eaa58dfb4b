/**
 * A session's ceiling recomputed: what its runs and those of its forks have spent within their holds, and what they still
 * hold, never passes it. What a provider billed beyond a hold is an overage and no fault of the ceiling's.
 */

import type { Finding, RowName } from './finding.ts'
import { valueWords } from './finding.ts'
import type { AuditedRun } from './rows.ts'

/** One that other sessions may draw from, or that says whose it draws from. */
export interface AuditedSession {
  readonly id: string
  readonly ceilingMicroUsd: bigint
  /** Of a fork: whether the session is there whose ceiling it draws from, and is none itself. */
  readonly root: 'none' | 'there' | 'missing' | 'fork'
  /** Its runs, and for one with a ceiling of its own those of its forks. */
  readonly runs: readonly (Pick<AuditedRun, 'state' | 'heldMicroUsd' | 'spentMicroUsd'> & { readonly id: string })[]
}

/** Runs that are named; more of them tell nobody more. */
const NAMED_MAX = 20

export function auditSession({ id, ceilingMicroUsd, root, runs }: AuditedSession): Finding | undefined {
  const session: RowName = { table: 'session', id }
  if (root === 'missing' || root === 'fork') {
    const why = root === 'missing' ? 'the session that it was forked from is not there' : 'it draws from a fork'
    return { account: undefined, problem: 'disagrees', rows: [session], differences: [], why }
  }
  const used = runs.reduce((sum, run) => sum + usedBy(run), 0n)
  if (root === 'there' || used <= ceilingMicroUsd) return undefined
  const named = runs.slice(0, NAMED_MAX).map((run): RowName => ({ table: 'run', id: run.id }))
  const [is, most] = [valueWords('usd', used), valueWords('usd', ceilingMicroUsd)]
  const why = `its runs spent and hold ${is} under a ceiling of ${most}`
  return { account: undefined, problem: 'disagrees', rows: [session, ...named], differences: [], why }
}

function usedBy({ state, heldMicroUsd, spentMicroUsd }: AuditedSession['runs'][number]): bigint {
  if (state === 'waiting') return 0n
  return state === 'ended' && spentMicroUsd < heldMicroUsd ? spentMicroUsd : heldMicroUsd
}
