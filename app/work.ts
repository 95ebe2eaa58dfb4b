/**
 * The App's queues, kept by pg-boss in the same database: whose events are to be worked off, what GitHub is to be shown of a
 * run, and the schedule of the sweep. Every job may be repeated.
 */
import { EventEmitter, once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { type JobWithMetadata, PgBoss } from 'pg-boss'
import { z } from 'zod'
import type { Logger } from './log.ts'

/** Tries of one job; after the last it is given up, and the sweep finds what is left. */
const TRIES_MAX = 6
const RETRY_SECONDS = 1
const RETRY_SECONDS_MAX = 60
const JOB_SECONDS_MAX = 300
/**
 * Whoever works on a job says so this often at least. Where the process or the database was killed, nobody does, and nobody
 * else may take the job up, nor a later one of its repository, until that is noticed.
 */
const SIGN_OF_LIFE_SECONDS = 30
const NOTICE_SECONDS = 30
/** What has ended is of no use to anybody. */
const ENDED_KEPT_SECONDS = 3_600
const BOUNDS = {
  expireInSeconds: JOB_SECONDS_MAX,
  heartbeatSeconds: SIGN_OF_LIFE_SECONDS,
  deleteAfterSeconds: ENDED_KEPT_SECONDS,
}
const RETRIES = {
  retryLimit: TRIES_MAX - 1,
  retryDelay: RETRY_SECONDS,
  retryBackoff: true,
  retryDelayMax: RETRY_SECONDS_MAX,
}
/** Workers are woken by whatever this process enqueues or is to try again; they look by themselves for what others left. */
const POLL_SECONDS = 5
/** Repositories whose events are worked off at the same time. */
const EVENT_WORKERS = 4
/** Then other repositories have their turn, and long before the job would expire. */
const TURN_MS_MAX = 10_000
const SHOW_WORKERS = 2
const POOL_MAX = 4

/** Whoever waits for quiet looks that long after a job has ended, when its end is kept, and that often while none ends. */
const END_KEPT_MS = 3
const SETTLED_POLL_MS = 50

export interface Handlers {
  /** Works off what waits in a repository, as long as it may go on. Says whether that is all; else it is asked again. */
  events(repositoryId: bigint, mayGoOn: () => boolean): Promise<boolean>
  show(runId: string, data: ShowData): Promise<void>
  sweep(): Promise<void>
}

export interface ShowData {
  readonly runId: string
  readonly step?: string | undefined
  /** Micro-USD as decimal text. */
  readonly spent?: string | undefined
}

export interface Work {
  /**
   * Has what waits in a repository worked off; nothing of one repository is at the same time. At once, without an answer: what
   * is lost with the process is found by the sweep.
   */
  enqueueEvents(repositoryId: bigint): void
  enqueueShow(data: ShowData): Promise<void>
  /**
   * Takes out jobs that were given up. A dead one would hold back all later ones of its repository; what GitHub could not be
   * shown is tried once more, since GitHub may be well again.
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
  await createEventQueue(boss)
  // At most one waits and one is under way for each run: whatever comes meanwhile is shown by the one that waits.
  await boss.createQueue('show', { policy: 'stately', ...BOUNDS, ...RETRIES })
  await boss.createQueue('sweep', { policy: 'exclusive', retryLimit: 0, ...BOUNDS })

  const crews: Readonly<Record<'events' | 'show', Crew>> = { events: createCrew(boss), show: createCrew(boss) }
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

  const eventJobs = createEventJobs(boss, log, crews.events.wakeFor)
  let isStopping = false
  await workOff<EventsData>('events', EVENT_WORKERS, async (job) => {
    const repositoryId = BigInt(job.data.repositoryId)
    const begun = performance.now()
    const mayGoOn = () => !isStopping && performance.now() - begun < TURN_MS_MAX
    if (!(await handlers.events(repositoryId, mayGoOn))) eventJobs.add(repositoryId)
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
        `SELECT 1 FROM pgboss.job WHERE name IN ('events', 'show') AND state IN ('created', 'retry', 'active') LIMIT 1`,
      )
    return rows.length === 0
  }

  const work: Work = {
    enqueueEvents: eventJobs.add,
    async enqueueShow(data) {
      await boss.send('show', data, { singletonKey: data.runId })
      crews.show.wakeFor(data.runId)
    },
    async reviveDead() {
      const { rows } = await boss.getDb().executeSql(
        `DELETE FROM pgboss.job WHERE name IN ('events', 'show') AND state = 'failed'
         RETURNING data ->> 'runId' AS "runId"`,
      )
      const dead = z.array(z.object({ runId: z.string().nullable() })).parse(rows)
      for (const { runId } of dead) if (runId !== null) await work.enqueueShow({ runId })
    },
    async settled() {
      while (eventJobs.isBusy() || crews.events.isBusy() || crews.show.isBusy() || !(await isIdle())) {
        await once(jobs, 'ended', { signal: AbortSignal.timeout(SETTLED_POLL_MS) }).catch(() => undefined)
        await wait(END_KEPT_MS)
      }
    },
    async stop() {
      isStopping = true
      for (const timer of early) clearTimeout(timer)
      // pg-boss itself looks only twice a second whether its workers have ended. What they leave goes to another process by its job.
      const ended = Promise.all(QUEUES.map((queue) => boss.offWork(queue))).then(eventJobs.written)
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

/** Of one repository only one job is under way; later ones wait while it is tried again. */
export async function createEventQueue(boss: PgBoss): Promise<void> {
  await boss.createQueue('events', { policy: 'key_strict_fifo', ...BOUNDS, ...RETRIES })
}

interface EventsData {
  /** As decimal text. */
  readonly repositoryId: string
}

interface EventJobs {
  add(repositoryId: bigint): void
  isBusy(): boolean
  /** Resolves when all that was asked is written. */
  written(): Promise<void>
}

/** Whatever is asked while jobs are being written goes with the next: one job that waits does for all that has come before it. */
export function createEventJobs(boss: PgBoss, log: Logger, onAdded: (key: string) => void): EventJobs {
  const asked = new Set<string>()
  let writing: Promise<void> | undefined
  const write = async (ids: readonly string[]) => {
    const { rows } = await boss.getDb().executeSql(
      // As the queue's own index has it: those that have ended stay for a while, and must not be looked through.
      `SELECT singleton_key AS id FROM pgboss.job
       WHERE name = 'events' AND state < 'active' AND NOT blocked AND policy = 'key_strict_fifo'
         AND singleton_key = ANY($1::text[])`,
      [ids],
    )
    const waiting = new Set(rows.map(({ id }) => id))
    const jobs = ids.filter((id) => !waiting.has(id))
    if (jobs.length === 0) return
    await boss.insert(
      'events',
      jobs.map((id) => ({ data: { repositoryId: id }, singletonKey: id })),
    )
    for (const id of jobs) onAdded(id)
  }
  const writeAll = async () => {
    while (asked.size > 0) {
      const ids = [...asked]
      asked.clear()
      await write(ids).catch((error: unknown) => log.error({ err: error }, 'the sweep has to find events that wait'))
    }
    writing = undefined
  }
  return {
    add(repositoryId) {
      asked.add(`${repositoryId}`)
      writing ??= writeAll()
    },
    isBusy: () => writing !== undefined,
    written: async () => writing,
  }
}

/** pg-boss waits at random between this and half of it before it tries again, twice as long each time. */
function retrySecondsMax(retryCount: number): number {
  return Math.min(RETRY_SECONDS_MAX, RETRY_SECONDS * 2 ** (retryCount + 1))
}

const QUEUES = ['events', 'show', 'sweep'] as const

/** What is under way at a stop gets this long; what is left is tried again at the next start. */
const STOP_MS_MAX = 10_000
