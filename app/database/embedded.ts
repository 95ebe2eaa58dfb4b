/** PostgreSQL in this process: PGlite, served on a private Unix socket so that Prisma and pg-boss share it. */
import { constants, rmSync } from 'node:fs'
import { access, chmod, mkdir, mkdtemp, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { z } from 'zod'
import { oneLine } from '../../core/one-line.ts'
import { DatabaseLocked, lockDataDir } from './lock.ts'
import { WholeBatches } from './whole-batches.ts'

/** Prisma's pool, pg-boss's pool and the migration's one connection together stay below this. */
const CONNECTIONS_MAX = 30
/**
 * PostgreSQL's own buffers; the system keeps what it has read of the folder's files besides. PGlite's 128 MB are all written to at
 * each start: 110 MB of memory more, and a seventh of a short command's processor time. With 16 MB the demo takes a tenth longer.
 */
const START_PARAMS = [...WholeBatches.defaultStartParams, '-c', 'shared_buffers=32MB']

/** The folder of an embedded database is a file or holds something else, or it or its lock beside it can't be made or written. */
export class DataDirUnusable extends Error {
  override readonly name = 'DataDirUnusable'
  /** What the folder is or does, in words that follow its name. */
  readonly problem: string

  constructor(folder: string, problem: string, options?: ErrorOptions) {
    super(`${folder} ${problem}`, options)
    this.problem = problem
  }
}

export interface EmbeddedServer {
  readonly connectionString: string
  stop(): Promise<void>
}

/**
 * Starts the embedded database of `dataDir`, or one in memory when it is undefined; `begin` is what one in memory begins
 * with, as PGlite dumps it. Throws `DatabaseLocked` and `DataDirUnusable`.
 */
export async function startEmbedded(dataDir: string | undefined, begin?: Blob): Promise<EmbeddedServer> {
  if (dataDir === undefined) return serve(await startEngine(begin), () => {})
  const { folder, unlock } = await take(resolve(dataDir))
  try {
    return await serve(await startEngineIn(folder), unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

interface Taken {
  /** As the system names it: two names of one folder must have one lock, and PGlite takes none that is a link. */
  readonly folder: string
  unlock(): void
}

/** Before PGlite sees the folder: what it throws where it can make no files says nothing. */
async function take(named: string): Promise<Taken> {
  try {
    await mkdir(named, { recursive: true, mode: 0o700 })
    const folder = await realpath(named)
    const unlock = lockDataDir(folder)
    try {
      await access(folder, constants.W_OK)
      await clearUnfinished(folder)
      await expectOurs(folder)
    } catch (error) {
      unlock()
      throw error
    }
    return { folder, unlock }
  } catch (error) {
    if (error instanceof DatabaseLocked || error instanceof DataDirUnusable) throw error
    throw new DataDirUnusable(named, 'can’t hold the embedded database', { cause: error })
  }
}

/** A file system that is mounted there has a folder of its own in it. */
const MOUNTED = 'lost+found'
/** Without it no PostgreSQL opens a folder. */
const VERSION = 'PG_VERSION'
/**
 * A file in the folder for as long as PGlite makes its first ones, from which nobody has been served yet. Within, so that whoever puts
 * a backup in the folder's place takes it away too.
 */
const UNFINISHED = 'purser-unfinished'

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name !== MOUNTED)
}

/** PGlite would put its files among others, and whoever removes or copies them later would have both. */
async function expectOurs(folder: string): Promise<void> {
  const names = await namesIn(folder)
  if (names.length === 0 || names.includes(VERSION)) return
  throw new DataDirUnusable(folder, `holds other files, as ${oneLine(names[0] ?? '')}`)
}

/**
 * What a process that was killed meanwhile has left is no database. Only that which no version of it could open is removed: a folder
 * that looks whole is put aside, since somebody may have copied a ledger into it since.
 */
async function clearUnfinished(folder: string): Promise<void> {
  const names = await namesIn(folder)
  if (!names.includes(UNFINISHED)) return
  if (names.includes(VERSION)) {
    await rename(folder, `${folder}.unfinished-${Date.now()}`)
    await mkdir(folder, { mode: 0o700 })
  } else {
    // The mark last: whoever is killed here has the next one go on.
    const others = names.filter((name) => name !== UNFINISHED)
    for (const name of [...others, UNFINISHED]) await rm(join(folder, name), { recursive: true })
  }
}

async function startEngineIn(folder: string): Promise<WholeBatches> {
  const mark = join(folder, UNFINISHED)
  const isNew = (await namesIn(folder)).length === 0
  try {
    if (isNew) await writeFile(mark, '')
    const engine = await startEngine(undefined, folder)
    if (isNew) await rm(mark)
    return engine
  } catch (error) {
    const problem = `does not open as the embedded database (${engineProblem(error)}); is its disk full?`
    throw new DataDirUnusable(folder, problem, { cause: error })
  }
}

async function startEngine(begin: Blob | undefined, folder?: string): Promise<WholeBatches> {
  const options = { startParams: START_PARAMS, ...(begin === undefined ? {} : { loadDataDir: begin }) }
  const engine = folder === undefined ? new WholeBatches(options) : new WholeBatches(folder, options)
  await engine.waitReady
  return engine
}

/** PGlite throws its file system's errors as objects of a number. */
const engineErrorSchema = z.object({ errno: z.number() })

function engineProblem(error: unknown): string {
  if (error instanceof Error) return oneLine(error.message)
  const { data } = engineErrorSchema.safeParse(error)
  return data === undefined ? 'it does not say why' : `error ${data.errno} of its file system`
}

async function serve(engine: WholeBatches, unlock: () => void): Promise<EmbeddedServer> {
  // PGlite asks for no password, so the socket lies where only this user can go. A folder of its own under the
  // temporary one keeps its path below the 107 bytes that a socket's may have.
  const socketDir = await mkdtemp(join(tmpdir(), 'purser-'))
  await chmod(socketDir, 0o700)
  const server = new PGLiteSocketServer({
    db: engine,
    path: join(socketDir, '.s.PGSQL.5432'),
    maxConnections: CONNECTIONS_MAX,
  })
  engine.onBroken = () => void server.stop()
  await server.start()
  const removeSocket = () => rmSync(socketDir, { recursive: true, force: true })
  // A reader that has seen enough, as in `purser export | head`, ends the process where it stands.
  process.once('exit', removeSocket)
  return {
    connectionString: `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(socketDir)}`,
    async stop() {
      await server.stop()
      await engine.close()
      process.off('exit', removeSocket)
      removeSocket()
      unlock()
    },
  }
}
