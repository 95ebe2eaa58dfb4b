/** How far it is, on stderr: a line a second, in place on a terminal. */

const EVERY_MS = 1_000

export class Progress {
  readonly #isShown: boolean
  readonly #of: number
  readonly #startedMs = performance.now()
  #saidMs = 0

  constructor(of: number, isShown: boolean) {
    this.#of = of
    this.#isShown = isShown
  }

  get elapsedMs(): number {
    return Math.round(performance.now() - this.#startedMs)
  }

  say(operations: number): void {
    if (!this.#isShown || this.elapsedMs - this.#saidMs < EVERY_MS) return
    this.#saidMs = this.elapsedMs
    const rate = Math.round((operations * 1_000) / Math.max(1, this.elapsedMs))
    const line = `${operations} of ${this.#of} operations, ${rate} a second`
    process.stderr.write(process.stderr.isTTY ? `\r${line}\x1b[K` : `${line}\n`)
  }

  end(): void {
    if (this.#isShown && process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  }
}
