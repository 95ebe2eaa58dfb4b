/** A small ledger in which everything has happened once, kept by the ledger's own functions. */
import type { Database } from '../../../app/database/open.ts'
import { openLedger } from '../../../app/ledger/ledger.ts'
import { newRepository } from './scene.ts'
import { LedgerScript } from './script.ts'

/** `a` settled below its hold, `b` was lost and refunded, `c` is under way, `d` went beyond its hold; one budget was raised. */
const STORY = [
  ['budget 800', 'reserve a 400', 'claim a', 'settle a 250'],
  ['reserve b 300', 'claim b', 'draw b 200', 'lose b', 'settle b 150'],
  ['budget 1000', 'reserve c 100', 'claim c', 'reserve d 100', 'claim d', 'settle d 130'],
].flat()

/** Names for SQL: `$A` is the account, `$a` a run. */
export type Names = Readonly<Record<string, string>>

export async function keepBooks(database: Pick<Database, 'prisma' | 'pool' | 'kind'>): Promise<Names> {
  const { prisma } = database
  const repositoryId = await newRepository(prisma)
  const script = new LedgerScript(openLedger(database), repositoryId)
  for (const operation of STORY) await script.play(operation)
  const account = await prisma.account.findFirstOrThrow({ where: { repositoryId } })
  const runs = await prisma.run.findMany({ where: { repositoryId } })
  const letters = runs.map(({ id, subjectKey }) => [subjectKey.replace('pull-request:', '$'), id] as const)
  return { ...Object.fromEntries(letters), $A: String(account.id) }
}

/** What somebody runs who may do everything in the database and wants to change a row; names stand for what they name. */
export function editByHand(names: Names, sql: string): string {
  const named = sql.replaceAll(/\$\w/g, (name) => names[name] ?? name)
  return `ALTER TABLE entry DISABLE TRIGGER entry_append_only; ${named}; ALTER TABLE entry ENABLE TRIGGER entry_append_only`
}
