/** Virtual time, and what is to happen in it. Nothing here waits: time is where the next event lies. */

/** What happens at a moment; it may put more on the agenda. */
export type Act = () => Promise<void>

interface Planned {
  readonly atMs: number
  /** Two at one moment happen in the order in which they were planned. */
  readonly order: number
  readonly act: Act
}

/** A binary heap, the soonest first. */
export class Agenda {
  readonly #heap: Planned[] = []
  #order = 0
  #nowMs: number

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  get size(): number {
    return this.#heap.length
  }

  /** `delayMs`: from now. */
  plan(delayMs: number, act: Act): void {
    this.#order += 1
    this.#heap.push({ atMs: this.#nowMs + delayMs, order: this.#order, act })
    this.#rise(this.#heap.length - 1)
  }

  /** Moves time to the next event and takes it off; undefined when nothing more is to happen. */
  next(): Act | undefined {
    const [first] = this.#heap
    const last = this.#heap.pop()
    if (first === undefined || last === undefined) return undefined
    if (this.#heap.length > 0) {
      this.#heap[0] = last
      this.#sink(0)
    }
    this.#nowMs = Math.max(this.#nowMs, first.atMs)
    return first.act
  }

  #rise(from: number): void {
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!this.#isBefore(at, above)) return
      this.#swap(at, above)
      at = above
    }
  }

  #sink(from: number): void {
    let at = from
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      let soonest = at
      if (this.#isBefore(left, soonest)) soonest = left
      if (this.#isBefore(right, soonest)) soonest = right
      if (soonest === at) return
      this.#swap(at, soonest)
      at = soonest
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]]
    if (a === undefined || b === undefined) return false
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]]
    if (a === undefined || b === undefined) return
    this.#heap[one] = b
    this.#heap[other] = a
  }
}
