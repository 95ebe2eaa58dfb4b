/** How the door answers: JSON, and refusals as 4xx with their reason. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { z } from 'zod/mini'
import { isRefusal, type ReasonCode, type Refusal, refuse } from '../../core/reason.ts'
import { API_BODY_BYTES_MAX } from '../../core/run/protocol.ts'
import { readBody, sendJson } from '../http.ts'

/** Everything else is 422: understood, and no. */
const statuses: Readonly<Partial<Record<ReasonCode, number>>> = {
  'bad-request': 400,
  'identity-invalid': 401,
  'not-default-branch': 403,
  fork: 403,
  'run-unknown': 404,
  'already-claimed': 409,
  'already-running': 409,
  'run-over': 409,
  'no-room': 409,
  'account-frozen': 409,
}
const LEDGER_UNREACHABLE = 503

export function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  const { reason, message, todo } = refusal
  const status = reason === 'ledger-unreachable' ? LEDGER_UNREACHABLE : (statuses[reason] ?? 422)
  sendJson(response, status, { refused: true, reason, message, todo })
}

/** The body by its schema, or a refusal that names the first thing that is wrong with it. */
export async function parseBody<Schema extends z.ZodMiniType>(
  request: IncomingMessage,
  schema: Schema,
): Promise<{ body: z.output<Schema> } | Refusal> {
  const raw = await readBody(request, API_BODY_BYTES_MAX)
  if (raw === undefined) return refuse('bad-request', `The body is longer than ${API_BODY_BYTES_MAX} bytes.`)
  const json = parseJson(raw.length === 0 ? '{}' : raw.toString('utf8'))
  if (isRefusal(json)) return json
  const parsed = schema.safeParse(json.value)
  if (parsed.success) return { body: parsed.data }
  const [issue] = parsed.error.issues
  return refuse(
    'bad-request',
    `${issue?.path.join('.') || 'The body'}: ${issue?.message ?? 'not of the expected form'}.`,
  )
}

function parseJson(text: string): { value: unknown } | Refusal {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return refuse('bad-request', 'The body is not JSON.')
  }
}
