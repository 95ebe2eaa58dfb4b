/** What a racing process says, a line of JSON each, once the ledger has answered. Amounts are micro-USD as text. */
import { z } from 'zod'
import type { Key } from './asked.ts'

export const factSchema = z.discriminatedUnion('did', [
  z.object({ did: z.literal('reserved'), key: z.custom<Key>(), runId: z.string(), held: z.string() }),
  z.object({ did: z.literal('refused'), key: z.custom<Key>(), what: z.string(), reason: z.string() }),
  z.object({ did: z.literal('claimed'), key: z.custom<Key>(), runId: z.string(), epoch: z.number() }),
  z.object({
    did: z.literal('settled'),
    key: z.custom<Key>(),
    runId: z.string(),
    epoch: z.number(),
    held: z.string(),
    spent: z.string(),
  }),
  z.object({ did: z.literal('released'), key: z.custom<Key>(), runId: z.string() }),
  /** An error reached the caller; a patient process asks again. */
  z.object({ did: z.literal('failed'), key: z.custom<Key>(), what: z.string(), error: z.string() }),
])
export type Fact = z.infer<typeof factSchema>

export interface Orders {
  /** Of a server; else the embedded database in `dataDir`. */
  readonly url?: string
  readonly dataDir?: string
  /** Before the number in its keys. */
  readonly name: string
  /** Runs worked on at the same time. */
  readonly lanes: number
  readonly keysMax: number
  /** `stop`: an error ends it. `repeat`: the same is asked again until it is answered. */
  readonly onError: 'stop' | 'repeat'
  /** Whether every tenth run is asked for by every process, under one key. */
  readonly sharesKeys?: boolean
}
