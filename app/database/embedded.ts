/** PostgreSQL in this process: PGlite, served on a private Unix socket so that Prisma and pg-boss share it. */
import { constants } from 'node:fs'
import { access, chmod, mkdir, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
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
  const folder = dataDir === undefined ? undefined : resolve(dataDir)
  const unlock = folder === undefined ? () => {} : await take(folder)
  try {
    return await serve(folder, unlock, begin)
  } catch (error) {
    unlock()
    throw error
  }
}

/** Before PGlite sees the folder: what it throws where it can make no files says nothing. */
async function take(folder: string): Promise<() => void> {
  try {
    await mkdir(dirname(folder), { recursive: true, mode: 0o700 })
    const unlock = lockDataDir(folder)
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await access(folder, constants.W_OK)
      await clearUnfinished(folder)
      await expectOurs(folder)
    } catch (error) {
      unlock()
      throw error
    }
    return unlock
  } catch (error) {
    if (error instanceof DatabaseLocked || error instanceof DataDirUnusable) throw error
    throw new DataDirUnusable(folder, 'can’t hold the embedded database', { cause: error })
  }
}

/** A file system that is mounted there has a folder of its own in it. */
const MOUNTED = 'lost+found'

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name !== MOUNTED)
}

/** PGlite would put its files among others, and whoever removes or copies them later would have both. */
async function expectOurs(folder: string): Promise<void> {
  const names = await namesIn(folder)
  if (names.length === 0 || names.includes('PG_VERSION')) return
  throw new DataDirUnusable(folder, `holds other files, as ${oneLine(names[0] ?? '')}`)
}

/** A file beside the folder for as long as PGlite makes its first files there, from which nobody has been served yet. */
function unfinishedMark(folder: string): string {
  return `${folder}.unfinished`
}

/** What a process that was killed meanwhile has left is neither a database nor anybody else's. */
async function clearUnfinished(folder: string): Promise<void> {
  const mark = unfinishedMark(folder)
  const isUnfinished = await stat(mark).then(
    () => true,
    () => false,
  )
  if (!isUnfinished) return
  for (const name of await namesIn(folder)) await rm(join(folder, name), { recursive: true })
  await rm(mark)
}

async function startEngine(folder: string | undefined, begin: Blob | undefined): Promise<WholeBatches> {
  const options = { startParams: START_PARAMS, ...(begin === undefined ? {} : { loadDataDir: begin }) }
  const engine = () => (folder === undefined ? new WholeBatches(options) : new WholeBatches(folder, options))
  const isNew = folder !== undefined && (await namesIn(folder)).length === 0
  if (!isNew) return ready(engine())
  const mark = unfinishedMark(folder)
  await writeFile(mark, '')
  const made = await ready(engine())
  await rm(mark)
  // A mark that came back after a power failure would have the ledger removed.
  await flush(dirname(folder))
  return made
}

async function ready(engine: WholeBatches): Promise<WholeBatches> {
  await engine.waitReady
  return engine
}

async function flush(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function serve(folder: string | undefined, unlock: () => void, begin: Blob | undefined): Promise<EmbeddedServer> {
  const engine = await startEngine(folder, begin)
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
  return {
    connectionString: `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(socketDir)}`,
    async stop() {
      await server.stop()
      await engine.close()
      await rm(socketDir, { recursive: true, force: true })
      unlock()
    },
  }
}
