/** How the meter says no: in the words of the interface that was asked, and so that no client tries again. */
import type { ServerResponse } from 'node:http'
import type { ProviderKind } from '../../core/plan/agent-runtime.ts'

export class MeterError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const TYPES: Record<ProviderKind, Readonly<Record<number, string>>> = {
  openai: { 402: 'insufficient_quota' },
  anthropic: { 402: 'billing_error', 404: 'not_found_error', 413: 'request_too_large' },
}

export function writeError(answer: ServerResponse, kind: ProviderKind, error: unknown): void {
  if (answer.headersSent || answer.destroyed) return void answer.destroy()
  const said = error instanceof MeterError ? error.status : 500
  // Codex tries again after a 402, and not after a 400.
  const status = kind === 'openai' && said === 402 ? 400 : said
  const message = error instanceof MeterError ? `Purser: ${error.message}` : 'Purser: the meter broke'
  const type = TYPES[kind][said] ?? 'invalid_request_error'
  const body =
    kind === 'anthropic'
      ? { type: 'error', error: { type, message } }
      : { error: { message, type, param: null, code: said === 402 ? type : null } }
  answer.writeHead(status, { 'content-type': 'application/json', 'x-should-retry': 'false' }).end(JSON.stringify(body))
}
