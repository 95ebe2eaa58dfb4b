/**
 * What the App is told of a run besides its money: the log in batches and the newest checkpoint, with heartbeats, so that no
 * work waits for it. What was not answered for is sent again; what the App has already changes nothing there.
 */
import type { z } from 'zod/mini'
import type { eventsAnswerSchema, eventsBodySchema } from '../../core/run/protocol.ts'
import type { Checkpoint } from '../../core/session/checkpoint.ts'
import { sessionEventSchema } from '../../core/session/session-event.ts'
import type { Recording } from '../session/recording.ts'
import type { Meantime } from './meantime.ts'

export type Told = Pick<z.output<typeof eventsBodySchema>, 'events' | 'checkpoint'>
type Answer = Pick<z.output<typeof eventsAnswerSchema>, 'pause' | 'eventsTaken' | 'said'>

export class Reporting {
  readonly #recording: Pick<Recording, 'count' | 'batch'>
  readonly #meantime: Meantime
  /** How many events the App has, as it said; undefined where it gets none, or has said that it keeps none. */
  #taken: number | undefined
  /** One that the App has not answered for yet. */
  #checkpoint: Checkpoint | undefined

  /** `keepWork`: the App is told nothing of what the run does, since the log holds its work as well. */
  constructor(recording: Pick<Recording, 'count' | 'batch'>, meantime: Meantime, keepWork: boolean) {
    this.#recording = recording
    this.#meantime = meantime
    this.#taken = keepWork ? undefined : 0
  }

  checkpoint(made: Checkpoint): void {
    this.#checkpoint = made
  }

  get hasMore(): boolean {
    return this.#taken !== undefined && (this.#checkpoint !== undefined || this.#taken < this.#recording.count)
  }

  /** A checkpoint goes alone: together with a batch it could be more than a body may have. */
  next(): Told {
    if (this.#taken === undefined) return {}
    if (this.#checkpoint !== undefined) return { checkpoint: this.#checkpoint }
    const lines = this.#recording.batch(this.#taken)
    return lines.length === 0 ? {} : { events: lines.map((line) => sessionEventSchema.parse(JSON.parse(line))) }
  }

  heard(told: Told, { pause, eventsTaken, said = [] }: Answer): void {
    if (pause === true) this.#meantime.pause()
    this.#meantime.hear(said)
    if (told.checkpoint !== undefined && this.#checkpoint === told.checkpoint) this.#checkpoint = undefined
    if (this.#taken === undefined) return
    if (eventsTaken !== undefined) this.#taken = Math.min(eventsTaken, this.#recording.count)
    else if (told.events !== undefined || told.checkpoint !== undefined) this.#taken = undefined
  }
}
