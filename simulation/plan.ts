/** The plan of a simulated run: what the ledger keeps of it matters here only for its caps. */
import type { Plan } from '../core/plan/plan.ts'

export const SHA = 'a'.repeat(40)

export function planOf(capMicroUsd: bigint, capTokens: bigint): Plan {
  return {
    version: 1,
    workflow: 'simulated',
    portfolio: 'simulated',
    subject: { kind: 'pull-request', repository: 'acme/simulated', headSha: SHA },
    inputs: {},
    setup: undefined,
    steps: [],
    agents: {},
    guards: {},
    deliver: 'none',
    prices: {},
    capMicroUsd,
    capTokens: Number(capTokens),
    timeoutMinutes: 30,
  }
}
