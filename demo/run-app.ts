/** The demo's end of the line to the App's process. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '../app/database/open.ts'
import type { AppOptions } from '../app/options.ts'
import type { PrismaClient } from '../prisma/client/client.ts'
import type { Answer, Order, Started } from './app-process.ts'

export interface RunningApp {
  readonly url: string
  /** The same ledger, over a connection of its own. */
  readonly prisma: PrismaClient
  turnClock(offsetMs: number): Promise<void>
  /** Resolves when every stored webhook has been handled and what follows from it is done. */
  settled(): Promise<void>
  sweep(): Promise<void>
  close(): Promise<void>
}

/** The App's process, which loads its program while GitHub is set up; `start` gives it what it needs to know. */
export interface LoadingApp {
  start(options: AppOptions, offsetMs: number): Promise<RunningApp>
  /** Ends it, also when it was never started. */
  kill(): void
}

/** Where `purser` keeps what it has compiled. */
const COMPILED = fileURLToPath(new URL('../node_modules/.cache/purser', import.meta.url))

export function loadApp(): LoadingApp {
  const child = fork(fileURLToPath(new URL('app-process.ts', import.meta.url)), {
    stdio: ['ignore', 2, 2, 'ipc'],
    env: { NODE_COMPILE_CACHE: COMPILED, ...process.env },
    // A story is over before it pays to compile the embedded database's functions again, better.
    execArgv: [...process.execArgv, '--liftoff-only'],
  })
  const waiting = new Map<number, { resolve: (value: Started | null) => void; reject: (error: Error) => void }>()
  let lastId = 0
  child.on('message', (answer: Answer) => {
    const waiter = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('problem' in answer) waiter?.reject(new Error(answer.problem))
    else waiter?.resolve(answer.value)
  })
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the App's process ended with ${code}`))
    waiting.clear()
  })
  const tell = (order: Order) =>
    new Promise<Started | null>((resolve, reject) => {
      lastId += 1
      waiting.set(lastId, { resolve, reject })
      child.send({ id: lastId, order })
    })

  return {
    kill: () => void child.kill(),
    async start(options, offsetMs) {
      const started = await tell({ do: 'start', options, offsetMs })
      if (started === null) throw new Error('the App did not say where it listens')
      const database = await openDatabase({ servedAt: started.connectionString })
      return {
        url: started.url,
        prisma: database.prisma,
        turnClock: async (offset) => void (await tell({ do: 'turn-clock', offsetMs: offset })),
        settled: async () => void (await tell({ do: 'settled' })),
        sweep: async () => void (await tell({ do: 'sweep' })),
        async close() {
          await database.close()
          await tell({ do: 'close' })
          child.disconnect()
        },
      }
    },
  }
}
