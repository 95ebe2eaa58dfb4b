/**
 * A real PostgreSQL server for the tests that need one: `PURSER_TEST_DATABASE_URL`, or one that is started here from the
 * machine's own programs. Without either, its tests are left out, loudly.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, chown, mkdtemp, readdir, readFile, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'

const run = promisify(execFile)
const SERVER_START_SECONDS = 30
const FOLDER = 'purser-postgres-'
/** Within this a server that is being made has started. */
const ORPHAN_MS = 600_000
/** A server's data, its log and what a dozen tests keep at the same time, many times over. */
const IN_MEMORY_BYTES_MIN = 2_000_000_000

export interface TestServer {
  /** An empty database of its own. */
  readonly url: string
  stop(): Promise<void>
}

/** Undefined when the machine has no server. `durable`: with `fsync`, as a server has it that anybody relies on; one that is given is as it is. */
export async function startTestServer({ durable = false } = {}): Promise<TestServer | undefined> {
  const given = process.env.PURSER_TEST_DATABASE_URL
  if (given !== undefined && given !== '') return freshDatabaseOn(given)
  const programs = await findPrograms()
  return programs === undefined ? undefined : startOwn(programs, { durable })
}

export async function hasTestServer(): Promise<boolean> {
  return Boolean(process.env.PURSER_TEST_DATABASE_URL) || (await findPrograms()) !== undefined
}

export function warnServerMissing(): void {
  console.warn(
    'LEFT OUT: the tests on a PostgreSQL server, for there is none; ' +
      'bring one with `sudo apt-get install -y postgresql`, or set PURSER_TEST_DATABASE_URL',
  )
}

/** A new database on the server of `url`: an empty one, or a copy of the one that `beginning` names. */
export async function freshDatabaseOn(
  url: string,
  { beginning, name = `purser_test_${randomBytes(6).toString('hex')}` }: { beginning?: string; name?: string } = {},
): Promise<TestServer & { readonly name: string }> {
  await execute(url, `CREATE DATABASE ${name}${beginning === undefined ? '' : ` TEMPLATE ${beginning}`}`)
  const own = new URL(url)
  own.pathname = `/${name}`
  return { name, url: own.href, stop: () => execute(url, `DROP DATABASE ${name} WITH (FORCE)`) }
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(sql)
  await client.end()
}

/** The folder with `initdb`, `pg_ctl` and `postgres`; the newest of Debian's, or what the path has. */
export async function findPrograms(): Promise<string | undefined> {
  const debian = '/usr/lib/postgresql'
  const versions = await readdir(debian).catch(() => [])
  const newestFirst = versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => join(debian, version, 'bin'))
  for (const folder of [...newestFirst, ...(process.env.PATH ?? '').split(':')]) {
    const found = await Promise.all(['initdb', 'pg_ctl', 'postgres'].map((program) => isThere(join(folder, program))))
    if (found.every(Boolean)) return folder
  }
  return undefined
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

/**
 * In memory where there is room: a database for each test is some hundred files that are written and removed again. On the
 * disk where it is durable: in memory nothing waits for `fsync`, which is what is measured there.
 */
export async function roomFor(durable: boolean): Promise<string> {
  if (durable) return '/tmp'
  const { bavail, bsize } = await statfs('/dev/shm').catch(() => ({ bavail: 0, bsize: 0 }))
  return bavail * bsize >= IN_MEMORY_BYTES_MIN ? '/dev/shm' : '/tmp'
}

export interface OwnServer extends TestServer {
  /** `keepIn`: an empty folder that its data is copied to, once it has stopped. */
  stop(options?: { readonly keepIn?: string }): Promise<void>
}

/** A server on this machine's programs; `copyOf` is the folder of one that was stopped with `keepIn`. */
export async function startOwn(
  programs: string,
  { durable = false, copyOf }: { durable?: boolean; copyOf?: string } = {},
): Promise<OwnServer> {
  const room = await roomFor(durable)
  await removeOrphans(room)
  const folder = await mkdtemp(join(room, FOLDER))
  const asServer = await serverUser(folder)
  const data = join(folder, 'data')
  if (copyOf === undefined) {
    // What is copied to begin with is a third less for it; what is measured stays as it is installed.
    const segments = durable ? [] : ['--wal-segsize=1']
    const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync', ...segments]
    await asServer(join(programs, 'initdb'), args)
  } else await run('cp', ['-a', join(copyOf, 'data'), data])
  const settings = `-k ${folder} -h '' ${durable ? '' : '-F'} -c max_connections=100`
  const start = ['start', '-D', data, '-w', '-t', `${SERVER_START_SECONDS}`, '-l', join(folder, 'log'), '-o', settings]
  await asServer(join(programs, 'pg_ctl'), start)
  return {
    url: `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`,
    async stop({ keepIn } = {}) {
      await asServer(join(programs, 'pg_ctl'), ['stop', '-D', data, '-m', keepIn === undefined ? 'immediate' : 'fast'])
      if (keepIn !== undefined) await run('cp', ['-a', data, join(keepIn, 'data')])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Whoever ends the tests by force leaves a server's folder behind, which may be in memory. */
async function removeOrphans(room: string): Promise<void> {
  for (const name of (await readdir(room)).filter((entry) => entry.startsWith(FOLDER))) {
    const folder = join(room, name)
    const changed = await stat(folder).catch(() => undefined)
    if (changed === undefined || Date.now() - changed.mtimeMs < ORPHAN_MS) continue
    const [pid] = (await readFile(join(folder, 'data/postmaster.pid'), 'utf8').catch(() => '')).split('\n')
    // Another user's may stay.
    if (!pid || !isAlive(Number(pid))) await rm(folder, { recursive: true, force: true }).catch(() => {})
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** PostgreSQL refuses to run as root, so root runs it as the user that Debian's package made for it. */
export async function serverUser(
  folder: string,
): Promise<(program: string, args: readonly string[]) => Promise<unknown>> {
  if (process.getuid?.() !== 0) return (program, args) => run(program, [...args], { cwd: folder })
  const { stdout } = await run('id', ['-u', 'postgres'])
  await chown(folder, Number(stdout), -1)
  return (program, args) => run('runuser', ['-u', 'postgres', '--', program, ...args], { cwd: folder })
}
