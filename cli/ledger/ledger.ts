/** How a command finds the App's ledger: as `purser start` does, by DATABASE_URL or the folder PURSER_DATA. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { isMigrated, MigrationProblem } from '../../app/database/migrate.ts'
import { type Database, openDatabase } from '../../app/database/open.ts'
import { dataDirOf, formatSettingProblem } from '../../app/settings.ts'
import { databaseProblem, serverOf } from '../database-problem.ts'

/** The one in use, or what is in the way. Without `create` a folder or a database that holds no ledger is none, rather than a new one. With it, one without rows is made whole where it was left half made. */
export async function openLedger({ create = false } = {}): Promise<Database | string> {
  const databaseUrl = process.env.DATABASE_URL || undefined
  const dataDir = dataDirOf(process.env)
  try {
    if (!create && !(await isThere(databaseUrl, dataDir))) {
      return databaseUrl === undefined
        ? `There is no ledger in ${dataDir}; set PURSER_DATA to its folder, or DATABASE_URL to its server.`
        : `There is no ledger in the database that DATABASE_URL names, on ${serverOf(databaseUrl)}; expected the one that the App uses.`
    }
    // A command is over before it pays to compile the embedded database's functions again, better: a third of its processor time.
    for (const flag of ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag)
    return await openDatabase({ url: databaseUrl, dataDir, migrates: create ? 'when-empty' : false })
  } catch (error) {
    if (error instanceof MigrationProblem) return error.message
    const problem = databaseProblem(error, { dataDir, databaseUrl })
    if (problem === undefined) throw error
    return formatSettingProblem(problem)
  }
}

async function isThere(databaseUrl: string | undefined, dataDir: string): Promise<boolean> {
  return databaseUrl === undefined ? existsSync(join(dataDir, 'PG_VERSION')) : isMigrated(databaseUrl)
}

/** For people: which ledger a command works on. */
export function ledgerInUse(): string {
  const url = process.env.DATABASE_URL
  return url ? `the PostgreSQL server at ${serverOf(url)}` : dataDirOf(process.env)
}

/** Where the ledger keeps the books of one repository, that one. */
export async function repositoryIn({ prisma }: Database, named: string | undefined) {
  const kept = await prisma.repository.findMany({
    where: { accounts: { some: {} } },
    orderBy: { id: 'asc' },
    take: 100,
  })
  const meant = named === undefined ? kept : kept.filter(({ owner, name }) => `${owner}/${name}` === named)
  const [first, ...others] = meant
  if (first && others.length === 0) return first
  const names = kept.map(({ owner, name }) => `${owner}/${name}`).join(', ')
  if (kept.length === 0) return { problem: 'The ledger keeps no books yet: nothing was ever reserved in it.' }
  if (first)
    return {
      problem: `The ledger keeps the books of several repositories: say which with --repository, one of ${names}.`,
    }
  return { problem: `The ledger keeps no books of ${named}; it has those of ${names}.` }
}
