/**
 * What is asked at the same time goes together, of whichever repositories: a batch costs little more than one. Once somebody else
 * has held a row for too long, each repository goes apart for a while, so that it waits for its own rows alone.
 *
 * Of two requests that share a key, one may be in the common batch and the other apart. That only one of them is carried out is
 * held by the database, as it is between processes: the unique indexes of commands and of open runs, and the lock on a run.
 */
import { Batcher, type BatchOptions, Lanes } from './batch.ts'

const APART_MS = 10_000

export interface TogetherOptions<Request, Result> extends Omit<BatchOptions<Request, Result>, 'work' | 'onIdle'> {
  /** `isPatient`: whether it may wait for others' rows as long as a statement may; else only so long that nobody minds. */
  readonly work: (requests: readonly Request[], isPatient: boolean) => Promise<readonly Result[]>
  /** Whether an error says that the batch has waited for a row in vain. Nothing is kept then. */
  readonly isHeld: (error: unknown) => boolean
  readonly repositoryOf: (request: Request) => string | Promise<string>
}

export class Together<Request, Result> {
  readonly #options: TogetherOptions<Request, Result>
  readonly #all: Batcher<Request, Result>
  readonly #lanes: Lanes<readonly [repository: string, request: Request], Result>
  readonly #underWay = new Set<Promise<Result>>()
  /** On the clock of `performance`. */
  #apartUntil = 0

  constructor(options: TogetherOptions<Request, Result>) {
    const { work, keysOf, concernsAll, requestsMax } = options
    this.#options = options
    const common = { concernsAll, requestsMax }
    this.#all = new Batcher({ ...common, keysOf, work: (requests) => work(requests, false) })
    this.#lanes = new Lanes(([repository]) => repository, {
      ...common,
      keysOf: ([, request]) => keysOf(request),
      work(asked) {
        const requests = asked.map(([, request]) => request)
        return work(requests, true)
      },
    })
  }

  async add(request: Request): Promise<Result> {
    const result = this.#ask(request)
    this.#underWay.add(result)
    try {
      return await result
    } finally {
      this.#underWay.delete(result)
    }
  }

  /** Resolves when all that was asked is answered. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled([...this.#underWay])
  }

  async #ask(request: Request): Promise<Result> {
    if (performance.now() >= this.#apartUntil) {
      try {
        return await this.#all.add(request)
      } catch (error) {
        if (!this.#options.isHeld(error)) throw error
        this.#apartUntil = performance.now() + APART_MS
      }
    }
    return this.#lanes.add([await this.#options.repositoryOf(request), request])
  }
}
