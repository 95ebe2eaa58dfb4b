/**
 * One of the servers that `webhooks` measures, in a process of its own: `node bench/webhook-server.ts bare|door|app [DATABASE_URL]`.
 * Says its address on the first line of its output and stops when its input ends.
 */
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PgBoss } from 'pg-boss'
import { createNodeMiddleware, Probot } from 'probot'
import { IN_MEMORY, openDatabase } from '../app/database/open.ts'
import { createLog } from '../app/log.ts'
import { startServer, WEBHOOK_PATH } from '../app/server.ts'
import { startApp } from '../app/start.ts'
import { createStoreWebhook } from '../app/webhooks/store-webhook.ts'
import { createWebhookDoor } from '../app/webhooks/webhooks.ts'
import { createEventJobs, createEventQueue } from '../app/work.ts'

export const BENCH_SECRET = 'a-secret-of-the-bench'

const identity = {
  appId: 1,
  privateKey: generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey,
}

/** Verifies a signature, reads the JSON, hands it to no handler and acknowledges. */
async function startBare(): Promise<string> {
  const probot = new Probot({ ...identity, secret: BENCH_SECRET, logLevel: 'fatal' })
  const middleware = await createNodeMiddleware(() => {}, { probot, webhooksPath: WEBHOOK_PATH })
  const server = createServer((request, response) => void middleware(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The App's way in alone: all that comes is stored, each repository has its job, and nobody works it off. */
async function startDoor(databaseUrl: string | undefined): Promise<string> {
  const database = await openDatabase(databaseUrl === undefined ? { dataDir: IN_MEMORY } : { url: databaseUrl })
  const boss = new PgBoss(database.connectionString)
  await boss.start()
  await createEventQueue(boss)
  const log = createLog({ level: 'error' })
  const { add: onStored } = createEventJobs(boss, log, () => {})
  const server = await startServer(
    {
      webhook: createWebhookDoor({
        store: createStoreWebhook({ pool: database.pool, kind: database.kind, onStored, log }),
        secret: BENCH_SECRET,
        log,
      }),
      door: async () => false,
      isHealthy: async () => {},
      unheard: () => {},
      log,
    },
    '127.0.0.1',
    0,
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function startOurs(databaseUrl: string | undefined): Promise<string> {
  const app = await startApp({
    ...identity,
    webhookSecret: BENCH_SECRET,
    // Nobody is there: what is sent needs no answer of GitHub's.
    githubUrl: 'http://127.0.0.1:9',
    databaseUrl,
    log: { level: 'error' },
  })
  return app.url
}

const [kind, databaseUrl] = process.argv.slice(2)
const start = kind === 'bare' ? startBare : kind === 'door' ? startDoor : startOurs
console.log(await start(databaseUrl))
process.stdin.resume().once('end', () => process.exit(0))
