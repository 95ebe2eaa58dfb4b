/** Work that comes one by one and is done together: whatever is asked while one batch is under way goes with the next. */

export interface BatchOptions<Request, Result> {
  /** Does all or, by throwing, nothing; answers in the order of `requests`. */
  readonly work: (requests: readonly Request[]) => Promise<readonly Result[]>
  /** What it touches. No two requests of a batch share a key, and of those that do the first comes first. */
  readonly keysOf: (request: Request) => readonly string[]
  /** Whether an error says something about every request, whichever it was. */
  readonly concernsAll: (error: unknown) => boolean
  readonly requestsMax: number
}

interface Waiting<Request, Result> {
  readonly request: Request
  readonly keys: readonly string[]
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** One batch at a time. A batch that fails is done again one by one, so that an error reaches only whose it is. */
export class Batcher<Request, Result> {
  readonly #options: BatchOptions<Request, Result>
  #waiting: Waiting<Request, Result>[] = []
  #working: Promise<void> | undefined

  constructor(options: BatchOptions<Request, Result>) {
    this.#options = options
  }

  add(request: Request): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    this.#waiting.push({ request, keys: this.#options.keysOf(request), resolve, reject })
    this.#working ??= this.#workAll()
    return promise
  }

  /** Resolves when all that was asked is answered. */
  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working
  }

  async #workAll(): Promise<void> {
    // What is asked in the same turn of the event loop goes together from the start.
    await Promise.resolve()
    while (this.#waiting.length > 0) await this.#work(this.#next())
    this.#working = undefined
  }

  /** The first that share no key with each other, nor with one that was left for later. */
  #next(): readonly Waiting<Request, Result>[] {
    const next: Waiting<Request, Result>[] = []
    const later: Waiting<Request, Result>[] = []
    const taken = new Set<string>()
    for (const one of this.#waiting) {
      const isFree = next.length < this.#options.requestsMax && !one.keys.some((key) => taken.has(key))
      for (const key of one.keys) taken.add(key)
      if (isFree) next.push(one)
      else later.push(one)
    }
    this.#waiting = later
    return next
  }

  async #work(batch: readonly Waiting<Request, Result>[]): Promise<void> {
    try {
      const results = await this.#options.work(batch.map(({ request }) => request))
      if (results.length !== batch.length) throw new Error(`${batch.length} requests and ${results.length} results`)
      for (const [index, result] of results.entries()) batch[index]?.resolve(result)
    } catch (error) {
      if (batch.length === 1 || this.#options.concernsAll(error)) {
        for (const { reject } of batch) reject(error)
      } else {
        for (const one of batch) await this.#work([one])
      }
    }
  }
}
