/**
 * Which one row, set right, makes what a run left in an account agree with itself again. Every row is tried in turn: it
 * gets the value that the others give it, or goes, or one that is missing comes; what then still disagrees was not it.
 */
import { faultsOf, keyOf, sumOfKinds } from './faults.ts'
import { type Difference, entryName, type Finding, type RowName } from './finding.ts'
import {
  type Amounts,
  type AuditedEntry,
  type AuditedKind,
  amountColumns,
  heldAndDrawn,
  minus,
  type RunInAccount,
  sumOf,
  ZERO,
} from './rows.ts'

export interface Repair {
  readonly finding: Omit<Finding, 'account'>
  /** What setting it right adds to the sums of the account's entries. */
  readonly change: Amounts
}

interface Candidate extends Repair {
  readonly repaired: RunInAccount
}

export function repairsOf(group: RunInAccount): readonly Repair[] {
  const candidates = [
    ...entryCandidates(group),
    ...missingCandidates(group),
    ...holdCandidates(group),
    ...runCandidates(group),
  ]
  return candidates
    .filter(({ repaired }) => faultsOf(repaired).length === 0)
    .map(({ finding, change }) => ({ finding, change }))
}

function entryCandidates(group: RunInAccount): readonly Candidate[] {
  return group.entries.flatMap((entry) => {
    const others = group.entries.filter((other) => other !== entry)
    const kinds = new Set([entry.kind, kindOfKey(entry.key) ?? entry.kind])
    const mended = [...kinds].flatMap((kind) => {
      const amounts = amountsFor(kind, { ...group, entries: others })
      if (amounts === undefined) return []
      const right: AuditedEntry = { ...entry, ...amounts, kind, key: keyOf(kind, group) }
      const repaired = { ...group, entries: [...others, right] }
      const finding = changed(entryName(entry), entryDifferences(entry, right))
      return [{ repaired, finding, change: minus(right, entry) }]
    })
    return [...mended, withoutEntry(group, entry, others)]
  })
}

function withoutEntry(group: RunInAccount, entry: AuditedEntry, entries: readonly AuditedEntry[]): Candidate {
  const isElsewhere = entry.key !== keyOf(entry.kind, group)
  const why = isElsewhere ? { why: `it stands at run ${group.runId} and account ${group.accountId}` } : {}
  const finding = { problem: 'added' as const, rows: [entryName(entry)], differences: [], ...why }
  return { repaired: { ...group, entries }, finding, change: minus(ZERO, entry) }
}

function missingCandidates(group: RunInAccount): readonly Candidate[] {
  const ended = group.run?.reason === 'lost' ? 'expire' : 'settle'
  return (['reserve', ended, 'release', 'overage', 'refund'] as const)
    .filter((kind) => !group.entries.some((entry) => entry.kind === kind))
    .flatMap((kind) => {
      const amounts = amountsFor(kind, group)
      if (amounts === undefined) return []
      const entry: AuditedEntry = { id: '', runId: group.runId, kind, key: keyOf(kind, group), ...amounts }
      const differences = entryDifferences({ ...entry, ...ZERO }, entry).map(({ column, expected }) => ({
        column,
        expected,
      }))
      const finding = { problem: 'missing' as const, rows: [entryName(entry)], differences }
      return [{ repaired: { ...group, entries: [...group.entries, entry] }, finding, change: amounts }]
    })
}

/** What an entry of this kind would have to say, by the hold, the run and the other entries. */
function amountsFor(kind: AuditedKind, { hold, run, unit, entries }: RunInAccount): Amounts | undefined {
  const reserved = sumOfKinds(entries, 'reserve').held
  const released = -sumOfKinds(entries, 'release').held
  const ended = sumOfKinds(entries, 'settle', 'expire')
  const { overage } = sumOfKinds(entries, 'overage')
  const refunded = -sumOfKinds(entries, 'refund').spent
  const spent = unit === 'usd' ? run?.spentMicroUsd : undefined
  const positive = (amount: bigint | undefined, amounts: (amount: bigint) => Partial<Amounts>) =>
    amount === undefined || amount <= 0n ? undefined : { ...ZERO, ...amounts(amount) }
  switch (kind) {
    case 'reserve':
      return positive(hold?.amount, (held) => ({ held }))
    case 'settle':
    case 'expire':
      return positive(reserved - released, (charged) => ({ held: -charged, spent: charged }))
    case 'release':
      return positive(reserved + ended.held, (rest) => ({ held: -rest }))
    case 'overage':
      return positive(spent === undefined ? undefined : spent - ended.spent + refunded, (over) => ({ overage: over }))
    case 'refund':
      return positive(spent === undefined ? undefined : ended.spent + overage - spent, (back) => ({ spent: -back }))
    default:
      return undefined
  }
}

