import { randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLog } from './runner-log.ts'
import { start } from './start.ts'

/** A cancelled step gets SIGINT, after this long SIGTERM, and after `killAfterMs` more it is killed. */
const termAfterMs = 7_500
const killAfterMs = 2_500

/** GitHub cuts a job's summary off here. */
const summaryBytesMax = 1024 * 1024

export type Started = {
  done: Promise<ProcessResult>
  interrupt(): void
  kill(): void
}

export type ProcessResult = {
  exitCode: number
  outputs: Record<string, string>
  state: Record<string, string>
  env: Record<string, string>
  path: string[]
  summary: string
  log: string
  annotations: { level: 'error' | 'warning' | 'notice'; message: string }[]
}

/**
 * Starts one process of a step as the runner does: with the five command files, and its output read for workflow
 * commands. `masks` are values that never show in the log; the process adds to them by `::add-mask::`.
 */
export async function startProcess(
  command: [string, ...string[]],
  options: { cwd: string; env: Record<string, string>; scratch: string; masks: Set<string> },
): Promise<Started> {
  const files = await commandFiles(options.scratch)
  const log = createLog(options.masks)
  const [program, ...args] = command
  // A group of its own: killing a job must take with it what its steps have started.
  const child = start(program, args, {
    cwd: options.cwd,
    env: { ...options.env, ...files.env },
    detached: true,
    onOutput: log.write,
  })
  const timers: NodeJS.Timeout[] = []
  const exited = child.ended
    .then(({ code, signal }) => code ?? (signal === null ? 1 : 128))
    .finally(() => timers.forEach(clearTimeout))

  async function finished(): Promise<ProcessResult> {
    const exitCode = await exited
    return { exitCode, ...log.end(), ...(await files.read()) }
  }

  return {
    done: finished(),
    kill: child.killGroup,
    interrupt() {
      child.kill('SIGINT')
      timers.push(setTimeout(() => child.kill('SIGTERM'), termAfterMs))
      timers.push(setTimeout(child.killGroup, termAfterMs + killAfterMs))
    },
  }
}

const fileNames = {
  GITHUB_OUTPUT: 'output',
  GITHUB_STATE: 'state',
  GITHUB_ENV: 'env',
  GITHUB_PATH: 'path',
  GITHUB_STEP_SUMMARY: 'summary',
}

async function commandFiles(scratch: string) {
  const dir = join(scratch, `_runner_file_commands_${randomUUID()}`)
  await mkdir(dir, { recursive: true })
  const env: Record<string, string> = {}
  for (const [variable, name] of Object.entries(fileNames)) {
    env[variable] = join(dir, name)
    await writeFile(join(dir, name), '')
  }
  const text = (name: string): Promise<string> => readFile(join(dir, name), 'utf8').catch(() => '')
  return {
    env,
    async read() {
      return {
        outputs: readPairs(await text('output')),
        state: readPairs(await text('state')),
        env: readPairs(await text('env')),
        path: (await text('path')).split('\n').filter(Boolean),
        summary: (await text('summary')).slice(0, summaryBytesMax),
      }
    },
  }
}

/** `name=value` lines and `name<<DELIMITER` blocks. */
export function readPairs(text: string): Record<string, string> {
  const pairs: Record<string, string> = {}
  const lines = text.split(/\r?\n/)
  for (let at = 0; at < lines.length; at += 1) {
    const row = lines[at] ?? ''
    const block = /^([^=]+?)<<(.+)$/.exec(row)
    const single = /^([^=]+)=([\s\S]*)$/.exec(row)
    if (block) {
      const end = lines.indexOf(block[2] ?? '', at + 1)
      if (end < 0) throw new Error(`Invalid value. Matching delimiter not found '${block[2]}'`)
      pairs[block[1] ?? ''] = lines.slice(at + 1, end).join('\n')
      at = end
    } else if (single) pairs[single[1] ?? ''] = single[2] ?? ''
    else if (row !== '') throw new Error(`Invalid format '${row}'`)
  }
  return pairs
}
