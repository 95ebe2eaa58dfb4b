/** What the processes of one simulation say to each other, and how each is told what it is. */
import type { Outcome } from './simulate.ts'

export interface ChildOrders {
  readonly url: string
  readonly repositoryIds: readonly number[]
  readonly seed: number
  readonly configurationSeed: number
  readonly operations: number
  readonly prefix: string
  readonly startMs: number
  /** Where what providers truly charge is written down before anything else happens, so that it outlives a kill. */
  readonly truthFile: string
}

export type FromChild =
  | {
      readonly kind: 'progress'
      readonly operations: number
      readonly crashes: number
      readonly nowMs: number
    }
  | { readonly kind: 'done'; readonly outcome: Outcome }

/** Nobody goes far beyond where the slowest is in virtual time: they share their periods. */
export type ToChild =
  | { readonly kind: 'orders'; readonly orders: ChildOrders }
  | { readonly kind: 'floor'; readonly floorMs: number }
  | { readonly kind: 'stop' }
