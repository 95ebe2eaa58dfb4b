/** The App itself in trouble: its server goes away, a second App wants its folder, somebody ends it in the middle of its work. */

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, request as forward } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { openDatabase } from '../../app/database/open.ts'
import { onDisk } from '../app/database/embedded-beginning.ts'
import { warnServerMissing } from '../app/database/server.ts'
import { OWNER, PORTFOLIOS, REPO, setStage, WEBHOOK_SECRET } from '../app/stage.ts'
import { purser } from '../cli/purser.ts'
import type { GitHub } from '../world/contract.ts'
import { startGitHub } from '../world/github.ts'
import { expectAuditClean } from './races/books.ts'
import { QUICK } from './races/process.ts'
import { programs, startMortalServer } from './races/server.ts'

const TIMEOUT_MS = 300_000
const LAUNCHER = fileURLToPath(new URL('../../cli/purser.js', import.meta.url))
const STEP = randomUUID()
/** The App leaves seconds between what it writes to GitHub, so each takes four. */
const PULLS = 3
/** Never run here; it only has to be there. */
const WORKFLOW =
  'name: Purser\non:\n  workflow_dispatch:\n    inputs:\n      run: { required: true }\njobs:\n  run:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: "true"\n'
/** For a connection, in the place of the App's ten seconds. */
const WAIT_MS = 300
const LOOKS_MAX = 6000
const LOOK_MS = 20

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    if (await isSo()) return
    await sleep(LOOK_MS)
  }
  throw new Error(`it never came about that ${what}`)
}

if (programs === undefined) warnServerMissing()

it.skipIf(programs === undefined)(
  'an App whose server is killed acknowledges nothing, lets nothing be spent, and goes on when it is back',
  async () => {
    const server = await startMortalServer()
    onTestFinished(() => server.stop())
    const stage = await setStage({ app: { databaseUrl: server.url } })
    const health = async () => (await fetch(`${stage.app.url}/healthz`)).status
    const before = await stage.openPull()
    await stage.say('dev', before.number, '/agent refactor+tests')
    const runner = await stage.runnerOf(await stage.runOn(before.number))
    const beat = { sequence: 1, spentMicroUsd: '0', wantMicroUsd: '900000' }
    const later = await stage.openPull()

    await server.kill()
    await stage.github.person('dev').comment(later.number, '/agent review')
    await stage.github.hooks.settled()
    const missed = stage.github.hooks.deliveries().findLast(({ event }) => event === 'issue_comment')
    expect(missed?.statuses).toEqual([503])
    const unreachable = { status: 503, json: { refused: true, reason: 'ledger-unreachable' } }
    const job = { event_name: 'push', run_id: '900', check_run_id: '900', sha: later.head }
    const ask = async () => stage.post('', await stage.token(job), { workflow: 'changelog', step: STEP })
    expect(await ask()).toMatchObject(unreachable)
    expect(await runner.events(beat)).toMatchObject(unreachable)
    expect(await health()).toBe(503)

    await server.start()
    await until('the App is healthy', async () => (await health()) === 200)
    expect(await runner.events(beat)).toMatchObject({ status: 200 })
    expect(await ask()).toMatchObject({ status: 200 })
    expect(await stage.github.hooks.redeliver(missed?.id ?? '')).toBe(202)
    await stage.settled()
    expect(await stage.runOn(later.number)).toMatchObject({ family: 'review', state: 'dispatched' })
    expect(await stage.app.database.prisma.run.count()).toBe(3)

    // The same where it is there, and every connection to it is taken for longer than anybody waits.
    const { pool } = stage.app.database
    pool.options.connectionTimeoutMillis = WAIT_MS
    const taken = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()))
    expect(await runner.events({ ...beat, sequence: 2 })).toMatchObject(unreachable)
    expect(await ask()).toMatchObject(unreachable)
    expect(await stage.github.hooks.redeliver(missed?.id ?? '')).toBe(503)
    for (const client of taken) client.release()
    expect(await runner.events({ ...beat, sequence: 2 })).toMatchObject({ status: 200 })
    expect(await stage.app.database.prisma.run.count()).toBe(3)
    expect((await runner.finish({ spentMicroUsd: 200_000n })).status).toBe(200)
    await expectAuditClean(stage.app.database)
    await stage.close()
  },
  TIMEOUT_MS,
)

