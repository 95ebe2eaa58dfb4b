/** Reading a family's runs out of the App's ledger, and writing them down for anybody. */
import { type FileHandle, open } from 'node:fs/promises'
import type { Database } from '../app/database/open.ts'
import { trialSince } from '../app/ledger/look.ts'
import { readRecords } from '../app/ledger/records.ts'
import { type RunRecord, recordLine } from '../core/run-record.ts'
import { openLedger } from './ledger.ts'

/** Lines are gathered to this many characters before they are written. */
const CHUNK_CHARACTERS = 256_000

export interface LedgerRuns {
  readonly records: readonly RunRecord[]
  /** The variants whose trial began anew, and when. */
  readonly since: ReadonlyMap<string, Date>
}

export interface LedgerAsk {
  readonly family: string
  /** `owner/name`, needed where several repositories have run the family. */
  readonly repository?: string | undefined
  /** Where to write all of them, one a line. */
  readonly save?: string | undefined
}

export async function readLedger(ask: LedgerAsk): Promise<LedgerRuns | { readonly problem: string }> {
  const database = await openLedger()
  if (typeof database === 'string') return { problem: database }
  try {
    const repositoryId = await repositoryOf(database, ask)
    if (typeof repositoryId === 'object') return repositoryId
    const records: RunRecord[] = []
    const file = ask.save === undefined ? undefined : await opened(ask.save)
    if (file !== undefined && 'problem' in file) return file
    const saved = file && new Saved(file)
    await readRecords(database.connectionString, { repositoryId, family: ask.family }, async (record) => {
      records.push(record)
      await saved?.add(record)
    })
    await saved?.end()
    return { records, since: await begunAnew(database, repositoryId, ask.family) }
  } finally {
    await database.close()
  }
}

async function begunAnew({ prisma }: Database, repositoryId: bigint, family: string): Promise<Map<string, Date>> {
  const trials = await prisma.trial.findMany({ where: { repositoryId, family, variant: { not: '' } } })
  const since = new Map<string, Date>()
  for (const { variant } of trials) {
    const began = await trialSince(prisma, { repositoryId, family, variant })
    if (began !== undefined) since.set(variant, began)
  }
  return since
}

async function repositoryOf(
  { prisma }: Database,
  { family, repository }: LedgerAsk,
): Promise<bigint | { readonly problem: string }> {
  const runs = await prisma.run.findMany({
    where: { family },
    distinct: ['repositoryId'],
    select: { repositoryId: true },
  })
  const ids = runs.map(({ repositoryId }) => repositoryId)
  const having = await prisma.repository.findMany({ where: { id: { in: ids } }, orderBy: { id: 'asc' } })
  const named = having.map(({ id, owner, name }) => ({ id, name: `${owner}/${name}` }))
  const meant = repository === undefined ? named : named.filter(({ name }) => name === repository)
  const [first, ...others] = meant
  if (first === undefined) {
    const of = repository === undefined ? '' : ` of ${repository}`
    const families = await prisma.run.findMany({ distinct: ['family'], select: { family: true }, take: 20 })
    const known = families.map((one) => one.family).sort()
    const has = known.length === 0 ? 'it has none at all' : `it has runs of ${known.join(', ')}`
    return { problem: `The ledger has no run of ${family}${of}; ${has}.` }
  }
  if (others.length > 0) {
    const names = meant.map(({ name }) => name).join(', ')
    return { problem: `Several repositories have runs of ${family}: say which with --repository, one of ${names}.` }
  }
  return first.id
}

/** What is there already is replaced. */
async function opened(file: string): Promise<FileHandle | { readonly problem: string }> {
  try {
    return await open(file, 'w')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const why = { ENOENT: 'is in a folder that is not there', EISDIR: 'is a folder', EACCES: 'may not be written' }[
      code
    ]
    if (why === undefined) throw error
    return { problem: `${file} ${why}; expected a file to write; for example runs.jsonl` }
  }
}

class Saved {
  readonly #file: FileHandle
  #chunk = ''

  constructor(file: FileHandle) {
    this.#file = file
  }

  async add(record: RunRecord): Promise<void> {
    this.#chunk += `${recordLine(record)}\n`
    if (this.#chunk.length < CHUNK_CHARACTERS) return
    await this.#file.write(this.#chunk)
    this.#chunk = ''
  }

  async end(): Promise<void> {
    await this.#file.write(this.#chunk)
    await this.#file.close()
  }
}
