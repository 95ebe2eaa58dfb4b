/** The runner's side of the App's door. Bounded tries, bounded time; a refusal is a value, silence a `Silence`. */
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod/mini'
import { isRefusal, type Refusal } from '../../core/reason.ts'
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
} from '../../core/run/protocol.ts'
import { type Report, reportSchema } from '../../core/run/report.ts'

export interface Patience {
  /** Of one try, until the whole answer is there. */
  readonly timeoutMs: number
  readonly triesMax: number
  /** Before the second try; each further one is three times as long. */
  readonly firstPauseMs: number
}

const PATIENCE: Patience = { timeoutMs: 20_000, triesMax: 4, firstPauseMs: 400 }
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
  claim(identity: string, runId: string, step: string): Promise<Reply<ClaimAnswer>>
  /** Silent at once when `signal` is aborted. */
  events(
    token: string,
    runId: string,
    body: z.output<typeof eventsBodySchema>,
    signal: AbortSignal,
  ): Promise<Reply<z.output<typeof eventsAnswerSchema>>>
  finish(token: string, runId: string, report: Report): Promise<Reply<FinishAnswer>>
}

export function openDoor(appUrl: string, patience: Patience = PATIENCE): Door {
  const runPath = (runId: string) => `${appUrl}/api/v1/runs/${encodeURIComponent(runId)}`
  return {
    ask: (identity, body) =>
      post(
        `${appUrl}/api/v1/runs`,
        identity,
        z.encode(askBodySchema, askBodySchema.parse(body)),
        claimAnswerSchema,
        patience,
      ),
    claim: (identity, runId, step) =>
      post(`${runPath(runId)}/claim`, identity, z.encode(claimBodySchema, { step }), claimAnswerSchema, patience),
    events: (token, runId, body, signal) =>
      post(`${runPath(runId)}/events`, token, z.encode(eventsBodySchema, body), eventsAnswerSchema, patience, signal),
    finish: (token, runId, report) =>
      post(`${runPath(runId)}/finish`, token, z.encode(reportSchema, report), finishAnswerSchema, patience),
  }
}

/**
 * Every door takes the same request again without doing it twice, so a try whose answer was lost may be repeated. A
 * server's error may pass, whatever its body says; when none of the tries went better, its refusal is the answer.
 */
async function post<Schema extends z.ZodMiniType>(
  url: string,
  bearer: string,
  body: unknown,
  answer: Schema,
  patience: Patience,
  signal?: AbortSignal,
): Promise<Reply<z.output<Schema>>> {
  let last: Refusal | Silence = silence('no answer')
  for (let tries = 0; tries < patience.triesMax; tries += 1) {
    if (tries > 0) await wait(patience.firstPauseMs * 3 ** (tries - 1), undefined, { signal }).catch(() => {})
    if (signal?.aborted) break
    const timeout = AbortSignal.timeout(patience.timeoutMs)
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      })
      const reply = readReply(response.status, await readText(response), answer)
      if (!mayPass(response.status, reply)) return reply
      last = reply
    } catch (error) {
      last = silence(describeFailure(error))
    }
  }
  return last
}

function mayPass(status: number, reply: unknown): reply is Refusal | Silence {
  return status >= 500 || (status === 429 && !isRefusal(reply))
}

/** The whole body, or an error as soon as it is longer than an answer can be. */
async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`answered more than ${ANSWER_BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function readReply<Schema extends z.ZodMiniType>(
  status: number,
  text: string,
  answer: Schema,
): Reply<z.output<Schema>> {
  const json = parseJson(text)
  if (status >= 200 && status < 300) {
    const parsed = answer.safeParse(json)
    return parsed.success ? parsed.data : silence(`answered ${status} in a form that this version does not know`)
  }
  const refusal = refusalBodySchema.safeParse(json)
  return refusal.success ? refusal.data : silence(`answered ${status}`)
}

function silence(message: string): Silence {
  return { silent: true, message }
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
