/** What one row of an account's books gives away about another; edits of real databases are in test/app/ledger/audit.test.ts. */
import { expect, it } from 'vitest'
import { AccountAudit, auditHoldless } from '../../core/audit/account.ts'
import { accountWords, findingWords } from '../../core/audit/finding.ts'
import {
  type Amounts,
  type AuditedAccount,
  type AuditedEntry,
  type AuditedKind,
  type AuditedRun,
  type RunInAccount,
  ZERO,
} from '../../core/audit/rows.ts'

const ACCOUNT: AuditedAccount = {
  ...ZERO,
  id: '3',
  repository: 'acme/shop',
  kind: 'squad',
  name: 'payments',
  unit: 'tokens',
  periodStart: '2026-11-02',
  periodEnd: '2026-11-16',
  budget: 1000n,
  ceiling: 1000n,
  frozen: false,
  twins: [],
}

let entries = 0

function entry(kind: AuditedKind, amounts: Partial<Amounts>, runId: string | null = null, key?: string): AuditedEntry {
  entries += 1
  const own = runId === null ? 'account:3:opened' : `run:${runId}:${kind}:3`
  return { ...ZERO, ...amounts, id: String(entries), runId, kind, key: key ?? own }
}

const ended: AuditedRun = {
  state: 'ended',
  reason: null,
  heldMicroUsd: 7n,
  drawnMicroUsd: 7n,
  spentMicroUsd: 7n,
  heldTokens: 100n,
  drawnTokens: 80n,
}

/** A run that held 100 tokens, spent `spent` of them and released the rest; changes say what is wrong with it. */
function runOf(runId: string, spent: bigint, changes: Partial<RunInAccount> = {}): RunInAccount {
  return {
    accountId: '3',
    unit: 'tokens',
    runId,
    run: ended,
    hold: { amount: 100n, state: 'settled' },
    entries: [
      entry('reserve', { held: 100n }, runId),
      entry('settle', { held: -spent, spent }, runId),
      entry('release', { held: spent - 100n }, runId),
    ],
    ...changes,
  }
}

function audited(
  account: Partial<AuditedAccount>,
  runs: readonly RunInAccount[],
  others = [entry('budget', { budget: 1000n })],
) {
  const audit = new AccountAudit({ ...ACCOUNT, ...account })
  for (const other of others) audit.addOther(other)
  for (const run of runs) audit.addRun(run)
  return audit.findings().map((finding) => findingWords(finding).replaceAll(/entry \d+/g, 'entry #'))
}

it('finds nothing where everything adds up', () => {
  expect(audited({ spent: 70n }, [runOf('a', 30n), runOf('b', 40n)])).toEqual([])
})

it('says which account it is', () => {
  expect(accountWords(ACCOUNT)).toBe('acme/shop, squad payments of 2026-11-02 to 2026-11-16 (account 3)')
})

it('takes the account’s sums to tell a release that is gone from a charge that is too low', () => {
  const whole = runOf('a', 30n)
  const cut = { ...whole, entries: whole.entries.slice(0, 2) }
  expect(audited({ spent: 30n }, [cut])).toEqual([
    'the entry run:a:release:3 is missing; expected held_change -70 tokens',
  ])
  const less = whole.entries.map((one) => (one.kind === 'settle' ? { ...one, spent: 20n, held: -20n } : one))
  expect(audited({ spent: 30n }, [{ ...whole, entries: less }])).toEqual([
    'entry # (run:a:settle:3): held_change is -20 tokens, expected -30 tokens; spent_change is 20 tokens, expected 30 tokens',
  ])
})

it('traces edits in several runs at once, and the account’s own row besides', () => {
  const a = runOf('a', 30n)
  const b = runOf('b', 40n)
  const wrong = [
    { ...a, entries: a.entries.slice(0, 2) },
    { ...b, entries: b.entries.map((one) => (one.kind === 'settle' ? { ...one, spent: 39n } : one)) },
  ]
  const both = [
    'the entry run:a:release:3 is missing; expected held_change -70 tokens',
    'entry # (run:b:settle:3): spent_change is 39 tokens, expected 40 tokens',
  ]
  expect(audited({ spent: 70n }, wrong)).toEqual(both)
  expect(audited({ spent: 70n, budget: 1n }, [runOf('c', 0n, { ...runOf('c', 30n) }), runOf('d', 40n)])).toEqual([
    'the account’s own row: budget is 1 tokens, expected 1,000 tokens',
  ])
})

it('names the account’s row and the refund where tokens came back and either may be wrong', () => {
  const a = runOf('a', 30n)
  const refunded = { ...a, entries: [...a.entries, entry('refund', { spent: -10n }, 'a')] }
  expect(audited({ spent: 20n }, [refunded])).toEqual([])
  expect(audited({ spent: 25n }, [refunded])).toEqual([
    'the account’s spent is 25 tokens, its entries add up to 20 tokens; one of these was changed, or one is missing: the account’s own row, entry # (run:a:refund:3)',
  ])
})

