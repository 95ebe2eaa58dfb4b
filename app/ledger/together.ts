/**
 * What is asked at the same time goes together, of whichever repositories: a batch costs little more than one. Where somebody
 * else holds a row that a batch needs, its repositories go apart for a while, so that each waits for its own rows alone.
 */
import { Batcher, type BatchOptions, Lanes } from './batch.ts'

const APART_MS = 10_000

export interface TogetherOptions<Request, Result> extends Omit<BatchOptions<Request, Result>, 'work' | 'onIdle'> {
  /** `isPatient`: whether it may wait for others' rows as long as a statement may; else only so long that nobody minds. */
  readonly work: (requests: readonly Request[], isPatient: boolean) => Promise<readonly Result[]>
  /** Whether an error says that the batch has waited for a row in vain. Nothing is kept then. */
  readonly isHeld: (error: unknown) => boolean
  /** Undefined where it would have to be looked up. */
  readonly repositoryOf: (request: Request) => string | undefined
  readonly locate: (request: Request) => Promise<string>
}

export class Together<Request, Result> {
  readonly #options: TogetherOptions<Request, Result>
  readonly #all: Batcher<Request, Result>
  readonly #lanes: Lanes<readonly [repository: string, request: Request], Result>
  /** Until when a repository goes apart. */
  readonly #apart = new Map<string, number>()
  #underWay = 0
  #idle: PromiseWithResolvers<void> | undefined

  constructor(options: TogetherOptions<Request, Result>) {
    const { work, keysOf, concernsAll, requestsMax } = options
    this.#options = options
    this.#all = new Batcher({
      keysOf,
      requestsMax,
      concernsAll,
      work: (requests) => work(requests, false),
    })
    this.#lanes = new Lanes(([repository]) => repository, {
      keysOf: ([, request]) => keysOf(request),
      requestsMax,
      concernsAll,
      work: (asked) =>
        work(
          asked.map(([, request]) => request),
          true,
        ),
    })
  }

  async add(request: Request): Promise<Result> {
    this.#underWay += 1
    try {
      return await this.#ask(request)
    } finally {
      this.#underWay -= 1
      if (this.#underWay === 0) this.#idle?.resolve()
    }
  }

  /** Resolves when all that was asked is answered. */
  async idle(): Promise<void> {
    if (this.#underWay === 0) return
    this.#idle = Promise.withResolvers()
    await this.#idle.promise
  }

  async #ask(request: Request): Promise<Result> {
    const known = this.#options.repositoryOf(request)
    if (known !== undefined && this.#isApart(known)) return this.#lanes.add([known, request])
    try {
      return await this.#all.add(request)
    } catch (error) {
      if (!this.#options.isHeld(error)) throw error
      const repository = known ?? (await this.#options.locate(request))
      this.#apart.set(repository, performance.now() + APART_MS)
      return this.#lanes.add([repository, request])
    }
  }

  #isApart(repository: string): boolean {
    const until = this.#apart.get(repository)
    if (until === undefined) return false
    if (performance.now() < until) return true
    this.#apart.delete(repository)
    return false
  }
}
