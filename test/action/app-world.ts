/** A job with an App that answers as it is told: the door as far as a runner sees it. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { TestContext } from 'vitest'
import { z } from 'zod'
import { refuse } from '../../core/reason.ts'
import type { eventsBodySchema } from '../../core/run/protocol.ts'
import { type ClaimAnswer, claimAnswerSchema } from '../../core/run/protocol.ts'
import { reportSchema } from '../../core/run/report.ts'
import { startModel } from '../world/model.ts'
import type { Script } from '../world/model-contract.ts'
import type { JobWorld } from './job-world.ts'
import { sandboxed } from './sandboxed.ts'
import { sharedWorld } from './shared-world.ts'

/** What the App answers while its database does not. */
export const unreachable = { status: 503, body: refuse('ledger-unreachable') }

export const noDraw = (door: string) => (door === 'events' ? unreachable : undefined)

/** The test's own, since tests may run side by side. */
export type OnTestFinished = TestContext['onTestFinished']

export const TOKEN = 'bearer-canary-0123456789'

/** The App's side of the door, as far as a runner sees it: it grants one plan, draws as it is told, and keeps reports. */
async function startApp(
  onTestFinished: OnTestFinished,
  world: JobWorld,
  options: {
    drawnMicroUsd: bigint
    /** A token account pays as well: the cap and what is drawn of it. */
    tokens?: number
    draw?: (want: bigint) => bigint
    continue?: boolean
    /** What the claim's answer has besides. */
    claim?: Partial<ClaimAnswer>
    /** What the answer to an event has besides. */
    events?: (body: z.input<typeof eventsBodySchema>) => object
    /** The status and body of the `count`th request to a door, counted from 1, where it is not to be answered in order. */
    fail?: (door: string, count: number) => { status: number; body: object } | undefined
  },
) {
  const seen: { path: string; authorization: string; body: unknown }[] = []
  const plan = {
    version: 1 as const,
    workflow: 'mend',
    portfolio: 'upkeep',
    subject: { kind: 'pull-request' as const, repository: 'acme/sum', number: 7, headSha: world.sha, headRef: 'topic' },
    inputs: { goal: 'Mend it' },
    steps: [{ id: 'mend', agent: 'fixer', prompt: 'mend.md', promptText: 'Goal: ${{ inputs.goal }}', turns: 8 }],
    agents: {
      fixer: {
        name: 'fixer',
        tools: ['read', 'edit', 'list'] as ('read' | 'edit' | 'list')[],
        model: 'm',
        systemText: 'You mend.',
      },
    },
    guards: {},
    deliver: 'commit' as const,
    prices: { m: { input: 1_000_000n, cached: 100_000n, output: 4_000_000n, tiers: [], source: 'a test' } },
    capMicroUsd: 500_000n,
    ...(options.tokens !== undefined && { capTokens: options.tokens }),
    timeoutMinutes: 5,
  }
  const claim: ClaimAnswer = {
    runId: 'r1',
    sessionId: 's1',
    token: TOKEN,
    plan: { ...plan, effort: undefined } as never,
    drawnMicroUsd: options.drawnMicroUsd,
    ...(options.tokens !== undefined && { drawnTokens: options.tokens }),
    remainingMicroUsd: 9_000_000n,
    ...options.claim,
  }
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const body = text === '' ? {} : JSON.parse(text)
    const path = request.url ?? ''
    seen.push({ path, authorization: request.headers.authorization ?? '', body })
    const answers: Record<string, () => unknown> = {
      '/identity?v=1&audience=purser': () => ({ value: 'identity-token' }),
      '/api/v1/runs/r1/claim': () => z.encode(claimAnswerSchema, claim),
      '/api/v1/runs/r1/events': () => ({
        continue: options.continue ?? true,
        drawnMicroUsd: String(options.draw?.(BigInt(body.wantMicroUsd)) ?? options.drawnMicroUsd),
        ...options.events?.(body),
      }),
      '/api/v1/runs/r1/finish': () => ({
        spentMicroUsd: body.spentMicroUsd,
        remainingMicroUsd: '8000000',
        ...(options.tokens === undefined && { paidBy: { kind: 'squad', name: 'payments' } }),
        delivery: 'commit abc',
        conclusion: body.conclusion,
        ...(body.reason && { reason: body.reason }),
      }),
    }
    const count = seen.filter((request) => request.path === path).length
    const failure = options.fail?.(path.split('/').at(-1) ?? '', count)
    if (failure !== undefined) {
      response.writeHead(failure.status, { 'content-type': 'application/json' })
      return response.end(JSON.stringify(failure.body))
    }
    const answer = answers[path]
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer?.() ?? {}))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  const reports = () =>
    seen.filter(({ path }) => path.endsWith('/finish')).map(({ body }) => z.decode(reportSchema, body as never))
  return { url, seen, reports, claim }
}

export async function setUpApp(
  onTestFinished: OnTestFinished,
  scripts: Script[],
  options: Parameters<typeof startApp>[2],
) {
  const model = await startModel({ scripts })
  const world = sharedWorld()
  onTestFinished(() => model.close())
  const app = await startApp(onTestFinished, world, options)
  const inputs = { run: 'r1', 'app-url': app.url, 'api-key': 'sk-canary-0123456789', 'base-url': model.url }
  const extra = {
    ...sandboxed,
    ACTIONS_ID_TOKEN_REQUEST_URL: `${app.url}/identity?v=1`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
  }
  return { model, world, app, claim: app.claim, inputs, extra }
}
