/** The App in a process of its own, as it is in earnest. It takes the story's clock and its orders from its parent. */
import type { AppOptions } from '../app/options.ts'
import { type StartedApp, startApp } from '../app/start.ts'

export type Order =
  | { readonly do: 'start'; readonly options: AppOptions; readonly offsetMs: number }
  /** How far the story's clock is from the machine's. */
  | { readonly do: 'turn-clock'; readonly offsetMs: number }
  | { readonly do: 'settled' | 'sweep' | 'close' }

export interface Started {
  readonly url: string
  readonly connectionString: string
}

export type Answer = { readonly id: number } & ({ readonly value: Started | null } | { readonly problem: string })

let offsetMs = 0
let app: StartedApp | undefined

process.on('message', (message: { id: number; order: Order }) => {
  carryOut(message.order).then(
    (value) => answer({ id: message.id, value }),
    (error: unknown) => answer({ id: message.id, problem: error instanceof Error ? error.message : String(error) }),
  )
})
// The parent closes the stage in order; a Ctrl-C reaches both, and must not end this one first.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit(1))

async function carryOut(order: Order): Promise<Started | null> {
  switch (order.do) {
    case 'start':
      offsetMs = order.offsetMs
      app = await startApp({ ...order.options, clock: () => new Date(Date.now() + offsetMs) })
      return { url: app.url, connectionString: app.database.connectionString }
    case 'turn-clock':
      offsetMs = order.offsetMs
      return null
    case 'settled':
      await app?.settled()
      return null
    case 'sweep':
      await app?.sweep()
      return null
    case 'close':
      await app?.close()
      return null
  }
}

function answer(message: Answer): void {
  process.send?.(message)
}
