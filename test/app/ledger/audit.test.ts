import { expect, it } from 'vitest'
import { auditLedger } from '../../../app/ledger/audit.ts'
import { findingWords } from '../../../core/audit/finding.ts'
import type { PrismaClient } from '../../../prisma/client/client.ts'
import { onEachDatabase } from '../database/each-database.ts'
import { newRepository } from './scene.ts'
import { LedgerScript } from './script.ts'

/** `a` settled below its hold, `b` was lost and refunded, `c` is under way, `d` went beyond its hold; one budget was raised. */
const STORY = [
  ['budget 800', 'reserve a 400', 'claim a', 'settle a 250'],
  ['reserve b 300', 'claim b', 'draw b 200', 'lose b', 'settle b 150'],
  ['budget 1000', 'reserve c 100', 'claim c', 'reserve d 100', 'claim d', 'settle d 130'],
].flat()

/** The names of the story in SQL and in what is found: `$A` is the account, `$a` a run. */
type Names = Readonly<Record<string, string>>

async function keepBooks(prisma: PrismaClient): Promise<Names> {
  const repositoryId = await newRepository(prisma)
  const script = new LedgerScript(prisma, repositoryId)
  for (const operation of STORY) await script.play(operation)
  const account = await prisma.account.findFirstOrThrow({ where: { repositoryId } })
  const runs = await prisma.run.findMany({ where: { repositoryId } })
  const letters = runs.map(({ id, subjectKey }) => [subjectKey.replace('pull-request:', '$'), id] as const)
  return { ...Object.fromEntries(letters), $A: String(account.id) }
}

/** As somebody would who may do everything in the database. */
async function editByHand(prisma: PrismaClient, sql: string): Promise<void> {
  await prisma.$transaction([
    prisma.$executeRawUnsafe('ALTER TABLE entry DISABLE TRIGGER entry_append_only'),
    prisma.$executeRawUnsafe(sql),
    prisma.$executeRawUnsafe('ALTER TABLE entry ENABLE TRIGGER entry_append_only'),
  ])
}

/** What is found in the books of these names, which are put in its place; `#` is an entry's number, `...` a random key. */
async function found(connectionString: string, names: Names): Promise<readonly string[]> {
  const { findings } = await auditLedger(connectionString)
  const own = findings.filter(
    ({ account, rows: [row] }) => account?.id === names.$A || Object.values(names).includes(row?.id ?? ''),
  )
  return own.map((finding) => {
    let words = findingWords(finding).replaceAll(/entry \d+/g, 'entry #')
    for (const [name, id] of Object.entries(names)) words = words.replaceAll(new RegExp(`\\b${id}\\b`, 'g'), name)
    return words.replaceAll(/:budget:[\w-]{36}/g, ':budget:...')
  })
}

