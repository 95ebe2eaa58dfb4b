/**
 * Signed webhooks of ten repositories, a hundred at a time, to the App’s way in, which stores each for good before it
 * acknowledges it; by the same to a bare Probot server without any handler, which keeps nothing. Shown beside it: the way in on
 * the embedded database, and the whole App, which works off meanwhile what has come. Four servers in turn, each a process of its
 * own, medians of the rounds.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { WEBHOOK_PATH } from '../app/server.ts'
import { startTestServer } from '../test/app/database/server.ts'

const SECRET = 'a-secret-of-the-bench'
/** Enough that neither server waits for more to come; and few, where what is measured is rather how long each is waited for. */
const AT_ONCE = 100
const FEW_AT_ONCE = 20
const REPOSITORIES = 10
/** About as long as GitHub's own of a push with a few commits. */
const COMMITS = 8

export interface WebhooksBench {
  readonly rounds: number
  readonly deliveries: number
  readonly bytes: number
  /** A second. */
  readonly bare: number
  readonly server: number
  readonly embedded: number
  readonly app: number
  /** By the bare server's rate. */
  readonly serverRatio: number
  readonly embeddedRatio: number
  readonly appRatio: number
  /** Of the way in on PostgreSQL, with only twenty at a time. */
  readonly fewRatio: number
}

/** Undefined where the machine has no PostgreSQL server. */
export async function measureWebhooks(rounds: number, deliveries: number): Promise<WebhooksBench | undefined> {
  const database = await startTestServer({ durable: true })
  const appDatabase = database && (await startTestServer({ durable: true }))
  if (database === undefined || appDatabase === undefined) return undefined
  const bodies = Array.from({ length: REPOSITORIES }, (_, index) => JSON.stringify(pushTo(index + 1)))
  const servers = [
    await start('bare'),
    await start('door', database.url),
    await start('door'),
    await start('app', appDatabase.url),
  ]
  try {
    const rates: number[][] = servers.map(() => [])
    const few: number[][] = [[], []]
    for (let round = -1; round < rounds; round += 1) {
      for (const [index, server] of servers.entries()) {
        const rate = await turnOf(server, (url) => send(url, bodies, deliveries, AT_ONCE))
        if (round >= 0) rates[index]?.push(rate)
      }
      for (const [index, server] of servers.slice(0, few.length).entries()) {
        const rate = await turnOf(server, (url) => send(url, bodies, deliveries, FEW_AT_ONCE))
        if (round >= 0) few[index]?.push(rate)
      }
    }
    await mustHave(database.url, 2 * deliveries * (rounds + 1))
    await mustHave(appDatabase.url, deliveries * (rounds + 1))
    const [bare = Number.NaN, server = Number.NaN, embedded = Number.NaN, app = Number.NaN] = rates.map(median)
    return {
      rounds,
      deliveries,
      bytes: bodies[0]?.length ?? 0,
      bare,
      server,
      embedded,
      app,
      serverRatio: server / bare,
      embeddedRatio: embedded / bare,
      appRatio: app / bare,
      fewRatio: median(few[1] ?? []) / median(few[0] ?? []),
    }
  } finally {
    for (const { child } of servers) {
      child.kill('SIGCONT')
      child.stdin?.end()
    }
    await Promise.all(servers.map(({ child }) => new Promise((resolve) => child.once('exit', resolve))))
    await database.stop()
    await appDatabase.stop()
  }
}

/** The other servers are held meanwhile: the App has more to work off than its own turn lasts. */
async function turnOf<Result>({ child, url }: Started, work: (url: string) => Promise<Result>): Promise<Result> {
  child.kill('SIGCONT')
  try {
    return await work(url)
  } finally {
    child.kill('SIGSTOP')
  }
}

interface Started {
  readonly url: string
  readonly child: ChildProcess
}

