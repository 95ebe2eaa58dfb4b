/** Puts the App together: database, queues, Probot, doors. Entry files call it; nothing here decides anything. */
import type { AddressInfo } from 'node:net'
import type { Probot } from 'probot'
import { readBuiltInLayer, readKeptPrices } from '../catalog/built-in.ts'
import { type Database, IN_MEMORY, openDatabase } from './database/open.ts'
import { createReadConfiguration } from './declared/configuration.ts'
import { createDoor } from './door/door.ts'
import { createVerifyJob, issuerOf } from './door/identity.ts'
import { askSelf, createProbot, siteUrlOf } from './github.ts'
import { openLedger } from './ledger/ledger.ts'
import { createLog } from './log.ts'
import { loadHandlers } from './on-event.ts'
import type { AppOptions } from './options.ts'
import type { Parts } from './parts.ts'
import { takeIdleTurns } from './queue/turn.ts'
import { startServer, stopServer } from './server.ts'
import { showRun } from './show/show-run.ts'
import { createSweep } from './sweep.ts'
import { createStoreWebhook } from './webhooks/store-webhook.ts'
import { requeueStranded } from './webhooks/stranded.ts'
import { createWebhookDoor } from './webhooks/webhooks.ts'
import { workOff } from './webhooks/work-off.ts'
import { startWork, type Work } from './work.ts'

export interface StartedApp {
  /** Where it listens. */
  readonly url: string
  readonly database: Database
  /** Resolves when every stored webhook has been handled and what follows from it is done. For tests and the demo. */
  settled(): Promise<void>
  /** Runs the minute's sweep now. */
  sweep(): Promise<void>
  /** Lets what is under way end, then stops. */
  close(): Promise<void>
}

/** This machine alone. */
export const HOST_DEFAULT = '127.0.0.1'
const GITHUB_URL_DEFAULT = 'https://api.github.com'

export async function startApp(options: AppOptions): Promise<StartedApp> {
  const log = createLog(options.log)
  const githubUrl = (options.githubUrl ?? GITHUB_URL_DEFAULT).replace(/\/+$/, '')
  const builtIn = readBuiltInLayer()
  const keptPrices = readKeptPrices()
  const database = await openDatabase({ url: options.databaseUrl, dataDir: options.dataDir ?? IN_MEMORY })
  const { prisma } = database
  const ledger = openLedger(database)
  const closeDatabase = closing(() => database.close())
  const probot = await readyProbot({ ...options, githubUrl, throttle: options.throttle ?? true }, log).catch(
    closeDatabase,
  )
  const queue: { work?: Work; sweep?: () => Promise<void> } = {}
  const up: { sinceMs?: number } = {}
  const parts: Parts = {
    prisma,
    ledger,
    appId: options.appId,
    octokitOf: (installationId) => probot.auth(Number(installationId)),
    octokitOfApp: () => probot.auth(),
    self: askSelf(() => probot.auth()),
    readConfiguration: createReadConfiguration(builtIn, [...keptPrices.keys()]),
    keptPrices,
    siteUrl: siteUrlOf(githubUrl),
    now: options.clock ?? (() => new Date()),
    upMs: options.upMs ?? (() => (up.sinceMs === undefined ? 0 : performance.now() - up.sinceMs)),
    showLater: async (runId, progress) => {
      await queue.work?.enqueueShow({ runId, step: progress?.step, spent: progress?.spentMicroUsd.toString() })
    },
    turnLater: async ({ repositoryId, subjectKey }) => {
      const waiting = await prisma.queued.count({ where: { repositoryId, subjectKey }, take: 1 })
      if (waiting > 0) queue.work?.enqueueEvents(repositoryId)
    },
    log,
  }
  loadHandlers(probot, parts)
  // One after the other: whoever asks for one finds everything done that was due when they asked.
  let swept = Promise.resolve()
  const sweepAll = (): Promise<void> => {
    swept = swept.catch(() => undefined).then(() => queue.sweep?.())
    return swept
  }
  const work = await startWork(
    database.connectionString,
    {
      events: async (repositoryId, mayGoOn) =>
        (await workOff({ connections: database, probot, log }, repositoryId, mayGoOn)) &&
        (await takeIdleTurns(parts, repositoryId, mayGoOn)),
      show: (runId, { step, spent }) =>
        showRun(parts, runId, spent === undefined ? undefined : { step, spentMicroUsd: BigInt(spent) }),
      sweep: () => sweepAll(),
    },
    log,
    options.sweeps,
  ).catch(closeDatabase)
  const { pool, kind } = database
  const store = createStoreWebhook({ pool, kind, onStored: work.enqueueEvents, log })
  queue.work = work
  queue.sweep = createSweep(parts, work, store)
  const stopped = closing(async () => {
    await work.stop()
    await database.close()
  })
  // What was stored just before the last process ended.
  await requeueStranded(prisma, work, 0).catch(stopped)
  const server = await startServer(
    {
      webhook: createWebhookDoor({ store, secret: options.webhookSecret, log }),
      door: createDoor(parts, createVerifyJob(options.oidcIssuers ?? [issuerOf(githubUrl)])),
      isHealthy: async () => {
        await prisma.$queryRaw`SELECT 1`
      },
      unheard: () => {
        up.sinceMs = performance.now()
      },
      log,
    },
    options.host ?? HOST_DEFAULT,
    options.port ?? 0,
  ).catch(stopped)
  up.sinceMs = performance.now()
  const url = options.publicUrl ?? addressOf(server.address())
  log.info({ url, database: database.kind }, 'listening')

  let closed: Promise<void> | undefined
  return {
    url,
    database,
    sweep: sweepAll,
    settled: () => work.settled(),
    close() {
      closed ??= (async () => {
        await stopServer(server)
        await work.stop()
        await ledger.close()
        await database.close()
        log.info('stopped')
      })()
      return closed
    },
  }
}

async function readyProbot(...given: Parameters<typeof createProbot>): Promise<Probot> {
  const probot = createProbot(...given)
  await probot.ready()
  return probot
}

/** Closes what is open before a failed start is reported: else it would keep the process alive for ever. */
function closing(close: () => Promise<void>): (error: unknown) => Promise<never> {
  return async (error) => {
    await close()
    throw error
  }
}

function addressOf(address: string | AddressInfo | null): string {
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}
