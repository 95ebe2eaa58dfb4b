/** One of several processes on one database; `processes.ts` starts it, tells it what to do, and may kill it at any moment. */
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '../app/database/open.ts'
import { DatabaseBooks } from './database-books.ts'
import { DatabaseLedger } from './database-ledger.ts'
import { keepTruth } from './kept-truth.ts'
import type { ChildOrders, FromChild, ToChild } from './messages-between.ts'
import { Random } from './random.ts'
import { simulate } from './simulate.ts'
import type { World } from './world.ts'

/** How many events happen at once in one process, so that operations are gathered as in an App under load. */
const LANES = 4
const AHEAD_MS_MAX = 24 * 3_600_000
const PACE_MS = 20
const PROGRESS_OPERATIONS = 25

let floorMs = 0
let isStopped = false
// The parent is the only one to be asked to stop by a terminal.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit(1))
process.on('message', (message: ToChild) => {
  if (message.kind === 'floor') floorMs = message.floorMs
  else if (message.kind === 'stop') isStopped = true
  else void work(message.orders)
})

async function work(orders: ChildOrders): Promise<void> {
  floorMs = orders.startMs
  const database = await openDatabase({ url: orders.url })
  const books = new DatabaseBooks(database, orders.repositoryIds)
  const { truth, close } = keepTruth(orders.truthFile)
  const outcome = await simulate({
    ...orders,
    random: new Random(orders.seed),
    truth,
    shared: true,
    othersGoOn: true,
    lanes: LANES,
    progressOperations: PROGRESS_OPERATIONS,
    recountOperations: Number.POSITIVE_INFINITY,
    ledger: (clockMs, counts) => new DatabaseLedger(database, books, clockMs, counts),
    progress: keepPace,
    cancelled: () => isStopped,
  })
  await books.close()
  await database.close()
  close()
  await tell({ kind: 'done', outcome: outcome })
  process.disconnect()
}

async function keepPace({ operations, counts, agenda }: World): Promise<void> {
  const { nowMs } = agenda
  await tell({ kind: 'progress', operations, crashes: counts.sum('crash '), nowMs })
  while (nowMs > floorMs + AHEAD_MS_MAX && !isStopped) await sleep(PACE_MS)
}

function tell(message: FromChild): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, (error: Error | null) => (error === null ? resolve() : reject(error)))
  })
}
