/** A PostgreSQL server that a test may kill and start again. It calls fsync, as a server does that keeps something. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { inject } from 'vitest'
import { findPrograms, serverUser } from '../../app/database/server.ts'

const run = promisify(execFile)
const START_SECONDS = 60
const GONE_LOOKS_MAX = 500
const LOOK_MS = 20

export interface MortalServer {
  readonly url: string
  /** The folder of its Unix socket. */
  readonly socketDir: string
  /** kill -9 of the server and all its processes at once, as where the power goes. */
  kill(): Promise<void>
  start(): Promise<void>
  /** For good. */
  stop(): Promise<void>
}

export const programs = await findPrograms()

/** It runs when it is answered. */
export async function startMortalServer(): Promise<MortalServer> {
  if (programs === undefined) throw new Error('this machine has no PostgreSQL')
  const control = join(programs, 'pg_ctl')
  const folder = await mkdtemp('/tmp/purser-races-')
  const asServer = await serverUser(folder)
  const data = join(folder, 'data')
  const copyOf = inject('serverFolder')
  if (copyOf === undefined)
    await asServer(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8'])
  else await run('cp', ['-a', copyOf, data])
  const settings = `-k ${folder} -h '' -c fsync=on -c max_connections=100`
  const start = async () => {
    await asServer(control, [
      'start',
      '-D',
      data,
      '-w',
      '-t',
      `${START_SECONDS}`,
      '-l',
      join(folder, 'log'),
      '-o',
      settings,
    ])
  }
  await start()
  return {
    url: `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`,
    socketDir: folder,
    start,
    async kill() {
      const postmaster = await postmasterOf(data)
      const all = [postmaster, ...(await childrenOf(postmaster))]
      for (const pid of all) killIfThere(pid)
      await gone(all)
    },
    async stop() {
      await asServer(control, ['stop', '-D', data, '-m', 'immediate']).catch(() => {})
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function postmasterOf(data: string): Promise<number> {
  const [pid = ''] = (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n', 1)
  return Number(pid)
}

async function childrenOf(parent: number): Promise<readonly number[]> {
  const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', `${parent}`])
  return stdout
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0)
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It had ended by itself.
  }
}

/** Its memory can't be taken over before. */
async function gone(pids: readonly number[]): Promise<void> {
  for (let look = 0; look < GONE_LOOKS_MAX; look += 1) {
    const running = new Set(await readdir('/proc'))
    if (!pids.some((pid) => running.has(`${pid}`))) return
    await sleep(LOOK_MS)
  }
  throw new Error('a process of the server is still there after kill -9')
}
