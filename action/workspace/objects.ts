/**
 * Reads git objects through one process for the whole run, since starting git for each costs more than reading.
 * Needs git 2.36 (`cat-file --batch-command`).
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { GitError, gitEnvironment, NO_GIT, neutralOptions } from './git.ts'

export interface GitObject {
  readonly type: string
  readonly content: Buffer
}

export interface TreeEntry {
  readonly mode: string
  readonly name: string
  readonly id: string
}

interface Wanted {
  /** `undefined` when only the type is asked for. A longer content is let go by as it comes. */
  readonly bytesMax: number | undefined
  done(object: GitObject | undefined): void
  fail(error: Error): void
}

export class ObjectReader {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting: Wanted[] = []
  #chunks: Buffer[] = []
  /** Bytes to come that nobody wants. */
  #unwanted = 0
  #ended = false

  constructor(gitDir: string) {
    this.#child = spawn('git', [`--git-dir=${gitDir}`, ...neutralOptions, 'cat-file', '--batch-command'], {
      env: gitEnvironment(),
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let said = ''
    const end = (message: string) => {
      this.#ended = true
      for (const wanted of this.#waiting.splice(0)) wanted.fail(new GitError(message))
    }
    this.#child.stdin.on('error', () => {})
    this.#child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(0, 2000)
    })
    this.#child.on('error', (error) => end('code' in error && error.code === 'ENOENT' ? NO_GIT : error.message))
    this.#child.on('close', () => end(said.trim() || 'git ended while objects were read'))
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#answer()
    })
  }

  /** `name`: an id, `<commit>:<path>`, `<commit>^{tree}`. `undefined` when it is not there or has more bytes. */
  async read(name: string, bytesMax: number): Promise<GitObject | undefined> {
    return this.#ask(`contents ${name}`, bytesMax)
  }

  async isCommit(name: string): Promise<boolean> {
    return (await this.#ask(`info ${name}`))?.type === 'commit'
  }

  /** The entries of a tree, as git orders them; `undefined` when there is no such tree. */
  async readTree(name: string, bytesMax: number): Promise<TreeEntry[] | undefined> {
    const object = await this.read(name, bytesMax)
    return object?.type === 'tree' ? parseTree(object.content, idBytes(name)) : undefined
  }

  close(): void {
    this.#child.stdin.end()
    this.#child.unref()
  }

  #ask(line: string, bytesMax?: number): Promise<GitObject | undefined> {
    if (line.includes('\n')) throw new Error('an object’s name can have no line break')
    return new Promise((done, fail) => {
      if (this.#ended) return fail(new GitError('git has ended'))
      this.#waiting.push({ bytesMax, done, fail })
      this.#child.stdin.write(`${line}\n`)
    })
  }

  /** Answers as many requests as there is output for, in their order. */
  #answer(): void {
    let buffer = this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks)
    for (;;) {
      const skipped = Math.min(this.#unwanted, buffer.length)
      this.#unwanted -= skipped
      buffer = buffer.subarray(skipped)
      const [wanted] = this.#waiting
      const end = buffer.indexOf(10)
      if (wanted === undefined || end < 0) break
      const [, type, size] = /^[0-9a-f]+ (\w+) (\d+)$/.exec(buffer.toString('utf8', 0, end)) ?? []
      const bytes = type === undefined || wanted.bytesMax === undefined ? undefined : Number(size)
      const tooLong = bytes !== undefined && bytes > (wanted.bytesMax ?? 0)
      // A content is followed by a line end.
      const length = end + 1 + (bytes === undefined || tooLong ? 0 : bytes + 1)
      if (buffer.length < length) break
      this.#waiting.shift()
      const content = buffer.subarray(end + 1, Math.max(length - 1, end + 1))
      wanted.done(type === undefined || tooLong ? undefined : { type, content })
      if (tooLong) this.#unwanted = bytes + 1
      buffer = buffer.subarray(length)
    }
    this.#chunks = buffer.length === 0 ? [] : [buffer]
  }
}

/** SHA-256 repositories have longer ids; the name that was asked for begins with one. */
function idBytes(name: string): number {
  return /^[0-9a-f]{64}/.test(name) ? 32 : 20
}

function parseTree(content: Buffer, idLength: number): TreeEntry[] {
  const entries: TreeEntry[] = []
  for (let at = 0; at < content.length; ) {
    const blank = content.indexOf(32, at)
    const end = content.indexOf(0, blank)
    if (blank < 0 || end < 0) break
    const id = content.toString('hex', end + 1, end + 1 + idLength)
    entries.push({ mode: content.toString('latin1', at, blank), name: content.toString('utf8', blank + 1, end), id })
    at = end + 1 + idLength
  }
  return entries
}
