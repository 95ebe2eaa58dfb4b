/**
 * The App's queues, kept by pg-boss in the same database: webhooks in the order in which they came, what GitHub is to be
 * shown of a run, and the schedule of the sweep. Every job may be repeated.
 */
import { EventEmitter, once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { type JobWithMetadata, PgBoss } from 'pg-boss'
import { z } from 'zod'
import type { Logger } from './log.ts'

/** Tries of one job; after the last it is given up, and what went wrong is kept. */
export const TRIES_MAX = 6
const RETRY_SECONDS = 1
const RETRY_SECONDS_MAX = 60
const JOB_SECONDS_MAX = 300
/**
 * Whoever works on a job says so this often at least. Where the process or the database was killed, nobody does, and nobody
 * else may take the job up, nor a later one of its repository, until that is noticed.
 */
const SIGN_OF_LIFE_SECONDS = 30
const NOTICE_SECONDS = 30
const BOUNDS = { expireInSeconds: JOB_SECONDS_MAX, heartbeatSeconds: SIGN_OF_LIFE_SECONDS }
const RETRIES = {
  retryLimit: TRIES_MAX - 1,
  retryDelay: RETRY_SECONDS,
  retryBackoff: true,
  retryDelayMax: RETRY_SECONDS_MAX,
}
/** Workers are woken by whatever this process enqueues or is to try again; they look by themselves for what others left. */
const POLL_SECONDS = 5
/** Repositories whose events are worked off at the same time. */
const WEBHOOK_WORKERS = 4
const SHOW_WORKERS = 2
const POOL_MAX = 4

/** Whoever waits for quiet looks that long after a job has ended, when its end is kept, and that often while none ends. */
const END_KEPT_MS = 3
const SETTLED_POLL_MS = 50

export interface Handlers {
  /** `isLast`: it won't be tried again, so nothing may be thrown. */
  webhook(deliveryId: string, isLast: boolean): Promise<void>
  turn(data: TurnData): Promise<void>
  show(runId: string, data: ShowData): Promise<void>
  sweep(): Promise<void>
}

/** Whose turn it is to be looked at. */
export interface TurnData {
  /** As decimal text. */
  readonly repositoryId: string
  readonly subjectKey: string
}

export interface ShowData {
  readonly runId: string
  readonly step?: string | undefined
  /** Micro-USD as decimal text. */
  readonly spent?: string | undefined
}

export interface WebhookJob {
  readonly id: string
  readonly deliveryId: string
  readonly order: string
}

type ExecuteSql = (text: string, values: readonly string[]) => Promise<{ rows: unknown[] }>

export interface Work {
  enqueueWebhook(deliveryId: string, order: string): Promise<void>
  /** In line with the repository's webhooks, so that nothing of it is carried out at the same time. */
  enqueueTurn(data: TurnData): Promise<void>
  /** In one statement, which `execute` may put others in front of; `id` is the job's, and jobs of one order go by it. */
  enqueueWebhooks(jobs: readonly WebhookJob[], execute: ExecuteSql): Promise<void>
  enqueueShow(data: ShowData): Promise<void>
  /**
   * Takes out jobs that were given up. A dead webhook would hold back all later ones of its repository; what GitHub
   * could not be shown is tried once more, since GitHub may be well again.
   */
  reviveDead(): Promise<void>
  /** Resolves when no job waits or is under way. For tests and the demo. */
  settled(): Promise<void>
  stop(): Promise<void>
}

/** `isScheduled`: the sweep comes each minute by itself. */
export async function startWork(
  connectionString: string,
  handlers: Handlers,
  log: Logger,
  isScheduled = true,
): Promise<Work> {
  const boss = new PgBoss({
    connectionString,
    max: POOL_MAX,
    application_name: 'purser-work',
    schedule: isScheduled,
    superviseIntervalSeconds: NOTICE_SECONDS,
    monitorIntervalSeconds: NOTICE_SECONDS,
  })
  boss.on('error', (error) => log.error({ err: error }, 'queue'))
  await boss.start()
  await createWebhookQueue(boss)
  // At most one waits and one is under way for each run: whatever comes meanwhile is shown by the one that waits.
  await boss.createQueue('show', { policy: 'stately', ...BOUNDS, ...RETRIES })
  await boss.createQueue('sweep', { policy: 'exclusive', retryLimit: 0, ...BOUNDS })

  const crews: Readonly<Record<'webhook' | 'show', Crew>> = { webhook: createCrew(boss), show: createCrew(boss) }
  const polling = { pollingIntervalSeconds: POLL_SECONDS, batchSize: 1 } as const
  const jobs = new EventEmitter()
  const early = new Set<NodeJS.Timeout>()
  /** A first retry is due before the workers would look again. */
  const wakeForRetry = (queue: keyof typeof crews, retryCount: number) => {
    const seconds = retrySecondsMax(retryCount)
    if (seconds >= POLL_SECONDS) return
    const timer = setTimeout(() => {
      early.delete(timer)
      crews[queue].wakeOne()
    }, seconds * 1000)
    early.add(timer)
  }

  async function workOff<Data>(
    queue: keyof typeof crews,
    count: number,
    handle: (job: JobWithMetadata<Data>) => Promise<void>,
  ): Promise<void> {
    const crew = crews[queue]
    for (let worker = 0; worker < count; worker += 1) {
      const id = await boss.work<Data, void, { includeMetadata: true }>(
        queue,
        { ...polling, includeMetadata: true },
        async (fetched) => {
          for (const job of fetched) {
            const done = crew.begin(id, job.singletonKey)
            try {
              await handle(job)
            } catch (error) {
              wakeForRetry(queue, job.retryCount)
              throw error
            } finally {
              done()
              jobs.emit('ended')
            }
          }
        },
      )
      crew.join(id)
    }
  }

  await workOff<{ deliveryId: string } | { turn: TurnData }>('webhook', WEBHOOK_WORKERS, async (job) => {
    const isLast = job.retryCount >= job.retryLimit
    if ('deliveryId' in job.data) return handlers.webhook(job.data.deliveryId, isLast)
    try {
      await handlers.turn(job.data.turn)
    } catch (error) {
      log.warn({ err: error, tries: job.retryCount + 1 }, 'what waits could not be given its turn')
      // The sweep finds it again; until then it must not hold back the repository's webhooks.
      if (!isLast) throw error
    }
  })
  await workOff<ShowData>('show', SHOW_WORKERS, async (job) => {
    try {
      await handlers.show(job.data.runId, job.data)
    } catch (error) {
      log.warn({ err: error, run: job.data.runId, tries: job.retryCount + 1 }, 'GitHub could not be shown a run')
      throw error
    }
  })
  await boss.work('sweep', polling, () => handlers.sweep())
  if (isScheduled) await boss.schedule('sweep', '* * * * *')

  async function isIdle(): Promise<boolean> {
    const { rows } = await boss
      .getDb()
      .executeSql(
        `SELECT 1 FROM pgboss.job WHERE name IN ('webhook', 'show') AND state IN ('created', 'retry', 'active') LIMIT 1`,
      )
    return rows.length === 0
  }

  const work: Work = {
    async enqueueWebhook(deliveryId, order) {
      await boss.send('webhook', { deliveryId }, { singletonKey: order })
      crews.webhook.wakeFor(order)
    },
    async enqueueTurn(turn) {
      await boss.send('webhook', { turn }, { singletonKey: turn.repositoryId })
      crews.webhook.wakeFor(turn.repositoryId)
    },
    async enqueueWebhooks(jobs, execute) {
      await insertWebhooks(boss, jobs, execute)
      for (const order of new Set(jobs.map((job) => job.order))) crews.webhook.wakeFor(order)
    },
    async enqueueShow(data) {
      await boss.send('show', data, { singletonKey: data.runId })
      crews.show.wakeFor(data.runId)
    },
    async reviveDead() {
      const { rows } = await boss.getDb().executeSql(
        `DELETE FROM pgboss.job WHERE name IN ('webhook', 'show') AND state = 'failed'
         RETURNING data ->> 'runId' AS "runId"`,
      )
      const dead = z.array(z.object({ runId: z.string().nullable() })).parse(rows)
      for (const { runId } of dead) if (runId !== null) await work.enqueueShow({ runId })
    },
    async settled() {
      while (crews.webhook.isBusy() || crews.show.isBusy() || !(await isIdle())) {
        await once(jobs, 'ended', { signal: AbortSignal.timeout(SETTLED_POLL_MS) }).catch(() => undefined)
        await wait(END_KEPT_MS)
      }
    },
    async stop() {
      for (const timer of early) clearTimeout(timer)
      // pg-boss itself looks only twice a second whether its workers have ended.
      const ended = Promise.all(QUEUES.map((queue) => boss.offWork(queue)))
      const given = new AbortController()
      await Promise.race([ended, wait(STOP_MS_MAX, undefined, { signal: given.signal })]).finally(() => given.abort())
      await boss.stop({ graceful: false })
    },
  }
  return work
}

/**
 * The workers of one queue. Each look into the queue is a statement that costs more than many a job, so one worker is woken
 * for one job, and none for a job that has to wait for another of its key that is worked on here: whoever ends that looks
 * again by itself.
 */
interface Crew {
  join(workerId: string): void
  /** A worker begins a job of this key; what is answered is called at its end. */
  begin(workerId: string, key: string | null): () => void
  wakeFor(key: string): void
  wakeOne(): void
  isBusy(): boolean
}

function createCrew(boss: Pick<PgBoss, 'notifyWorker'>): Crew {
  // In the order in which they are woken: who is woken goes to the end.
  const idle = new Set<string>()
  const keys = new Map<string, string | null>()
  const lastKeys = new Map<string, string | null>()
  const crew: Crew = {
    join: (workerId) => {
      if (!keys.has(workerId)) idle.add(workerId)
    },
    begin(workerId, key) {
      idle.delete(workerId)
      keys.set(workerId, key)
      // Whoever waited for the end of its last job was left to this worker, which has turned to others.
      if ((lastKeys.get(workerId) ?? key) !== key) crew.wakeOne()
      lastKeys.set(workerId, key)
      return () => {
        keys.delete(workerId)
        idle.add(workerId)
        boss.notifyWorker(workerId)
      }
    },
    wakeFor(key) {
      if (![...keys.values()].includes(key)) crew.wakeOne()
    },
    wakeOne() {
      const [first] = idle
      if (first === undefined) return
      idle.delete(first)
      idle.add(first)
      boss.notifyWorker(first)
    },
    isBusy: () => keys.size > 0,
  }
  return crew
}

/** One repository's events are handled one after the other; a later one waits while an earlier one is tried again. */
export async function createWebhookQueue(boss: PgBoss): Promise<void> {
  await boss.createQueue('webhook', { policy: 'key_strict_fifo', ...BOUNDS, ...RETRIES })
}

export async function insertWebhooks(boss: PgBoss, jobs: readonly WebhookJob[], execute: ExecuteSql): Promise<void> {
  // Its one value is the jobs' JSON.
  const db = { executeSql: (text: string, values: unknown[] = []) => execute(text, values.map(String)) }
  const rows = jobs.map(({ id, deliveryId, order }) => ({ id, data: { deliveryId }, singletonKey: order }))
  await boss.insert('webhook', rows, { db })
}

/** pg-boss waits at random between this and half of it before it tries again, twice as long each time. */
function retrySecondsMax(retryCount: number): number {
  return Math.min(RETRY_SECONDS_MAX, RETRY_SECONDS * 2 ** (retryCount + 1))
}

const QUEUES = ['webhook', 'show', 'sweep'] as const

/** What is under way at a stop gets this long; what is left is tried again at the next start. */
const STOP_MS_MAX = 10_000