async function start(...args: readonly string[]): Promise<Started> {
  const file = fileURLToPath(new URL('webhook-server.ts', import.meta.url))
  const child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: child.stdout })) {
    child.kill('SIGSTOP')
    return { url: line, child }
  }
  throw new Error(`the server ${args[0]} has ended`)
}

/** Deliveries a second; each has to be acknowledged. */
async function send(url: string, bodies: readonly string[], deliveries: number, atOnce: number): Promise<number> {
  const { host, hostname, port } = new URL(url)
  const signed = bodies.map((body) => {
    const headers = {
      host,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-github-event': 'push',
      'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
    }
    const head = [`POST ${WEBHOOK_PATH} HTTP/1.1`, ...Object.entries(headers).map((pair) => pair.join(': '))]
    return { head: head.join('\r\n'), body }
  })
  const lines = await Promise.all(Array.from({ length: atOnce }, () => openLine(hostname, Number(port))))
  let begun = 0
  const started = performance.now()
  await Promise.all(
    lines.map(async (line) => {
      while (begun < deliveries) {
        const one = signed[begun % signed.length]
        begun += 1
        if (one) await line.ask(`${one.head}\r\nx-github-delivery: ${randomUUID()}\r\n\r\n${one.body}`)
      }
    }),
  )
  const taken = performance.now() - started
  for (const line of lines) line.close()
  return (deliveries / taken) * 1000
}

interface Line {
  /** Resolves once the request is acknowledged. */
  ask(request: string): Promise<void>
  close(): void
}

/** Node's own client takes as long for a request as these servers do, on a processor that they and the database need. */
async function openLine(host: string, port: number): Promise<Line> {
  const socket = connect({ host, port, noDelay: true }).setEncoding('latin1')
  await once(socket, 'connect')
  // It is closed then, which whoever waits for an answer is told.
  socket.on('error', () => {})
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        let answer = ''
        const gone = () => reject(new Error('a webhook was not answered'))
        const read = (text: string) => {
          answer += text
          if (!isWhole(answer)) return
          socket.off('data', read).off('close', gone)
          const [, status] = answer.split(' ', 2)
          if (Number(status) < 300) resolve()
          else reject(new Error(`a webhook was answered with ${status}`))
        }
        socket.on('data', read).on('close', gone).write(request)
      }),
    close: () => socket.destroy(),
  }
}

/** An answer with its length said or, as a bare server's, in chunks. */
function isWhole(answer: string): boolean {
  const head = answer.indexOf('\r\n\r\n')
  if (head === -1) return false
  const length = /^content-length: (\d+)/im.exec(answer)?.[1]
  return length === undefined ? answer.endsWith('\r\n0\r\n\r\n') : answer.length === head + 4 + Number(length)
}

/** Whether all that was acknowledged is there, and has its job. */
async function mustHave(url: string, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query('SELECT count(*)::int AS count FROM webhook')
  await client.end()
  if (rows[0]?.count !== count) throw new Error(`${count} webhooks were acknowledged, and ${rows[0]?.count} are stored`)
}

/** To a branch that is not the default one, so that little follows from it. */
function pushTo(repository: number) {
  const id = String(repository).padStart(40, '0')
  const person = { name: 'dev', email: 'dev@example.com', username: 'dev' }
  return {
    ref: 'refs/heads/work',
    before: '0'.repeat(40),
    after: id,
    repository: { id: repository, name: 'shop', full_name: 'acme/shop', default_branch: 'main', private: true },
    installation: { id: 1 },
    sender: { login: 'dev', id: 1, type: 'User' },
    pusher: person,
    commits: Array.from({ length: COMMITS }, (_, index) => ({
      id: String(index).padStart(40, '0'),
      message: `Change number ${index}\n\n${'Say in a sentence what was changed and why it had to be. '.repeat(6)}`,
      url: `https://github.com/acme/shop/commit/${index}`,
      author: person,
      committer: person,
      added: [],
      removed: [],
      modified: Array.from({ length: 6 }, (_, file) => `src/part-${index}/file-${file}.ts`),
    })),
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}
