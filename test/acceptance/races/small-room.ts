/** A shell that has one small disk of its own, in memory, and sees the machine's files besides. Nobody needs root for it. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { promisify } from 'node:util'

const END = 'end-of-command'

export interface Said {
  readonly code: number
  readonly lines: readonly string[]
}

/** Whether the machine lets anybody make one. */
export async function canMakeRooms(): Promise<boolean> {
  return promisify(execFile)('bwrap', ['--bind', '/', '/', '--size', '4096', '--tmpfs', '/tmp', 'true']).then(
    () => true,
    () => false,
  )
}

export class SmallRoom {
  readonly #shell: ChildProcessWithoutNullStreams
  readonly #lines: Interface
  readonly #disk: string

  /** `disk`: the folder, which is there and empty, that the small disk takes the place of. */
  constructor(disk: string, options: { readonly bytes: number; readonly user?: string | undefined }) {
    const bwrap = ['bwrap', '--bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--die-with-parent']
    const room = [...bwrap, '--size', `${options.bytes}`, '--tmpfs', disk, 'sh']
    const [program = '', ...args] = options.user === undefined ? room : ['runuser', '-u', options.user, '--', ...room]
    this.#disk = disk
    this.#shell = spawn(program, args, { stdio: 'pipe', cwd: '/tmp' })
    this.#shell.stderr.resume()
    this.#lines = createInterface({ input: this.#shell.stdout })
  }

  /** One command after the other; what it writes to standard output, and its exit code. */
  async run(command: string): Promise<Said> {
    const lines: string[] = []
    const done = Promise.withResolvers<number>()
    const hear = (line: string) => {
      if (line.startsWith(`${END} `)) done.resolve(Number(line.slice(END.length)))
      else lines.push(line)
    }
    const gone = () => done.reject(new Error(`the room was gone before this ended: ${command}`))
    this.#lines.on('line', hear).on('close', gone)
    this.#shell.stdin.write(`( ${command} ) </dev/null\nprintf '${END} %s\\n' $?\n`)
    try {
      return { code: await done.promise, lines }
    } finally {
      this.#lines.off('line', hear).off('close', gone)
    }
  }

  /** Leaves so many bytes free. */
  async fillBut(freeBytes: number): Promise<void> {
    await this.run(`cat /dev/zero >${this.#disk}/ballast 2>/dev/null`)
    await this.run(`truncate -s -${freeBytes} ${this.#disk}/ballast`)
  }

  async free(): Promise<void> {
    await this.run(`rm ${this.#disk}/ballast`)
  }

  async close(): Promise<void> {
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return
    this.#shell.stdin.end()
    await once(this.#shell, 'exit')
  }
}
