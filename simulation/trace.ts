/** What happened, in lines: a hash of all of them, and the last ones for whoever looks for a cause. */
import { createHash } from 'node:crypto'

/** How far back a failure can be followed. */
const KEPT_LINES = 20_000
const SHOWN_LINES = 25

interface Line {
  readonly text: string
  readonly subjects: readonly string[]
}

export class Trace {
  readonly #hash = createHash('sha256')
  readonly #lines: Line[] = []
  #next = 0

  /** `subjects`: the run and the accounts that it is about. */
  add(text: string, subjects: readonly string[]): void {
    this.#hash.update(text).update('\n')
    this.#lines[this.#next] = { text, subjects }
    this.#next = (this.#next + 1) % KEPT_LINES
  }

  /** The last lines about any of `subjects`, oldest first. */
  lastOf(subjects: readonly string[]): readonly string[] {
    const inOrder = [...this.#lines.slice(this.#next), ...this.#lines.slice(0, this.#next)]
    const about = inOrder.filter((line) => line.subjects.some((subject) => subjects.includes(subject)))
    return about.slice(-SHOWN_LINES).map(({ text }) => text)
  }

  /** Of everything so far. */
  digest(): string {
    return this.#hash.copy().digest('hex')
  }
}