it('never lets more come back than was charged', () => {
  const a = runOf('a', 30n)
  const [found] = audited({ spent: -1n }, [{ ...a, entries: [...a.entries, entry('refund', { spent: -31n }, 'a')] }])
  expect(found).toContain('entry # (run:a:refund:3)')
})

it('finds an entry in the account that it was moved to, and misses it where it was', () => {
  const foreign = entry('budget', { budget: 500n }, null, 'account:4:opened')
  expect(audited({}, [], [entry('budget', { budget: 1000n }), foreign])).toEqual([
    'entry # (account:4:opened) fits nothing else in the ledger: it stands at account 3',
  ])
  expect(audited({}, [], [])).toEqual(['the entry account:3:... is missing; expected budget_change 1,000 tokens'])
})

it('takes the ceiling to tell whether the account’s budget or its entries were changed, and says where nothing tells', () => {
  expect(audited({ budget: 900n }, [])).toEqual(['the account’s own row: budget is 900 tokens, expected 1,000 tokens'])
  const unclear = 'one of these was changed, or one is missing: '
  const [byCeiling] = audited({ budget: 900n, ceiling: 900n }, [])
  expect(byCeiling).toContain(`${unclear}entry # (account:3:opened), the account’s own row`)
  const [byNothing] = audited({ budget: 900n, ceiling: null }, [])
  expect(byNothing).toContain(`${unclear}the account’s own row, entry # (account:3:opened)`)
})

it('expects a ceiling of the budget, or of what is spent and held where that is more', () => {
  const runs = [runOf('a', 30n), runOf('b', 40n)]
  const cut = [entry('budget', { budget: 50n })]
  expect(audited({ budget: 50n, spent: 70n, ceiling: 70n }, runs, cut)).toEqual([])
  expect(audited({ budget: 50n, spent: 70n, ceiling: 71n }, runs, cut)).toEqual([
    'the account’s own row: ceiling is 71 tokens, expected 70 tokens',
  ])
  expect(audited({ budget: 50n, spent: 70n, ceiling: 50n }, runs, cut)).toEqual([
    'the account’s own row: ceiling is 50 tokens, expected 70 tokens',
  ])
})

it('expects an account to be frozen from an overage until somebody thaws it', () => {
  const full = {
    ...runOf('a', 100n),
    entries: [entry('reserve', { held: 100n }, 'a'), entry('settle', { held: -100n, spent: 100n }, 'a')],
  }
  const over = { ...full, entries: [...full.entries, entry('overage', { overage: 5n }, 'a')] }
  const opened = entry('budget', { budget: 1000n })
  const thawed = [opened, entry('thaw', {}, null, 'account:3:thaw:one')]
  const account = { spent: 100n, overage: 5n }
  expect(audited({ ...account, frozen: true }, [over], [opened])).toEqual([])
  expect(audited(account, [over], thawed)).toEqual([])
  expect(audited(account, [over], [opened])).toEqual(['the account’s own row: frozen is false, expected true'])
  expect(audited({ ...account, frozen: true }, [over], thawed)).toEqual([
    'the account’s own row: frozen is true, expected false',
  ])
})

it('tells of a run by all its rows where no single one explains it', () => {
  const a = runOf('a', 30n, { hold: { amount: 1n, state: 'released' } })
  const [found] = audited({ spent: 30n }, [a])
  expect(found).toContain('the reserve entry says 100 tokens, the hold 1 tokens')
  expect(found).toContain('entry # (run:a:settle:3)')
  expect(found).toContain('the hold of run a, run a')
})

it('shows a hundred wrong runs of an account and counts the rest', () => {
  const runs = Array.from({ length: 103 }, (_, index) => {
    const run = runOf(`r${index}`, 30n)
    return { ...run, hold: { amount: 99n, state: 'settled' as const } }
  })
  const found = audited({ spent: 3090n, ceiling: 3090n }, runs)
  expect(found).toHaveLength(101)
  expect(found[0]).toBe('the hold of run r0: amount is 99 tokens, expected 100 tokens')
  expect(found[100]).toContain('3 more')
})

it('finds a run without a hold that holds or has spent', () => {
  expect(auditHoldless('a', { ...ended, heldMicroUsd: 0n, spentMicroUsd: 0n })).toBeUndefined()
  const finding = auditHoldless('a', ended)
  expect(finding && findingWords(finding)).toBe(
    'run a: held_micro_usd is $0.000007, expected $0.00; spent_micro_usd is $0.000007, expected $0.00: it has no hold on any account',
  )
})