function holdCandidates(group: RunInAccount): readonly Candidate[] {
  const { hold, entries, runId } = group
  const amount = sumOfKinds(entries, 'reserve').held
  const posted = sumOfKinds(entries, 'settle', 'expire').spent
  const state = sumOf(entries).held !== 0n ? 'held' : posted > 0n ? 'settled' : 'released'
  const row: RowName = { table: 'hold', id: runId }
  const by = (right: { amount: bigint; state: typeof state }, finding: Candidate['finding']): Candidate => ({
    repaired: { ...group, hold: right },
    finding,
    change: ZERO,
  })
  if (hold === undefined) {
    const differences = [
      { column: 'amount', expected: amount },
      { column: 'state', expected: state },
    ]
    return [by({ amount, state }, { problem: 'missing', rows: [row], differences })]
  }
  return [
    by({ ...hold, amount }, changed(row, [{ column: 'amount', is: hold.amount, expected: amount }])),
    by({ ...hold, state }, changed(row, [{ column: 'state', is: hold.state, expected: state }])),
  ]
}

function runCandidates(group: RunInAccount): readonly Candidate[] {
  const { run, hold, entries, unit, runId } = group
  const own = heldAndDrawn(group)
  if (run === undefined || hold === undefined || own === undefined) return []
  const isUsd = unit === 'usd'
  const inUnit = isUsd ? 'micro_usd' : 'tokens'
  const posted = sumOfKinds(entries, 'settle', 'expire').spent
  const spent = sumOf(entries).spent + sumOf(entries).overage
  const state = hold.state === 'held' ? 'claimed' : 'ended'
  const by = (
    right: Partial<typeof run>,
    column: string,
    is: Difference['is'],
    expected: bigint | string,
  ): Candidate => ({
    repaired: { ...group, run: { ...run, ...right } },
    finding: changed({ table: 'run', id: runId }, [{ column, ...(is === undefined ? {} : { is }), expected }]),
    change: ZERO,
  })
  return [
    ...(isUsd ? [by({ spentMicroUsd: spent }, 'spent_micro_usd', run.spentMicroUsd, spent)] : []),
    by(isUsd ? { heldMicroUsd: hold.amount } : { heldTokens: hold.amount }, `held_${inUnit}`, own.held, hold.amount),
    by(
      isUsd ? { drawnMicroUsd: posted } : { drawnTokens: posted },
      `drawn_${inUnit}`,
      own.drawn,
      // What a run had drawn is known by the entry that posted it; of others only that it was no more than the hold.
      entries.some(({ kind }) => kind === 'expire') ? posted : 'no more than its hold',
    ),
    by({ state }, 'state', run.state, hold.state === 'held' ? 'a state in which it holds money' : state),
  ]
}

function changed(row: RowName, differences: readonly Difference[]): Candidate['finding'] {
  return { problem: 'changed', rows: [row], differences }
}

function entryDifferences(is: AuditedEntry, right: AuditedEntry): readonly Difference[] {
  const texts = (['kind', 'key'] as const).map((column) => ({ column, is: is[column], expected: right[column] }))
  const amounts = amountColumns.map((column) => ({
    column: `${column}_change`,
    is: is[column],
    expected: right[column],
  }))
  return [...texts, ...amounts].filter((difference) => difference.is !== difference.expected)
}

/** The kind that a key names: `run:RUN:settle:ACCOUNT`. */
function kindOfKey(key: string): AuditedKind | undefined {
  const kind = key.split(':')[2]
  return (['reserve', 'settle', 'release', 'expire', 'overage', 'refund'] as const).find((one) => one === kind)
}