/** One row changed by hand, and what the audit says. */
const edits: readonly (readonly [sql: string, ...words: string[]])[] = [
  ['UPDATE account SET spent = spent - 1 WHERE id = $A'],
  ['UPDATE account SET held = 0 WHERE id = $A'],
  ['UPDATE account SET overage = 0 WHERE id = $A'],
  ['UPDATE account SET frozen = false WHERE id = $A'],
  ['UPDATE account SET budget = 9000000 WHERE id = $A'],
  ['UPDATE account SET ceiling = 20000000 WHERE id = $A'],
  ['UPDATE account SET budget = 20000000, ceiling = 20000000 WHERE id = $A'],
  ['UPDATE account SET budget = 20000000, ceiling = NULL WHERE id = $A'],
  ["UPDATE entry SET held_change = held_change - 1 WHERE key = 'run:$c:reserve:$A'"],
  ["UPDATE entry SET held_change = held_change + 1 WHERE key = 'run:$a:settle:$A'"],
  ["UPDATE entry SET spent_change = 1 WHERE key = 'run:$a:settle:$A'"],
  ["UPDATE entry SET spent_change = 1, held_change = -1 WHERE key = 'run:$a:settle:$A'"],
  ["UPDATE entry SET held_change = -1 WHERE key = 'run:$a:release:$A'"],
  ["UPDATE entry SET spent_change = 1 WHERE key = 'run:$b:expire:$A'"],
  ["UPDATE entry SET spent_change = -1 WHERE key = 'run:$b:refund:$A'"],
  ["UPDATE entry SET overage_change = 1 WHERE key = 'run:$d:overage:$A'"],
  ["UPDATE entry SET budget_change = 1 WHERE key = 'account:$A:opened'"],
  ["UPDATE entry SET spent_change = 1 WHERE key = 'account:$A:opened'"],
  ["UPDATE entry SET kind = 'refund' WHERE key = 'run:$a:settle:$A'"],
  ["UPDATE entry SET key = 'run:other:settle:1' WHERE key = 'run:$a:settle:$A'"],
  ["UPDATE entry SET run_id = '$b' WHERE key = 'run:$a:settle:$A'"],
  ["UPDATE entry SET run_id = NULL WHERE key = 'run:$a:settle:$A'"],
  ["UPDATE hold SET amount = 1 WHERE run_id = '$a'"],
  ["UPDATE hold SET amount = amount + 1 WHERE run_id = '$c'"],
  ["UPDATE hold SET state = 'released' WHERE run_id = '$c'"],
  ["UPDATE hold SET state = 'held' WHERE run_id = '$a'"],
  ["UPDATE run SET spent_micro_usd = 1 WHERE id = '$a'"],
  ["UPDATE run SET held_micro_usd = held_micro_usd - 1 WHERE id = '$a'"],
  ["UPDATE run SET drawn_micro_usd = 1 WHERE id = '$b'"],
  ["UPDATE run SET state = 'dispatched', ended_at = NULL, conclusion = NULL, decide_after = NULL WHERE id = '$d'"],
  ["DELETE FROM entry WHERE key = 'run:$c:reserve:$A'"],
  ["DELETE FROM entry WHERE key = 'run:$a:settle:$A'"],
  ["DELETE FROM entry WHERE key = 'run:$a:release:$A'"],
  ["DELETE FROM entry WHERE key = 'run:$b:expire:$A'"],
  ["DELETE FROM entry WHERE key = 'run:$b:refund:$A'"],
  ["DELETE FROM entry WHERE key = 'run:$d:overage:$A'"],
  ["DELETE FROM entry WHERE key = 'account:$A:opened'"],
  ["DELETE FROM entry WHERE run_id = '$a'"],
  ["DELETE FROM hold WHERE run_id = '$a'"],
  [
    "INSERT INTO entry (account_id, run_id, kind, spent_change, key, at) VALUES ($A, '$a', 'refund', -5, 'run:$a:refund:$A', now())",
  ],
  [
    "INSERT INTO entry (account_id, run_id, kind, held_change, key, at) VALUES ($A, '$c', 'release', -5, 'run:$c:release:$A', now())",
  ],
  ["INSERT INTO entry (account_id, kind, budget_change, key, at) VALUES ($A, 'budget', 5, 'account:$A:more', now())"],
  ["INSERT INTO entry (account_id, kind, spent_change, key, at) VALUES ($A, 'thaw', -5, 'account:$A:thaw', now())"],
  ["INSERT INTO entry (account_id, kind, spent_change, key, at) VALUES ($A, 'refund', -5, 'credit', now())"],
]

onEachDatabase('an audit', (database) => {
  it.each(edits)('finds %s', async (sql, ...words) => {
    const { prisma, connectionString } = database()
    const names = await keepBooks(prisma)
    expect(await found(connectionString, names)).toEqual([])
    await editByHand(
      prisma,
      sql.replaceAll(/\$\w/g, (name) => names[name] ?? name),
    )
    expect(await found(connectionString, names)).toEqual(words)
  })
})
