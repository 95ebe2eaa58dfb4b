/** A page of a text file, read through in pieces, so that a long file takes no more memory than a short one. */
import type { FileHandle } from 'node:fs/promises'

export const PAGE_LINES_MAX = 250
const PAGE_CHARACTERS_MAX = 16_000
/** A longer line counts as several, so that every part of every file is on some page. */
const LINE_CHARACTERS_MAX = 4_000
const PIECE_BYTES = 65_536

/** `from` counts from 1. Answers in words where there is nothing to show. */
export async function readPage(file: FileHandle, from: number, lines: number): Promise<string> {
  const page = new Page(from, Math.min(lines, PAGE_LINES_MAX))
  const decoder = new TextDecoder()
  const piece = Buffer.alloc(PIECE_BYTES)
  for (;;) {
    const { bytesRead } = await file.read(piece, 0, PIECE_BYTES)
    if (bytesRead === 0) break
    const bytes = piece.subarray(0, bytesRead)
    if (bytes.includes(0)) return 'error: that is not a text file'
    page.add(decoder.decode(bytes, { stream: true }))
  }
  return page.end()
}

class Page {
  readonly #from: number
  readonly #linesMax: number
  readonly #shown: string[] = []
  #characters = 0
  #isFull = false
  /** Lines that have ended. */
  #count = 0
  #open = ''

  constructor(from: number, linesMax: number) {
    this.#from = from
    this.#linesMax = linesMax
  }

  add(text: string): void {
    const lines = text.split('\n')
    const last = lines.pop() ?? ''
    for (const line of lines) {
      this.#extend(line)
      this.#endLine()
    }
    this.#extend(last)
  }

  end(): string {
    if (this.#open !== '') this.#endLine()
    if (this.#count === 0) return '[empty]'
    if (this.#from > this.#count) return `error: the file has ${this.#count} lines`
    const text = this.#shown.join('\n')
    const last = this.#from - 1 + this.#shown.length
    return last < this.#count ? `${text}\n[lines ${this.#from} to ${last} of ${this.#count}]` : text
  }

  #extend(text: string): void {
    this.#open += text
    while (this.#open.length > LINE_CHARACTERS_MAX) {
      const rest = this.#open.slice(LINE_CHARACTERS_MAX)
      this.#open = this.#open.slice(0, LINE_CHARACTERS_MAX)
      this.#endLine()
      this.#open = rest
    }
  }

  #endLine(): void {
    const line = this.#open
    this.#open = ''
    this.#count += 1
    if (this.#count < this.#from || this.#isFull) return
    this.#characters += line.length + 1
    this.#isFull =
      this.#shown.length >= this.#linesMax || (this.#characters > PAGE_CHARACTERS_MAX && this.#shown.length > 0)
    if (!this.#isFull) this.#shown.push(line)
  }
}
