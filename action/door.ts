/** The runner's side of the App's door. Bounded tries, bounded time; a refusal is a value, silence a `Silence`. */
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import {
  askBodySchema,
  type ClaimAnswer,
  claimAnswerSchema,
  claimBodySchema,
  eventsAnswerSchema,
  eventsBodySchema,
  type FinishAnswer,
  finishAnswerSchema,
  refusalBodySchema,
} from '../core/protocol.ts'
import type { Refusal } from '../core/reason.ts'
import { type Report, reportSchema } from '../core/report.ts'

const REQUEST_TIMEOUT_MS = 20_000
const TRIES_MAX = 4
const FIRST_PAUSE_MS = 400
const ANSWER_BYTES_MAX = 8_000_000

/** The App did not answer, or not in a form that can be read; `message` says what was seen. */
export interface Silence {
  readonly silent: true
  readonly message: string
}

export type Reply<Answer> = Answer | Refusal | Silence

export function isSilence(reply: object): reply is Silence {
  return 'silent' in reply
}

export interface Door {
  ask(identity: string, body: z.input<typeof askBodySchema>): Promise<Reply<ClaimAnswer>>
  claim(identity: string, runId: string): Promise<Reply<ClaimAnswer>>
  events(
    token: string,
    runId: string,
    body: z.output<typeof eventsBodySchema>,
  ): Promise<Reply<z.output<typeof eventsAnswerSchema>>>
  finish(token: string, runId: string, report: Report): Promise<Reply<FinishAnswer>>
}

export function openDoor(appUrl: string): Door {
  const runPath = (runId: string) => `${appUrl}/api/v1/runs/${encodeURIComponent(runId)}`
  return {
    ask: (identity, body) =>
      post(`${appUrl}/api/v1/runs`, identity, z.encode(askBodySchema, askBodySchema.parse(body)), claimAnswerSchema),
    claim: (identity, runId) =>
      post(`${runPath(runId)}/claim`, identity, z.encode(claimBodySchema, {}), claimAnswerSchema),
    events: (token, runId, body) =>
      post(`${runPath(runId)}/events`, token, z.encode(eventsBodySchema, body), eventsAnswerSchema),
    finish: (token, runId, report) =>
      post(`${runPath(runId)}/finish`, token, z.encode(reportSchema, report), finishAnswerSchema),
  }
}

/** Every door takes the same request again without doing it twice, so a try whose answer was lost may be repeated. */
async function post<Schema extends z.ZodType>(
  url: string,
  bearer: string,
  body: unknown,
  answer: Schema,
): Promise<Reply<z.output<Schema>>> {
  let seen = 'no answer'
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    if (tries > 0) await wait(FIRST_PAUSE_MS * 3 ** (tries - 1))
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      })
      const text = (await response.text()).slice(0, ANSWER_BYTES_MAX)
      const read = readReply(response.status, text, answer)
      if (typeof read !== 'string') return read
      seen = read
      if (response.status < 500 && response.status !== 429) break
    } catch (error) {
      seen = describeFailure(error)
    }
  }
  return { silent: true, message: seen }
}

function readReply<Schema extends z.ZodType>(
  status: number,
  text: string,
  answer: Schema,
): z.output<Schema> | Refusal | string {
  const json = parseJson(text)
  if (status >= 200 && status < 300) {
    const parsed = answer.safeParse(json)
    return parsed.success ? parsed.data : `answered ${status} in a form that this version does not know`
  }
  const refusal = refusalBodySchema.safeParse(json)
  return refusal.success ? refusal.data : `answered ${status}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${error.message}${cause}`
}
