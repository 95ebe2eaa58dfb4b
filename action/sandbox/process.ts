/** Starts a process with a clean environment, bounded output and a time limit for it and all it started. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'

/** What is kept on disk of one command's output, for `read` to page through. */
export const OUTPUT_KEPT_BYTES_MAX = 20_000_000
/** A command that prints more is stopped: nobody reads it, and one that prints without end would do so until its time is up. */
const PRINTED_BYTES_MAX = 100_000_000
/** What is kept in memory: the first and the last bytes. */
const HEAD_BYTES_MAX = 64_000
const TAIL_BYTES_MAX = 64_000

export interface CommandResult {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null
  readonly ended: 'exited' | 'timed-out' | 'stopped' | 'flooded' | 'not-started'
  /** The head and the tail, joined when nothing lies between them. */
  readonly head: string
  readonly tail: string
  readonly bytes: number
  /** The output on disk, up to `OUTPUT_KEPT_BYTES_MAX`. */
  readonly outputFile: string
}

export interface ProcessOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly outputFile: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** What is said of a command that was `flooded`. */
export const FLOODED = `stopped after it printed more than ${PRINTED_BYTES_MAX} bytes`

/** Never rejects: what goes wrong is a result. Standard input is empty. */
export function runProcess(file: string, args: readonly string[], options: ProcessOptions): Promise<CommandResult> {
  return new Promise((resolve) => {
    const output = new BoundedOutput(options.outputFile)
    let ended: CommandResult['ended'] = 'exited'
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: { ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const stop = (why: 'timed-out' | 'stopped' | 'flooded') => {
      ended = why
      killGroup(child)
    }
    const timer = setTimeout(() => stop('timed-out'), options.timeoutMs)
    const onAbort = () => stop('stopped')
    options.signal?.addEventListener('abort', onAbort, { once: true })
    if (options.signal?.aborted) onAbort()
    const take = (chunk: Buffer) => {
      if (ended === 'flooded') return
      output.add(chunk)
      if (output.bytes > PRINTED_BYTES_MAX) stop('flooded')
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', (error) => {
      ended = 'not-started'
      output.add(Buffer.from(`${error.message}\n`))
      if (child.pid === undefined) finish(null)
    })
    // A process that left the group may hold the pipes open: what came until the command's own end is the output.
    child.on('exit', (code) => {
      killGroup(child)
      const grace = setTimeout(() => finish(code), 200)
      child.on('close', () => {
        clearTimeout(grace)
        finish(code)
      })
    })
    let finished = false
    const finish = (exitCode: number | null) => {
      if (finished) return
      finished = true
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
      child.stdout.destroy()
      child.stderr.destroy()
      resolve({ exitCode, ended, ...output.end(), outputFile: options.outputFile })
    }
  })
}

export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // The group has ended already.
  }
}

/** Keeps the head and the tail in memory and the whole, up to a bound, on disk. */
class BoundedOutput {
  readonly #file: number
  #head = Buffer.alloc(0)
  #tail = Buffer.alloc(0)
  #bytes = 0
  #kept = 0

  constructor(path: string) {
    this.#file = openSync(path, 'w', 0o600)
  }

  get bytes(): number {
    return this.#bytes
  }

  add(chunk: Buffer): void {
    this.#bytes += chunk.length
    const room = OUTPUT_KEPT_BYTES_MAX - this.#kept
    if (room > 0) this.#kept += writeSync(this.#file, chunk.subarray(0, room))
    const headRoom = HEAD_BYTES_MAX - this.#head.length
    if (headRoom > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, headRoom)])
    const rest = headRoom > 0 ? chunk.subarray(headRoom) : chunk
    this.#tail = Buffer.concat([this.#tail, rest])
    if (this.#tail.length > 2 * TAIL_BYTES_MAX) this.#tail = this.#tail.subarray(-TAIL_BYTES_MAX)
  }

  end(): { head: string; tail: string; bytes: number } {
    closeSync(this.#file)
    const tail = this.#tail.subarray(-TAIL_BYTES_MAX)
    const whole = this.#head.length + tail.length === this.#bytes
    return whole
      ? { head: Buffer.concat([this.#head, tail]).toString('utf8'), tail: '', bytes: this.#bytes }
      : { head: this.#head.toString('utf8'), tail: tail.toString('utf8'), bytes: this.#bytes }
  }
}