it(
  '`purser start` keeps its folder to itself and, ended in the middle of its work, keeps all that it had acknowledged',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'purser-races-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const github = await startGitHub({
      dir: join(folder, 'github'),
      app: { webhookSecret: WEBHOOK_SECRET },
      seed: {
        owner: OWNER,
        repo: REPO,
        files: {
          'README.md': '# Shop\n',
          '.github/workflows/purser.yml': WORKFLOW,
          '.github/purser/portfolios.yml': PORTFOLIOS,
        },
        users: { dev: 'write' },
      },
      actions: { action: folder },
    })
    onTestFinished(() => github.close())
    github.actions.neverStart(1000)
    const dev = github.person('dev')
    const numbers: number[] = []
    for (let at = 0; at < PULLS; at += 1) {
      const { number } = await dev.openPull({ branch: `work-${at}`, title: `${at}`, files: { [`${at}.txt`]: '1\n' } })
      numbers.push(number)
    }
    await github.settled()
    const env = {
      APP_ID: String(github.app.id),
      PRIVATE_KEY: github.app.privateKey,
      WEBHOOK_SECRET,
      PORT: '0',
      PURSER_DATA: onDisk(join(folder, 'data')),
      GHE_PROTOCOL: 'http',
      GHE_HOST: await enterpriseHost(github),
    }
    const first = await startPurser(env)
    github.hooks.target(`${first.url}/api/github/webhooks`)

    const second = await purser(['start'], { env })
    expect(second.code).toBe(1)
    expect(second.stderr).toBe(
      `PURSER_DATA: the embedded database in ${env.PURSER_DATA} is in use by another process; expected to be its only ` +
        'user: stop the other one (a `purser start` or a demo), or name another folder; for example PURSER_DATA=./other-data\n',
    )

    for (const number of numbers) await dev.comment(number, '/agent refactor+tests')
    await until('a run is dispatched', () => github.actions.runs().length > 0)
    expect(await first.end()).toBe('0')
    await github.hooks.settled()
    const acknowledged = commandsIn(github).filter(({ statuses }) => statuses.includes(202))
    expect(acknowledged.length).toBeGreaterThan(0)
    // It ended in the middle: some of what it had taken is still to be done.
    expect(github.actions.runs().length).toBeLessThan(PULLS)
    const between = await openDatabase({ dataDir: env.PURSER_DATA })
    await expectAuditClean(between)
    await between.close()

    const next = await startPurser(env)
    github.hooks.target(`${next.url}/api/github/webhooks`)
    for (const { id, statuses } of commandsIn(github)) {
      if (!statuses.includes(202)) expect(await github.hooks.redeliver(id)).toBe(202)
    }
    await until('every command has its run', () => github.actions.runs().length >= PULLS)
    expect(await next.end()).toBe('0')
    const database = await openDatabase({ dataDir: env.PURSER_DATA })
    const runs = await database.prisma.run.findMany({ select: { state: true, subjectKey: true } })
    expect(runs.map(({ state }) => state)).toEqual(Array(PULLS).fill('dispatched'))
    expect(new Set(runs.map(({ subjectKey }) => subjectKey)).size).toBe(PULLS)
    expect(github.actions.runs()).toHaveLength(PULLS)
    await expectAuditClean(database)
    await database.close()
  },
  TIMEOUT_MS,
)

function commandsIn(github: GitHub) {
  return github.hooks.deliveries().filter(({ event, payload }) => {
    return event === 'issue_comment' && JSON.stringify(payload).includes('/agent refactor+tests')
  })
}

/** GitHub's stand-in under the address that an enterprise server's API has. */
async function enterpriseHost(github: GitHub): Promise<string> {
  const server = createServer((request, response) => {
    const to = new URL((request.url ?? '/').replace(/^\/api\/v3/, ''), github.url)
    const { method, headers } = request
    const passing = forward(to, { method, headers: { ...headers, host: to.host } }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    passing.on('error', () => response.destroy())
    request.pipe(passing)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it listens on no port')
  return `127.0.0.1:${address.port}`
}

const startedSchema = z.object({ ok: z.literal(true), url: z.string() })

/** `purser start`, as somebody's service runs it. */
async function startPurser(env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [...QUICK, LAUNCHER, 'start', '--json'], {
    env: { PATH: process.env.PATH ?? '', NO_COLOR: '1', LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exit = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  let document = ''
  for await (const line of lines) {
    document += line
    if (line === '}' || line.endsWith('}')) break
  }
  child.stdout.resume()
  return {
    url: startedSchema.parse(JSON.parse(document)).url,
    async end() {
      child.kill('SIGTERM')
      const [code, signal] = await exit
      return String(signal ?? code)
    },
  }
}
