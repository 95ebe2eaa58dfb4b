/**
 * How long the bundle takes, without an App, until its first model request arrives, as a multiple of what a bare Node
 * process takes that sends the same request with `fetch`. Both are whole processes, started in turn, measured from
 * their start to the arrival of the request's last byte at a server in this process.
 *
 * What is warm: the files are in memory, and for the bundle so is the code that an earlier run compiled
 * (`action/.compile-cache`), as on a runner of one's own. A hosted runner is new every time; what the bundle takes
 * there is `coldMs`, with the files in memory all the same.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { JobWorld } from '../test/action/job-world.ts'

const MAIN = fileURLToPath(new URL('../action/dist/main.cjs', import.meta.url))

const workflow = `name: mend
summary: Mend the code until its tests pass
value: quality
on: [push]
inputs:
  goal: { type: string, default: Make the tests pass }
steps:
  - { id: mend, agent: fixer, prompt: mend.md }
deliver: pull-request
cap: { usd: 0.50 }
`

export interface FirstRequest {
  readonly runs: number
  readonly bundleMs: number
  readonly bareMs: number
  /** The bundle without any code compiled before. */
  readonly coldMs: number
  readonly ratio: number
  /** What was sent, for whoever wants to look at its size. */
  readonly body: string
}

export async function measureFirstRequest(runs: number): Promise<FirstRequest> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const url = `http://127.0.0.1:${address.port}/v1`
  const dir = mkdtempSync(join(tmpdir(), 'purser-bench-'))
  const world = new JobWorld({ workflow, prompt: 'Goal: ${{ inputs.goal }}\n' })
  const inputs = { workflow: 'mend', 'api-key': 'sk-bench-0123456789', 'base-url': url }
  const bundle = (extra = {}) => timeToRequest(server, [MAIN], world.environment(inputs, extra))
  try {
    const { body } = await bundle()
    const bodyFile = join(dir, 'body.json')
    writeFileSync(bodyFile, body)
    writeFileSync(join(dir, 'bare.mjs'), bareScript(url, bodyFile))
    const bare = () => timeToRequest(server, [join(dir, 'bare.mjs')], { PATH: process.env.PATH ?? '' })
    await bare()
    const [bundleTimes, bareTimes, coldTimes]: [number[], number[], number[]] = [[], [], []]
    for (let run = 0; run < runs; run += 1) {
      bareTimes.push((await bare()).ms)
      bundleTimes.push((await bundle()).ms)
      coldTimes.push((await bundle({ NODE_DISABLE_COMPILE_CACHE: '1' })).ms)
    }
    const [bundleMs, bareMs, coldMs] = [median(bundleTimes), median(bareTimes), median(coldTimes)]
    return { runs, bundleMs, bareMs, coldMs, ratio: bundleMs / bareMs, body }
  } finally {
    server.close()
    world.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

function bareScript(url: string, bodyFile: string): string {
  return `import { readFileSync } from 'node:fs'
await fetch('${url}/chat/completions', {
  method: 'POST',
  headers: { authorization: 'Bearer sk-bench-0123456789', 'content-type': 'application/json' },
  body: readFileSync('${bodyFile}'),
})
`
}

/** Starts a process, waits for its first request, turns it away for good and waits for the process to end. */
async function timeToRequest(
  server: ReturnType<typeof createServer>,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ ms: number; body: string }> {
  const arrived = once(server, 'request')
  const start = performance.now()
  const child = spawn(process.execPath, args, { env, stdio: 'ignore' })
  const closed = once(child, 'close')
  const [request, response] = await Promise.race([
    arrived,
    closed.then(() => Promise.reject(new Error('the process ended without a request'))),
  ])
  const body = await readBody(request)
  const ms = performance.now() - start
  response.writeHead(401, { 'content-type': 'application/json', connection: 'close' })
  response.end('{"error":{"message":"measured"}}')
  await closed
  return { ms, body }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
