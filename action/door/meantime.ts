/** What a run is told while it works, until it next looks: to rest, and what people say. */
import type { Said } from '../../core/session/session-event.ts'
import type { Meanwhile } from '../agent/agent-task.ts'

export class Meantime {
  #rest = false
  #said: Said[] = []
  /** The App repeats what it does not know to have been heard. */
  readonly #heard = new Set<string>()

  get hasSaid(): boolean {
    return this.#said.length > 0
  }

  pause(): void {
    this.#rest = true
  }

  hear(said: readonly Said[]): void {
    for (const one of said) {
      if (this.#heard.has(one.id)) continue
      this.#heard.add(one.id)
      this.#said.push(one)
    }
  }

  take(): Meanwhile {
    // What is said to a run that rests waits for the one that goes on.
    if (this.#rest) return { rest: true, said: [] }
    const said = this.#said
    this.#said = []
    return { rest: false, said }
  }
}
