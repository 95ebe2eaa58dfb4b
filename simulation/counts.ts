/** How often what happened, so that one sees that the faults really did. */

export class Counts {
  readonly #counts = new Map<string, number>()

  add(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }

  /** All whose name begins so. */
  sum(prefix: string): number {
    let total = 0
    for (const [what, count] of this.#counts) if (what.startsWith(prefix)) total += count
    return total
  }

  /** By name, in alphabetical order. */
  all(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}
