/**
 * Starts processes from a small one: a test's own, which holds a database and all that was loaded, takes ten times as long to
 * fork. The small one ends with this one.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Order, Told } from './starter.ts'

export interface StartOptions {
  readonly cwd?: string | undefined
  /** All of its environment; left out, this process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Its standard input, which ends behind it; empty when left out. */
  readonly input?: string | Uint8Array
  /** Whether it leads a group of its own, which `killGroup` ends. */
  readonly detached?: boolean
  /** After this it gets SIGTERM. */
  readonly timeoutMs?: number
  /** Told of its output as it comes. */
  readonly onOutput?: (from: 'out' | 'err', chunk: Buffer) => void
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: Buffer
}

export interface Started {
  /** Undefined until it is there. */
  readonly pid: number | undefined
  /** Does nothing once it has ended. */
  kill(signal: NodeJS.Signals): void
  /** Kills it and all of the group that it leads. */
  killGroup(): void
  /** Resolves when it has ended and its output is closed; rejects where it can't be started. */
  readonly ended: Promise<Ended>
}

const STARTER = fileURLToPath(new URL('starter.ts', import.meta.url))
const waiting = new Map<number, (told: Told | Error) => void>()
let starter: ChildProcess | undefined
let lastId = 0

export function start(program: string, args: readonly string[], options: StartOptions = {}): Started {
  lastId += 1
  const id = lastId
  const output: Record<'out' | 'err', Buffer[]> = { out: [], err: [] }
  let pid: number | undefined
  let isOver = false
  const signals: (() => void)[] = []

  /** A signal for a process that is not there yet waits for it. */
  function send(signal: NodeJS.Signals, sign: 1 | -1): void {
    if (isOver) return
    if (pid === undefined) return void signals.push(() => send(signal, sign))
    try {
      process.kill(sign * pid, signal)
    } catch {
      // It has ended, and that has not been told yet.
    }
  }

  const ended = new Promise<Ended>((resolve, reject) => {
    const end = (finish: () => void) => {
      isOver = true
      waiting.delete(id)
      rest()
      finish()
    }
    waiting.set(id, (told) => {
      if (told instanceof Error) end(() => reject(told))
      else if ('problem' in told) end(() => reject(new Error(told.problem)))
      else if ('pid' in told) {
        pid = told.pid
        for (const signal of signals) signal()
      } else if ('chunk' in told) {
        const chunk = Buffer.from(told.chunk)
        output[told.from].push(chunk)
        options.onOutput?.(told.from, chunk)
      } else {
        const { code, signal } = told
        end(() => resolve({ code, signal, stdout: Buffer.concat(output.out), stderr: Buffer.concat(output.err) }))
      }
    })
  })
  starter ??= startStarter()
  // Only what is waited for keeps this process alive.
  starter.ref()
  starter.channel?.ref()
  starter.send({
    id,
    program,
    args,
    cwd: options.cwd,
    env: options.env ?? { ...process.env },
    input: Buffer.from(options.input ?? ''),
    detached: options.detached ?? false,
    timeoutMs: options.timeoutMs,
  } satisfies Order)
  return {
    get pid() {
      return pid
    },
    kill: (signal) => send(signal, 1),
    killGroup: () => send('SIGKILL', -1),
    ended,
  }
}

function startStarter(): ChildProcess {
  const child = fork(STARTER, { serialization: 'advanced', execArgv: [] })
  child.on('message', (told: Told) => waiting.get(told.id)?.(told))
  child.on('exit', (code) => {
    starter = undefined
    for (const told of [...waiting.values()]) told(new Error(`the process that starts others ended with ${code}`))
  })
  return child
}

function rest(): void {
  if (waiting.size > 0) return
  starter?.unref()
  starter?.channel?.unref()
}
