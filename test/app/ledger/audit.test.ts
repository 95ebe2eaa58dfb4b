import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { snapshotOf } from '../../../app/database/snapshot.ts'
import { auditSnapshot } from '../../../app/ledger/audit.ts'
import { findingWords } from '../../../core/audit/finding.ts'
import { auditedKinds } from '../../../core/audit/rows.ts'
import { onEachDatabase } from '../database/each-database.ts'
import { editByHand, keepBooks, type Names } from './books.ts'

/** With names in place of what they name; `#` is an entry's number, `...` a random key. */
function named(words: string, names: Names): string {
  const text = words.replaceAll(/entry \d+/g, 'entry #').replaceAll(/:budget:[\w-]{36}/g, ':budget:...')
  return Object.entries(names).reduce(
    (so, [name, id]) => so.replaceAll(new RegExp(`(?<=[: ])${id}\\b`, 'g'), () => name),
    text,
  )
}

/** One row changed by hand, and what the audit says. */
const edits: readonly (readonly [sql: string, ...words: string[]])[] = [
  ['UPDATE account SET spent = spent - 1 WHERE id = $A', 'the account’s own row: spent is $4.999999, expected $5.00'],
  ['UPDATE account SET held = 0 WHERE id = $A', 'the account’s own row: held is $0.00, expected $1.00'],
  ['UPDATE account SET overage = 0 WHERE id = $A', 'the account’s own row: overage is $0.00, expected $0.30'],
  ['UPDATE account SET frozen = false WHERE id = $A', 'the account’s own row: frozen is false, expected true'],
  ['UPDATE account SET budget = 9000000 WHERE id = $A', 'the account’s own row: budget is $9.00, expected $10.00'],
  ['UPDATE account SET ceiling = 20000000 WHERE id = $A', 'the account’s own row: ceiling is $20.00, expected $10.00'],
  [
    'UPDATE account SET budget = 20000000, ceiling = 20000000 WHERE id = $A',
    'the account’s budget is $20.00, its entries add up to $10.00; one of these was changed, or one is missing: entry # (account:$A:opened), entry # (account:$A:budget:...), the account’s own row',
  ],
  [
    'UPDATE account SET budget = 20000000, ceiling = NULL WHERE id = $A',
    'the account’s budget is $20.00, its entries add up to $10.00; one of these was changed, or one is missing: the account’s own row, entry # (account:$A:opened), entry # (account:$A:budget:...)',
  ],
  [
    "UPDATE entry SET held_change = held_change - 1 WHERE key = 'run:$c:reserve:$A'",
    'entry # (run:$c:reserve:$A): held_change is $0.999999, expected $1.00',
  ],
  [
    "UPDATE entry SET held_change = held_change + 1 WHERE key = 'run:$a:settle:$A'",
    'entry # (run:$a:settle:$A): held_change is -$2.499999, expected -$2.50',
  ],
  [
    "UPDATE entry SET spent_change = 1 WHERE key = 'run:$a:settle:$A'",
    'entry # (run:$a:settle:$A): spent_change is $0.000001, expected $2.50',
  ],
  [
    "UPDATE entry SET spent_change = 1, held_change = -1 WHERE key = 'run:$a:settle:$A'",
    'entry # (run:$a:settle:$A): held_change is -$0.000001, expected -$2.50; spent_change is $0.000001, expected $2.50',
  ],
  [
    "UPDATE entry SET held_change = -1 WHERE key = 'run:$a:release:$A'",
    'entry # (run:$a:release:$A): held_change is -$0.000001, expected -$1.50',
  ],
  [
    "UPDATE entry SET spent_change = 1 WHERE key = 'run:$b:expire:$A'",
    'entry # (run:$b:expire:$A): spent_change is $0.000001, expected $2.00',
  ],
  [
    "UPDATE entry SET spent_change = -1 WHERE key = 'run:$b:refund:$A'",
    'entry # (run:$b:refund:$A): spent_change is -$0.000001, expected -$0.50',
  ],
  [
    "UPDATE entry SET overage_change = 1 WHERE key = 'run:$d:overage:$A'",
    'entry # (run:$d:overage:$A): overage_change is $0.000001, expected $0.30',
  ],
  [
    "UPDATE entry SET budget_change = 1 WHERE key = 'account:$A:opened'",
    'the account’s budget is $10.00, its entries add up to $2.000001; one of these was changed, or one is missing: entry # (account:$A:opened), entry # (account:$A:budget:...), the account’s own row',
  ],
  [
    "UPDATE entry SET spent_change = 1 WHERE key = 'account:$A:opened'",
    'entry # (account:$A:opened): spent_change is $0.000001, expected $0.00',
  ],
  [
    "UPDATE entry SET kind = 'refund' WHERE key = 'run:$a:settle:$A'",
    'entry # (run:$a:settle:$A): kind is refund, expected settle',
  ],
  [
    "UPDATE entry SET key = 'run:other:settle:0' WHERE key = 'run:$a:settle:$A'",
    'entry # (run:other:settle:0): key is run:other:settle:0, expected run:$a:settle:$A',
  ],
  [
    "UPDATE entry SET run_id = '$b' WHERE key = 'run:$a:settle:$A'",
    'the entry run:$a:settle:$A is missing; expected held_change -$2.50, spent_change $2.50',
    'entry # (run:$a:settle:$A) fits nothing else in the ledger: it stands at run $b and account $A',
  ],
  [
    "UPDATE entry SET run_id = NULL WHERE key = 'run:$a:settle:$A'",
    'entry # (run:$a:settle:$A) fits nothing else in the ledger: it stands at account $A and at no run',
    'the entry run:$a:settle:$A is missing; expected held_change -$2.50, spent_change $2.50',
  ],
  ["UPDATE hold SET amount = 1 WHERE run_id = '$a'", 'the hold of run $a: amount is $0.000001, expected $4.00'],
  [
    "UPDATE hold SET amount = amount + 1 WHERE run_id = '$c'",
    'the hold of run $c: amount is $1.000001, expected $1.00',
  ],
  ["UPDATE hold SET state = 'released' WHERE run_id = '$c'", 'the hold of run $c: state is released, expected held'],
  ["UPDATE hold SET state = 'held' WHERE run_id = '$a'", 'the hold of run $a: state is held, expected settled'],
  ["UPDATE run SET spent_micro_usd = 1 WHERE id = '$a'", 'run $a: spent_micro_usd is $0.000001, expected $2.50'],
  [
    "UPDATE run SET held_micro_usd = held_micro_usd - 1 WHERE id = '$a'",
    'run $a: held_micro_usd is $3.999999, expected $4.00',
  ],
  ["UPDATE run SET drawn_micro_usd = 1 WHERE id = '$b'", 'run $b: drawn_micro_usd is $0.000001, expected $2.00'],
  [
    "UPDATE run SET state = 'dispatched', ended_at = NULL, conclusion = NULL, decide_after = NULL WHERE id = '$d'",
    'run $d: state is dispatched, expected ended',
  ],
  [
    "DELETE FROM entry WHERE key = 'run:$c:reserve:$A'",
    'the entry run:$c:reserve:$A is missing; expected held_change $1.00',
  ],
  [
    "DELETE FROM entry WHERE key = 'run:$a:settle:$A'",
    'the entry run:$a:settle:$A is missing; expected held_change -$2.50, spent_change $2.50',
  ],
  [
    "DELETE FROM entry WHERE key = 'run:$a:release:$A'",
    'the entry run:$a:release:$A is missing; expected held_change -$1.50',
  ],
  [
    "DELETE FROM entry WHERE key = 'run:$b:expire:$A'",
    'the entry run:$b:expire:$A is missing; expected held_change -$2.00, spent_change $2.00',
  ],
  [
    "DELETE FROM entry WHERE key = 'run:$b:refund:$A'",
    'the entry run:$b:refund:$A is missing; expected spent_change -$0.50',
  ],
  [
    "DELETE FROM entry WHERE key = 'run:$d:overage:$A'",
    'the entry run:$d:overage:$A is missing; expected overage_change $0.30',
  ],
  [
    "DELETE FROM entry WHERE key = 'account:$A:opened'",
    'the account’s budget is $10.00, its entries add up to $2.00; one of these was changed, or one is missing: entry # (account:$A:budget:...), the account’s own row',
  ],
  [
    "DELETE FROM entry WHERE run_id = '$a'",
    'the reserve entry says $0.00, the hold $4.00; the run says that it spent $2.50, its entries $0.00; the hold is settled, expected released; one of these was changed, or one is missing: the hold of run $a, run $a',
  ],
  ["DELETE FROM hold WHERE run_id = '$a'", 'the hold of run $a is missing; expected amount $4.00, state settled'],
  [
    "INSERT INTO entry (account_id, run_id, kind, spent_change, key, at) VALUES ($A, '$a', 'refund', -5, 'run:$a:refund:$A', now())",
    'entry # (run:$a:refund:$A) fits nothing else in the ledger',
  ],
  [
    "INSERT INTO entry (account_id, run_id, kind, held_change, key, at) VALUES ($A, '$c', 'release', -5, 'run:$c:release:$A', now())",
    'entry # (run:$c:release:$A) fits nothing else in the ledger',
  ],
  [
    "INSERT INTO entry (account_id, kind, budget_change, key, at) VALUES ($A, 'budget', 5, 'account:$A:more', now())",
    'the account’s budget is $10.00, its entries add up to $10.000005; one of these was changed, or one is missing: entry # (account:$A:more), entry # (account:$A:opened), entry # (account:$A:budget:...), the account’s own row',
  ],
  [
    "INSERT INTO entry (account_id, kind, spent_change, key, at) VALUES ($A, 'thaw', -5, 'account:$A:thaw', now())",
    'entry # (account:$A:thaw): spent_change is -$0.000005, expected $0.00',
  ],
  [
    "INSERT INTO entry (account_id, kind, spent_change, key, at) VALUES ($A, 'refund', -5, 'credit', now())",
    'entry # (credit) fits nothing else in the ledger: it stands at account $A and at no run',
  ],
  [
    "INSERT INTO account (repository_id, kind, name, unit, period_start, period_end, budget) SELECT repository_id, kind, name, 'tokens', period_start + interval '3 days', period_end + interval '3 days', 0 FROM account WHERE id = $A",
    'the account’s own row: account $A has a budget for the same days',
  ],
  [
    "INSERT INTO account (repository_id, kind, name, unit, period_start, period_end, budget) SELECT repository_id, kind, name, unit, period_end, period_end + interval '3 days', 0 FROM account WHERE id = $A",
  ],
]

