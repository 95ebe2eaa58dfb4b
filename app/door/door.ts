/** The runner's door: `/api/v1/runs` and what lies below it. Bodies, answers and bounds are `core/run/protocol.ts`'s. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { isRefusal, type Refusal, refuse } from '../../core/reason.ts'
import {
  askBodySchema,
  claimAnswerSchema,
  claimBodySchema,
  eventsAnswerSchema,
  eventsBodySchema,
  finishAnswerSchema,
} from '../../core/run/protocol.ts'
import { reportSchema } from '../../core/run/report.ts'
import { sendJson } from '../http.ts'
import { authenticate, type OpenedRun } from '../ledger/claim.ts'
import type { Parts } from '../parts.ts'
import { parseBody, sendRefusal } from './answer.ts'
import { ask } from './ask.ts'
import { claimRun } from './claim.ts'
import { events } from './events.ts'
import { finish } from './finish.ts'
import { bearerOf, type VerifyJob } from './identity.ts'

const PATH = /^\/api\/v1\/runs(?:\/([\w-]{1,64})\/(claim|events|finish))?$/

/** Whether the request was for the door. */
export function createDoor(parts: Parts, verifyJob: VerifyJob) {
  return async (request: IncomingMessage, response: ServerResponse, path: string): Promise<boolean> => {
    const match = PATH.exec(path)
    if (!match) return false
    const answer = await answerTo(request, match[1], match[2])
    if (isRefusal(answer)) {
      parts.log.info({ path: match[2] ?? 'ask', reason: answer.reason }, 'door refused')
      sendRefusal(response, answer)
    } else sendJson(response, 200, answer)
    return true
  }

  async function answerTo(
    request: IncomingMessage,
    runId: string | undefined,
    action: string | undefined,
  ): Promise<object | Refusal> {
    if (request.method !== 'POST') return refuse('bad-request', 'POST was expected.')
    if (runId === undefined) return asked(request)
    switch (action) {
      case 'claim':
        return claimed(request, runId)
      case 'events':
        return told(request, runId)
      default:
        return finished(request, runId)
    }
  }

  async function asked(request: IncomingMessage): Promise<object | Refusal> {
    const job = await verifyJob(request.headers.authorization)
    if (isRefusal(job)) return job
    const parsed = await parseBody(request, askBodySchema)
    if (isRefusal(parsed)) return parsed
    const answer = await ask(parts, job, parsed.body)
    return isRefusal(answer) ? answer : z.encode(claimAnswerSchema, answer)
  }

  async function claimed(request: IncomingMessage, runId: string): Promise<object | Refusal> {
    const job = await verifyJob(request.headers.authorization)
    if (isRefusal(job)) return job
    const parsed = await parseBody(request, claimBodySchema)
    if (isRefusal(parsed)) return parsed
    const answer = await claimRun(parts, job, runId, parsed.body.step)
    return isRefusal(answer) ? answer : z.encode(claimAnswerSchema, answer)
  }

  async function told(request: IncomingMessage, runId: string): Promise<object | Refusal> {
    const run = await opened(request, runId)
    if (isRefusal(run)) return run
    const parsed = await parseBody(request, eventsBodySchema)
    if (isRefusal(parsed)) return parsed
    const answer = await events(parts, run, parsed.body)
    return isRefusal(answer) ? answer : z.encode(eventsAnswerSchema, answer)
  }

  async function finished(request: IncomingMessage, runId: string): Promise<object | Refusal> {
    const run = await opened(request, runId)
    if (isRefusal(run)) return run
    const parsed = await parseBody(request, reportSchema)
    if (isRefusal(parsed)) return parsed
    const answer = await finish(parts, run, parsed.body)
    return isRefusal(answer) ? answer : z.encode(finishAnswerSchema, answer)
  }

  async function opened(request: IncomingMessage, runId: string): Promise<OpenedRun | Refusal> {
    const token = bearerOf(request.headers.authorization)
    return token === undefined ? refuse('run-unknown') : authenticate(parts.prisma, runId, token)
  }
}
