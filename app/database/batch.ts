/** Work that comes one by one and is done together: whatever is asked while one batch is under way goes with the next. */

export interface BatchOptions<Request, Result> {
  /** Does all or, by throwing, nothing; answers in the order of `requests`. */
  readonly work: (requests: readonly Request[]) => Promise<readonly Result[]>
  /** What it touches. No two requests of a batch share a key, and of those that do the first comes first. */
  readonly keysOf: (request: Request) => readonly string[]
  /** Whether an error says something about every request, whichever it was. Then also those that wait are told. */
  readonly concernsAll: (error: unknown) => boolean
  readonly requestsMax: number
  /** Told when all that was asked is answered. */
  readonly onIdle?: () => void
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
  #isWorking = false

  constructor(options: BatchOptions<Request, Result>) {
    this.#options = options
  }

  add(request: Request): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    this.#waiting.push({ request, keys: this.#options.keysOf(request), resolve, reject })
    if (!this.#isWorking) void this.#workAll()
    return promise
  }

  async #workAll(): Promise<void> {
    this.#isWorking = true
    // What is asked in the same turn of the event loop goes together from the start.
    await Promise.resolve()
    while (this.#waiting.length > 0) await this.#work(this.#next())
    this.#isWorking = false
    this.#options.onIdle?.()
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
      if (this.#options.concernsAll(error)) {
        for (const { reject } of [...batch, ...this.#waiting.splice(0)]) reject(error)
      } else if (batch.length === 1) {
        for (const { reject } of batch) reject(error)
      } else {
        await this.#oneByOne(batch)
      }
    }
  }

  /** Those that are still to come wait as the others do, so that what concerns all reaches them as well. */
  async #oneByOne(batch: readonly Waiting<Request, Result>[]): Promise<void> {
    this.#waiting.unshift(...batch)
    for (let left = batch.length; left > 0 && this.#waiting.length > 0; left -= 1) {
      await this.#work(this.#waiting.splice(0, 1))
    }
  }
}

/** A batcher for each lane that has something to do, so that whatever holds up one lane holds up no other. */
export class Lanes<Request, Result> {
  readonly #laneOf: (request: Request) => string
  readonly #options: Omit<BatchOptions<Request, Result>, 'onIdle'>
  readonly #lanes = new Map<string, Batcher<Request, Result>>()

  constructor(laneOf: (request: Request) => string, options: Omit<BatchOptions<Request, Result>, 'onIdle'>) {
    this.#laneOf = laneOf
    this.#options = options
  }

  /** How many lanes have something to do. */
  get size(): number {
    return this.#lanes.size
  }

  add(request: Request): Promise<Result> {
    const lane = this.#laneOf(request)
    const batcher = this.#lanes.get(lane) ?? this.#open(lane)
    return batcher.add(request)
  }

  #open(lane: string): Batcher<Request, Result> {
    const batcher = new Batcher({ ...this.#options, onIdle: () => this.#lanes.delete(lane) })
    this.#lanes.set(lane, batcher)
    return batcher
  }
}
