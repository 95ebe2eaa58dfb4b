/**
 * `node worker.ts ORDERS`: one process among several at a ledger. It reserves, claims, draws and settles runs until the
 * account that pays is spent, its keys are used up, or somebody kills it; each answer is a line on standard output.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '../../../app/database/open.ts'
import { claim, draw } from '../../../app/ledger/claim.ts'
import { openLedger } from '../../../app/ledger/ledger.ts'
import { reserve } from '../../../app/ledger/reserve.ts'
import { expire, release, settle } from '../../../app/ledger/settle.ts'
import { isRefusal } from '../../../core/reason.ts'
import { NOW } from '../../app/ledger/scene.ts'
import { type Key, MAIN, numberOf, RAISED_MICRO_USD, REPOSITORY_ID, reportFor, requestOf } from './asked.ts'
import type { Fact, Orders } from './facts.ts'

const REPEATS_MAX = 300
const REPEAT_MS = 100
/** For others to give back what they hold. */
const NO_ROOM_MS = 20

const orders = JSON.parse(process.argv[2] ?? '{}') as Orders
const repositoryId = REPOSITORY_ID
const database = await openDatabase({ url: orders.url, dataDir: orders.dataDir })
const ledger = openLedger(database)
const { prisma } = database
const shop = { owner: 'acme', name: 'shop', installationId: 1n, defaultBranch: 'main' }
await prisma.repository.createMany({ data: [{ id: repositoryId, ...shop }], skipDuplicates: true })
let next = 0
const lanes = await Promise.allSettled(Array.from({ length: orders.lanes }, work))
// What went wrong was said; whoever listens judges it.
if (lanes.some(({ status }) => status === 'rejected')) process.exitCode = 1
await ledger.close()
await database.close()

async function work(): Promise<void> {
  while (next < orders.keysMax && !(await isSpent())) {
    const number = next
    next += 1
    const isShared = orders.sharesKeys === true && number % 10 === 9
    await play(isShared ? `all:${number}` : `${orders.name}:${number}`)
  }
}

/** A run's life; some are given back before a job claims them, some vanish, and some messages come twice at once. */
async function play(key: Key): Promise<void> {
  const number = numberOf(key)
  const asked = await answered(key, 'reserve', () => {
    const once = () => reserve(ledger, requestOf(key))
    // Of two that ask at once the second may find room that the first has not.
    return number % 4 === 0
      ? Promise.all([once(), once()]).then(([first, second]) => (isRefusal(first) ? second : first))
      : once()
  })
  if (isRefusal(asked)) {
    refused(key, 'reserve', asked.reason)
    return void (await sleep(NO_ROOM_MS))
  }
  const { id: runId } = asked.run
  const held = asked.heldMicroUsd
  say({ did: 'reserved', key, runId, held: `${held}` })
  if (number % 7 === 3 && !key.startsWith('all:')) {
    if (await answered(key, 'release', () => release(ledger, runId, 'dispatch-failed', NOW))) {
      say({ did: 'released', key, runId })
    }
    return
  }
  const jobKey = orders.name
  const claimed = await answered(key, 'claim', () => claim(prisma, { runId, repositoryId, jobKey, now: NOW }))
  if (isRefusal(claimed)) return refused(key, 'claim', claimed.reason)
  const { epoch } = claimed
  say({ did: 'claimed', key, runId, epoch })
  const drawn = await answered(key, 'draw', () =>
    draw(prisma, { runId, epoch, wantMicroUsd: held, wantTokens: 2_000n }),
  )
  if (isRefusal(drawn)) return refused(key, 'draw', drawn.reason)
  if (number % 11 === 5) {
    await answered(key, 'expire', () => expire(ledger, runId, NOW))
    return
  }
  const report = reportFor(key, held)
  const settled = await answered(key, 'settle', () => {
    const once = () => settle(ledger, { runId, epoch, report, now: NOW })
    return number % 4 === 1 ? Promise.all([once(), once()]).then(([first]) => first) : once()
  })
  if (isRefusal(settled)) return refused(key, 'settle', settled.reason)
  say({ did: 'settled', key, runId, epoch, held: `${held}`, spent: `${settled.spentMicroUsd}` })
}

async function answered<T>(key: Key, what: string, ask: () => Promise<T>): Promise<T> {
  for (let repeat = 0; ; repeat += 1) {
    try {
      return await ask()
    } catch (error) {
      say({ did: 'failed', key, what, error: error instanceof Error ? error.message : String(error) })
      if (orders.onError === 'stop' || repeat >= REPEATS_MAX) throw error
      await sleep(REPEAT_MS)
    }
  }
}

function refused(key: Key, what: string, reason: string): void {
  say({ did: 'refused', key, what, reason })
}

/** Whether nothing can ever be reserved again. */
async function isSpent(): Promise<boolean> {
  const where = { repositoryId, kind: 'portfolio', name: MAIN } as const
  const account = await answered('none:0', 'look', () => prisma.account.findFirst({ where }))
  return account !== null && account.ceiling === RAISED_MICRO_USD && account.spent === account.ceiling
}

/** Written before it returns, as a pipe of Linux is. */
function say(fact: Fact): void {
  process.stdout.write(`${JSON.stringify(fact)}\n`)
}
