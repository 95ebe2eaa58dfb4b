/** Reading a family's runs out of the App's ledger, and writing them down for anybody. */
import { type FileHandle, open } from 'node:fs/promises'
import type { Database } from '../../app/database/open.ts'
import { membersOf } from '../../app/ledger/members.ts'
import { readRecords, trialRecords } from '../../app/ledger/records.ts'
import { ORGANISATION_REPOSITORIES } from '../../core/config/settings.ts'
import { type RunRecord, recordLine } from '../../core/run/run-record.ts'
import { openLedger } from '../ledger/ledger.ts'

/** Lines are gathered to this many characters before they are written. */
const CHUNK_CHARACTERS = 256_000

/** Runs that are decided together. */
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

export async function readLedger(ask: LedgerAsk): Promise<readonly LedgerRuns[] | { readonly problem: string }> {
  const database = await openLedger()
  if (typeof database === 'string') return { problem: database }
  try {
    const repository = await repositoryOf(database, ask)
    if ('problem' in repository) return repository
    const trials = await trialsOf(database, repository, ask.family)
    if (ask.save === undefined) return trials
    const file = await opened(ask.save)
    if ('problem' in file) return file
    const saved = new Saved(file)
    const records = new Map(trials.flatMap((trial) => trial.records.map((record) => [record.run, record] as const)))
    for (const record of records.values()) await saved.add(record)
    await saved.end()
    return trials
  } finally {
    await database.close()
  }
}

type Named = { readonly id: bigint; readonly name: string }

/** A repository's runs are decided together; what an organisation's layer declares, each by all repositories that declare the same. */
async function trialsOf(database: Database, { id, name }: Named, family: string): Promise<readonly LedgerRuns[]> {
  const { prisma, connectionString } = database
  const rows = await prisma.trial.findMany({ where: { repositoryId: id, family, variant: { not: '' } } })
  const trials = rows.map(({ variant }) => ({ repositoryId: id, family, variant }))
  if (isLayer(name)) {
    const ofEach = trials.map((trial) => trialRecords({ prisma, connectionString }, trial))
    return (await Promise.all(ofEach)).map((records) => ({ records, since: new Map() }))
  }
  const records: RunRecord[] = []
  await readRecords(connectionString, { repositoryId: id, family }, (record) => {
    records.push(record)
  })
  const since = new Map<string, Date>()
  for (const trial of trials) {
    const [own] = await membersOf(prisma, trial)
    if (own?.since) since.set(trial.variant, own.since)
  }
  return [{ records, since }]
}

function isLayer(fullName: string): boolean {
  return ORGANISATION_REPOSITORIES.includes(fullName.split('/')[1] ?? '')
}

async function repositoryOf(
  { prisma }: Database,
  { family, repository }: LedgerAsk,
): Promise<Named | { readonly problem: string }> {
  const runs = await prisma.run.findMany({
    where: { family },
    distinct: ['repositoryId'],
    select: { repositoryId: true },
  })
  const ids = runs.map(({ repositoryId }) => repositoryId)
  const layers = repository !== undefined && isLayer(repository) ? await layersWith(prisma, family) : []
  const having = await prisma.repository.findMany({
    where: { id: { in: [...ids, ...layers] } },
    orderBy: { id: 'asc' },
  })
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
  return first
}

/** Repositories where trials of the family are noted, whoever runs them. */
async function layersWith(prisma: Database['prisma'], family: string): Promise<readonly bigint[]> {
  const trials = await prisma.trial.findMany({ where: { family }, distinct: ['repositoryId'] })
  return trials.map(({ repositoryId }) => repositoryId)
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
