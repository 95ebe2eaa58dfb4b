/** The one source of chance: the same seed gives the same choices, on every machine. */
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

const PER_THOUSAND = 1_000
const SEED_MAX = 0x7fffffff

export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed)
  }

  /** Both ends belong to it. */
  between(from: number, to: number): number {
    return uniformInt(this.#generator, from, to)
  }

  /** True so many times in a thousand. */
  chance(inThousand: number): boolean {
    return this.between(1, PER_THOUSAND) <= inThousand
  }

  pick<T>(from: readonly [T, ...T[]]): T
  pick<T>(from: readonly T[]): T | undefined
  pick<T>(from: readonly T[]): T | undefined {
    return from[this.between(0, from.length - 1)]
  }

  /** A seed of its own for another world. */
  seed(): number {
    return this.between(0, SEED_MAX)
  }
}
