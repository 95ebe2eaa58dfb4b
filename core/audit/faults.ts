/** What one run left in one account has to agree with itself: hold, entries and the run's own row say the same thing several times. */
import { type Value, valueWords } from './finding.ts'
import {
  type AuditedEntry,
  type AuditedHold,
  type AuditedKind,
  type AuditedRun,
  amountColumns,
  heldAndDrawn,
  type RunInAccount,
  sumOf,
} from './rows.ts'

/** `run:RUN:settle:ACCOUNT`. */
export function keyOf(kind: AuditedKind, { runId, accountId }: RunInAccount): string {
  return `run:${runId}:${kind}:${accountId}`
}

/** What the entries of these kinds add up to. */
export function sumOfKinds(entries: readonly AuditedEntry[], ...kinds: readonly AuditedKind[]) {
  return sumOf(entries.filter(({ kind }) => kinds.includes(kind)))
}

/** Everything that does not agree, in words; nothing where all does. */
export function faultsOf(group: RunInAccount): readonly string[] {
  const { run, hold, entries } = group
  const ofEntries = [...entries.flatMap((entry) => entryFaults(entry, group)), ...repeatedKinds(entries)]
  if (run === undefined) return [...ofEntries, `there is no run ${group.runId}`]
  if (hold === undefined) return [...ofEntries, `the run ${group.runId} has no hold here`]
  return [...ofEntries, ...holdFaults(group, run, hold), ...spendFaults(group, run, hold)]
}

function entryFaults(entry: AuditedEntry, group: RunInAccount): string[] {
  const expected = keyOf(entry.kind, group)
  const faults = entry.key === expected ? [] : [`entry ${entry.id} has the key ${entry.key}, expected ${expected}`]
  return isFormOf(entry) ? faults : [...faults, `entry ${entry.id} changes what a ${entry.kind} entry can’t`]
}

/** Which columns an entry of a run changes by its kind, and in which direction. */
function isFormOf(entry: AuditedEntry): boolean {
  const { budget, held, spent, overage } = entry
  const changed = amountColumns.filter((column) => entry[column] !== 0n).join()
  switch (entry.kind) {
    case 'reserve':
      return changed === 'held' && held > 0n
    case 'settle':
    case 'expire':
      return budget === 0n && overage === 0n && spent > 0n && held === -spent
    case 'release':
      return changed === 'held' && held < 0n
    case 'overage':
      // It moves nothing where a call broke its bound within the hold.
      return (changed === 'overage' && overage > 0n) || changed === ''
    case 'refund':
      return changed === 'spent' && spent < 0n
    case 'budget':
    case 'thaw':
    case 'renamed':
      return false
  }
}

/** A hold is taken once and ends once. */
function repeatedKinds(entries: readonly AuditedEntry[]): string[] {
  const kinds = entries.map(({ kind }) => (kind === 'expire' ? 'settle' : kind))
  const repeated = kinds.filter((kind, index) => kinds.indexOf(kind) !== index)
  return [...new Set(repeated)].map((kind) => `there are several ${kind} entries of one run`)
}

function holdFaults(group: RunInAccount, run: AuditedRun, hold: AuditedHold): string[] {
  const { entries } = group
  const faults = differ(group)
  const own = heldAndDrawn(group)
  const isHeld = hold.state === 'held'
  return [
    ...faults('the reserve entry says', sumOfKinds(entries, 'reserve').held, 'the hold', hold.amount),
    ...faults('the run says that it holds', own?.held ?? 0n, 'the hold', hold.amount),
    ...faults('its entries leave held', sumOf(entries).held, 'its hold', isHeld ? hold.amount : 0n),
    ...((own?.drawn ?? 0n) > hold.amount ? [`more was drawn than the hold of ${words(group, hold.amount)}`] : []),
    ...(isHeld === (run.state !== 'ended' && run.state !== 'waiting')
      ? []
      : [`the hold is ${hold.state} while the run is ${run.state}`]),
  ]
}

function spendFaults(group: RunInAccount, run: AuditedRun, hold: AuditedHold): string[] {
  const { entries, unit } = group
  const faults = differ(group)
  const posted = sumOfKinds(entries, 'settle', 'expire').spent
  const { overage } = sumOfKinds(entries, 'overage')
  const refunded = -sumOfKinds(entries, 'refund').spent
  const expired = entries.some(({ kind }) => kind === 'expire')
  const state = posted > 0n ? 'settled' : 'released'
  return [
    ...(run.state === 'ended' && unit === 'usd'
      ? faults('the run says that it spent', run.spentMicroUsd, 'its entries', posted + overage - refunded)
      : []),
    ...(expired ? faults('what was posted is', posted, 'what was drawn', heldAndDrawn(group)?.drawn ?? 0n) : []),
    // A late report's lies beyond what was drawn, which `expire` has posted.
    ...(overage > 0n && !expired ? faults('there is an overage beyond', posted, 'the hold', hold.amount) : []),
    ...(refunded > posted ? [`${words(group, refunded)} came back of ${words(group, posted)}`] : []),
    ...(hold.state !== 'held' && hold.state !== state ? [`the hold is ${hold.state}, expected ${state}`] : []),
  ]
}

function differ(group: RunInAccount) {
  return (says: string, is: bigint, who: string, expected: bigint): string[] =>
    is === expected ? [] : [`${says} ${words(group, is)}, ${who} ${words(group, expected)}`]
}

function words({ unit }: RunInAccount, value: Value): string {
  return valueWords(unit, value)
}