onEachDatabase('an audit', (database) => {
  let names: Names
  let client: pg.Client
  beforeAll(async () => {
    names = await keepBooks(database())
    client = new pg.Client({ connectionString: database().connectionString })
    await client.connect()
  })
  // Each test's edits are undone.
  beforeEach(() => client.query('BEGIN'))
  afterEach(() => client.query('ROLLBACK'))
  afterAll(() => client.end())

  async function found(): Promise<readonly string[]> {
    const { findings } = await auditSnapshot(snapshotOf(client))
    return findings.map((finding) => named(findingWords(finding), names))
  }

  it('finds nothing in books that nobody has edited', async () => {
    const audit = await auditSnapshot(snapshotOf(client))
    expect(audit).toEqual({ accounts: 1, entries: 13, sessions: 4, findings: [], notShown: 0 })
  })

  it.each(edits)('finds %s', async (sql, ...words) => {
    await client.query(editByHand(names, sql))
    expect(await found()).toEqual(words)
  })

  it('finds rows that only somebody without triggers can leave, and that they are off', async () => {
    const edits = [
      'SET LOCAL session_replication_role = replica',
      "UPDATE entry SET account_id = 12345 WHERE key = 'run:$a:release:$A'",
      "DELETE FROM hold WHERE run_id = '$c'",
      "DELETE FROM entry WHERE run_id = '$c'",
      "DELETE FROM run WHERE id = '$d'",
      "UPDATE hold SET account_id = 12345 WHERE run_id = '$b'",
      'ALTER TABLE entry DISABLE TRIGGER entry_append_only',
      'ALTER TABLE account DISABLE TRIGGER account_stays',
    ]
    await client.query(edits.join(';').replaceAll(/\$\w/g, (name) => names[name] ?? name))
    expect(await found()).toEqual([
      'the trigger entry_append_only, which keeps entries from being changed, is off or gone',
      'the trigger account_stays, which keeps accounts from being deleted, is off or gone',
      'the entry run:$a:release:$A is missing; expected held_change -$1.50',
      'there is no run $d; one of these was changed, or one is missing: entry # (run:$d:reserve:$A), entry # (run:$d:settle:$A), entry # (run:$d:overage:$A), the hold of run $d',
      'the hold of run $b is missing; expected amount $3.00, state settled',
      'run $c: held_micro_usd is $1.00, expected $0.00; state is claimed, expected waiting or ended: it has no hold on any account',
      'entry # (run:$a:release:$A) fits nothing else in the ledger: there is no account 12345',
      'the hold of run $b fits nothing else in the ledger: there is no account 12345',
    ])
  })

  it('recomputes a session’s ceiling from its runs and those of its forks', async () => {
    // The runs of `a` and `b` spent $2.50 and $1.50, `c` holds $1.00.
    const edits = [
      "UPDATE session SET ceiling_micro_usd = 4999999 WHERE id = (SELECT session_id FROM run WHERE id = '$a')",
      "UPDATE session SET root_id = (SELECT session_id FROM run WHERE id = '$a') WHERE id IN (SELECT session_id FROM run WHERE id IN ('$b', '$c'))",
    ]
    const edit = (sql: string) => client.query(sql.replaceAll(/\$\w/g, (name) => names[name] ?? name))
    await edit(edits.join(';'))
    const [words = '', ...more] = await found()
    expect(words).toMatch(
      /^its runs spent and hold \$5\.00 under a ceiling of \$4\.999999; one of these.*: session .*, run \$/,
    )
    expect(words.split(', run ').slice(1).sort()).toEqual(['$a', '$b', '$c'])
    expect(more).toEqual([])
    await edit("UPDATE session SET ceiling_micro_usd = 5000000 WHERE id = (SELECT session_id FROM run WHERE id = '$a')")
    expect(await found()).toEqual([])
    await edit(
      "UPDATE session SET root_id = (SELECT session_id FROM run WHERE id = '$b') WHERE id = (SELECT session_id FROM run WHERE id = '$c')",
    )
    expect(await found()).toEqual([expect.stringMatching(/^session .*: it draws from a fork$/)])
  })

  it('knows every kind of entry', async () => {
    const { rows } = await client.query('SELECT unnest(enum_range(NULL::entry_kind))::text AS kind')
    expect(rows).toEqual(auditedKinds.map((kind) => ({ kind })))
  })
})
